import { describe, expect, it } from 'vitest';
import { eyesOpen, nextOpening } from './mouth.ts';

describe('nextOpening', () => {
  it('opens with the voice and shuts in silence', () => {
    let opening = 0;
    for (let i = 0; i < 20; i++) opening = nextOpening(opening, 0.16);
    expect(opening, 'loud speech opens it all the way').toBeGreaterThan(0.95);
    const before = opening;
    opening = nextOpening(opening, 0);
    expect(opening, 'not in one frame').toBeGreaterThan(before / 2);
    for (let i = 0; i < 30; i++) opening = nextOpening(opening, 0);
    expect(opening, 'but altogether').toBe(0);
  });

  it('moves for quiet speech and never beyond open', () => {
    let quiet = 0;
    let over = 0;
    for (let i = 0; i < 20; i++) {
      quiet = nextOpening(quiet, 0.02);
      over = nextOpening(over, 4);
    }
    expect(quiet).toBeGreaterThan(0.25);
    expect(over).toBeLessThanOrEqual(1);
  });
});

describe('eyesOpen', () => {
  it('is open but for the moment of a blink', () => {
    expect([eyesOpen(-1), eyesOpen(0), eyesOpen(140)]).toEqual([1, 1, 1]);
    expect(eyesOpen(70)).toBeLessThan(0.05);
  });
});
