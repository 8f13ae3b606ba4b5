import type { Counters, Finished, Position } from './core.ts';

/** From the page to the audio thread. */
export type ToWorklet =
  | { type: 'push'; segment: number; pcm: Int16Array<ArrayBuffer>; last: boolean; rate: number }
  | { type: 'clear'; call: number }
  | { type: 'forget' };

/** From the audio thread to the page. */
export type FromWorklet =
  | { type: 'report'; position: Position; finished: Finished[]; counters: Counters }
  | { type: 'cleared'; call: number; position: Position; finished: Finished[]; counters: Counters };

export const WORKLET_NAME = 'avatarforge-player';
