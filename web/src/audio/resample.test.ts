import { describe, expect, it } from 'vitest';
import { between, seeded } from '../testing.ts';
import { Resampler } from './resample.ts';

const sine = (frequency: number, rate: number, length: number) =>
  Int16Array.from({ length }, (_, i) => Math.round(12_000 * Math.sin((2 * Math.PI * frequency * i) / rate)));

const RATES = [
  [24_000, 48_000],
  [24_000, 44_100],
  [24_000, 16_000],
  [32_000, 24_000],
] as const;

describe.each(RATES)('%i → %i', (from, to) => {
  it('keeps a tone’s pitch, level and place', () => {
    const out = new Resampler(from, to).push(sine(1000, from, from / 2), true);
    const ideal = sine(1000, to, to / 2);
    expect(out.length).toBe(to / 2);
    let worst = 0;
    // Its first and last millisecond are next to silence, where there is no tone to keep.
    const edge = Math.ceil(to / 1000);
    for (let i = edge; i < out.length - edge; i++) worst = Math.max(worst, Math.abs(out[i]! - ideal[i]!));
    expect(20 * Math.log10(worst / 12_000), 'error below -60 dB').toBeLessThan(-60);
  });

  it('gives the same samples however the segment is cut', () => {
    const input = sine(700, from, 5000);
    const whole = new Resampler(from, to).push(input, true);
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const resampler = new Resampler(from, to);
      const pieces: number[] = [];
      for (let at = 0; at < input.length; ) {
        const end = Math.min(input.length, at + between(random, 0, 700));
        pieces.push(...resampler.push(input.subarray(at, end), false));
        at = end;
      }
      pieces.push(...resampler.push(new Int16Array(0), true));
      expect(pieces, `seed ${seed}`).toEqual([...whole]);
    }
  });

  it('lets a constant level and the loudest sample through', () => {
    const out = new Resampler(from, to).push(new Int16Array(2000).fill(32_767), true);
    expect(Math.min(...out.slice(50, -50))).toBeGreaterThan(32_700);
  });
});
