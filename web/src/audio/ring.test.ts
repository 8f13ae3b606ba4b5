import { describe, expect, it } from 'vitest';
import { between, seeded } from '../testing.ts';
import { SampleRing } from './ring.ts';

const floats = (samples: number[]) => samples.map((sample) => sample / 32768);

describe('SampleRing', () => {
  it('gives what it took, in order, over its seam and while it grows: any writes, any reads', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seeded(seed);
      const ring = new SampleRing(16);
      const expected: number[] = [];
      let next = 0;
      let position = 0;
      for (let step = 0; step < 200; step++) {
        if (random() < 0.5) {
          const pcm = Int16Array.from({ length: between(random, 0, 25) }, () => (next++ % 60_000) - 30_000);
          ring.write(pcm);
          expected.push(...pcm);
        } else {
          const count = Math.min(ring.length, between(random, 0, 25));
          const out = new Float32Array(count + 2).fill(9);
          ring.readInto(out, 1, count);
          expect([...out], `seed ${seed}: nothing before or after is touched`).toEqual([9, ...floats(expected.splice(0, count)), 9]);
          position += count;
        }
        expect(ring.read, `seed ${seed}`).toBe(position);
        expect(ring.length, `seed ${seed}`).toBe(expected.length);
      }
    }
  });

  it('counts on from the last sample written after it was cleared', () => {
    const ring = new SampleRing(16);
    ring.write(Int16Array.of(1, 2, 3));
    ring.clear();
    expect(ring.length).toBe(0);
    expect(ring.read).toBe(3);
    ring.write(Int16Array.of(16384));
    const out = new Float32Array(1);
    ring.readInto(out, 0, 1);
    expect(out[0]).toBe(0.5);
  });
});
