import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('begins almost at once, doubles to its limit, and spreads the clients of a restarted server', () => {
  const slowest = new Backoff({ baseMs: 500, maxMs: 4000 }, () => 0.999999);
  expect(Array.from({ length: 6 }, () => slowest.next())).toEqual([250, 500, 1000, 2000, 4000, 4000]);
  const fastest = new Backoff({ baseMs: 500, maxMs: 4000 }, () => 0);
  expect(Array.from({ length: 6 }, () => fastest.next())).toEqual([0, 250, 500, 1000, 2000, 2000]);
});

it('does as the server asks, and begins anew after a good connection', () => {
  const backoff = new Backoff({ baseMs: 500, maxMs: 4000 }, () => 0);
  expect(backoff.next(3000), 'Retry-After').toBe(3000);
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(0);
});
