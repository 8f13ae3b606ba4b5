export interface JitterConfig {
  /** Milliseconds held before a sentence starts: at first, at least, at most. */
  startMs: number;
  minMs: number;
  maxMs: number;
  /** Milliseconds of flawless playing after which the target moves a little back towards `minMs`. */
  shrinkEveryMs: number;
}

export const DEFAULT_JITTER: JitterConfig = { startMs: 80, minMs: 60, maxMs: 1200, shrinkEveryMs: 5_000 };

/** What a step back takes off the part of the target that is over the minimum. */
const SHRINK = 0.15;
/** An underrun raises the target by the length of the silence, and by this at least. */
const GROW_MIN_MS = 40;

/**
 * How much sound to hold before playing. A listener notices an underrun far more than 100 ms at the start, so the target goes up
 * at once by as much as was missing, and down slowly.
 */
export class JitterTarget {
  private ms: number;
  private flawlessMs = 0;
  private readonly config: JitterConfig;

  constructor(config: JitterConfig = DEFAULT_JITTER) {
    this.config = config;
    this.ms = config.startMs;
  }

  get targetMs(): number {
    return this.ms;
  }

  /** What to hold before a sentence goes on that had to stop. The silence itself counts only afterwards: against a synthesiser that
   * is slower than speech, a goal that moves with the clock would never be reached. */
  get restartMs(): number {
    return Math.min(this.config.maxMs, this.ms + GROW_MIN_MS);
  }

  /** A sentence had to stop in its middle for `silenceMs`. */
  underran(silenceMs: number) {
    this.flawlessMs = 0;
    this.ms = Math.min(this.config.maxMs, this.ms + Math.max(GROW_MIN_MS, silenceMs));
  }

  played(ms: number) {
    this.flawlessMs += ms;
    while (this.flawlessMs >= this.config.shrinkEveryMs) {
      this.flawlessMs -= this.config.shrinkEveryMs;
      this.ms -= (this.ms - this.config.minMs) * SHRINK;
    }
  }
}
