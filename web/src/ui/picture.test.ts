import { describe, expect, it } from 'vitest';
import { between, seeded } from '../testing.ts';
import { CENTRED, cropOf, moved, type Framing } from './picture.ts';

describe('a crop', () => {
  it('of a tall picture begins at its top, of a wide one it is the middle', () => {
    expect(cropOf(300, 500, CENTRED)).toEqual({ left: 0, top: 0, side: 300 });
    expect(cropOf(500, 300, CENTRED)).toEqual({ left: 100, top: 0, side: 300 });
  });

  it('stays within the picture, however it is moved and sized', () => {
    const random = seeded(7);
    for (let i = 0; i < 2000; i++) {
      const [width, height] = [between(random, 16, 4000), between(random, 16, 4000)];
      let framing: Framing = { way: 'crop', x: random() * 3 - 1, y: random() * 3 - 1, zoom: random() * 6 };
      framing = moved(framing, width, height, random() * 4 - 2, random() * 4 - 2);
      const { left, top, side } = cropOf(width, height, framing);
      expect(side).toBeGreaterThan(0);
      expect(Math.min(left, top), 'not beyond the left or the top').toBeGreaterThanOrEqual(0);
      expect(left + side, 'nor the right').toBeLessThanOrEqual(width + 1e-6);
      expect(top + side, 'nor the bottom').toBeLessThanOrEqual(height + 1e-6);
    }
  });

  it('moves by shares of the frame, and comes back the way it went', () => {
    const zoomed: Framing = { way: 'crop', x: 0.5, y: 0.5, zoom: 2 };
    const there = moved(zoomed, 400, 400, 0.25, -0.1);
    expect(cropOf(400, 400, there)).toEqual({ left: 150, top: 80, side: 200 });
    expect(moved(there, 400, 400, -0.25, 0.1)).toEqual(zoomed);
    expect(cropOf(400, 400, moved(zoomed, 400, 400, 9, 9)), 'a push against the edge is not stored up').toEqual({ left: 200, top: 200, side: 200 });
  });
});
