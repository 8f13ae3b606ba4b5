import { expect, it } from 'vitest';
import type { Position } from './core.ts';
import { HeardClock } from './heard.ts';

const at = (segment: number, playedMs: number): Position => ({
  state: 'playing',
  segment,
  playedMs,
  receivedMs: 5000,
  complete: false,
  bufferedMs: 0,
  targetMs: 80,
});

it('adds an item’s segments up to where the listener is, less what is on its way to the ear', () => {
  const clock = new HeardClock();
  for (const segment of [1, 2, 3]) clock.announced(segment, 'a');
  clock.announced(4, 'b');
  for (const segment of [1, 2, 3]) clock.received(segment);
  clock.finished({ segment: 1, playedMs: 700, whole: true });
  expect(clock.heard('a', at(2, 300), 40)).toEqual({ itemId: 'a', audioEndMs: 960, whole: false });
  expect(clock.heard('b', at(2, 300), 40)).toEqual({ itemId: 'b', audioEndMs: 0, whole: false });
});

it('knows an item as heard when each sentence was, or could not be spoken', () => {
  const clock = new HeardClock();
  clock.announced(1, 'a');
  clock.announced(2, 'a');
  clock.received(1);
  clock.finished({ segment: 1, playedMs: 700, whole: true });
  expect(clock.heard('a', at(1, 700), 40).whole, 'the second may still come').toBe(false);
  clock.done(2);
  expect(clock.heard('a', at(1, 700), 40)).toEqual({ itemId: 'a', audioEndMs: 700, whole: true });
});

it('does not count as heard what was thrown away', () => {
  const clock = new HeardClock();
  clock.announced(1, 'a');
  clock.received(1);
  clock.done(1);
  clock.finished({ segment: 1, playedMs: 250, whole: false });
  expect(clock.heard('a', at(1, 250), 0)).toEqual({ itemId: 'a', audioEndMs: 250, whole: false });
});
