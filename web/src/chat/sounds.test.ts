import { expect, it } from 'vitest';
import { SoundStore } from './sounds.ts';

it('gives back what came, once it is whole', () => {
  const sounds = new SoundStore();
  sounds.begin(1, 24_000);
  const chunk = new Int16Array([1, 2]);
  sounds.add(1, chunk, false);
  expect(sounds.has(1), 'half a sentence is none').toBe(false);
  chunk.fill(9); // The player takes its samples away.
  sounds.add(1, new Int16Array([3]), true);
  sounds.add(1, new Int16Array([4]), true);
  expect(sounds.has(1)).toBe(true);
  expect(sounds.get(1)).toEqual({ pcm: new Int16Array([1, 2, 3]), rate: 24_000 });
});

it('lets the oldest go where there is too much, and never what is coming in', () => {
  const sounds = new SoundStore(8);
  for (const segment of [1, 2, 3]) {
    sounds.begin(segment, 24_000);
    sounds.add(segment, new Int16Array([1, 2]), true);
  }
  expect([1, 2, 3].map((segment) => sounds.has(segment))).toEqual([false, true, true]);
  sounds.begin(4, 24_000);
  sounds.add(4, new Int16Array(100), true);
  expect([2, 3, 4].map((segment) => sounds.has(segment))).toEqual([false, false, true]);
});

it('holds no sentence that had no sound', () => {
  const sounds = new SoundStore();
  sounds.begin(1, 24_000);
  sounds.add(1, new Int16Array(0), true);
  expect(sounds.has(1)).toBe(false);
});
