import { expect, it } from 'vitest';
import { JitterTarget } from './jitter.ts';

const config = { startMs: 80, minMs: 60, maxMs: 500, shrinkEveryMs: 1000 };

it('grows at once by what was missing, and by something at least', () => {
  const target = new JitterTarget(config);
  target.underran(150);
  expect(target.targetMs).toBe(230);
  target.underran(3);
  expect(target.targetMs).toBe(270);
});

it('does not grow without end', () => {
  const target = new JitterTarget(config);
  for (let i = 0; i < 10; i++) target.underran(2000);
  expect(target.targetMs).toBe(500);
});

it('comes back slowly, never below its minimum, and an underrun begins the wait anew', () => {
  const target = new JitterTarget(config);
  target.underran(100);
  target.played(999);
  expect(target.targetMs).toBe(180);
  target.underran(40);
  target.played(999);
  expect(target.targetMs, 'the second of flawless playing begins after the underrun').toBe(220);
  target.played(1);
  expect(target.targetMs).toBeLessThan(220);
  expect(target.targetMs, 'slowly').toBeGreaterThan(190);
  target.played(1_000_000);
  expect(target.targetMs).toBeCloseTo(60, 1);
  expect(target.targetMs).toBeGreaterThanOrEqual(60);
});
