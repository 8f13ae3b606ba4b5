import type { Finished, Position } from './core.ts';

interface Spoken {
  item: string;
  /** Some of its sound has come. */
  received: boolean;
  /** The server will send no more of it. */
  done: boolean;
  finished: Finished | null;
}

/** What a listener has heard of an item. */
export interface ItemHeard {
  itemId: string;
  /** Milliseconds of the item's sound, from its beginning, that were heard. */
  audioEndMs: number;
  /** Nothing of what was announced is left to be heard. */
  whole: boolean;
}

/**
 * Adds up, over the segments that an item was spoken in, what the listener has heard of it. An item's sound is its segments'
 * sound, one after the other; that is the measure of `conversation.item.truncate`.
 */
export class HeardClock {
  private readonly segments = new Map<number, Spoken>();

  announced(segment: number, item: string) {
    this.segments.set(segment, { item, received: false, done: false, finished: null });
  }

  received(segment: number) {
    const spoken = this.segments.get(segment);
    if (spoken) spoken.received = true;
  }

  done(segment: number) {
    const spoken = this.segments.get(segment);
    if (spoken) spoken.done = true;
  }

  finished(finished: Finished) {
    const spoken = this.segments.get(finished.segment);
    if (spoken) spoken.finished = finished;
  }

  itemOf(segment: number): string | undefined {
    return this.segments.get(segment)?.item;
  }

  /** @param latencyMs what was put out this recently is still on its way to the ear */
  heard(itemId: string, position: Position, latencyMs: number): ItemHeard {
    let ms = 0;
    let whole = true;
    for (const [segment, spoken] of this.segments) {
      if (spoken.item !== itemId) continue;
      if (spoken.finished) {
        ms += spoken.finished.playedMs;
        whole &&= spoken.finished.whole;
        continue;
      }
      if (segment === position.segment) ms += position.playedMs;
      // A sentence that could not be spoken leaves nothing to be heard.
      if (spoken.received || !spoken.done) whole = false;
    }
    return { itemId, audioEndMs: Math.round(whole ? ms : Math.max(0, ms - latencyMs)), whole };
  }

  forget() {
    this.segments.clear();
  }
}
