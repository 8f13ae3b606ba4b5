export interface BackoffConfig {
  /** Milliseconds: the range of the second attempt's delay. The first comes within half of it. */
  baseMs: number;
  maxMs: number;
}

/**
 * Delays between attempts to connect: next to none, then doubling, each drawn from a range, so that the clients of a server
 * that restarts do not all come back in the same instant.
 */
export class Backoff {
  private attempts = 0;
  private readonly config: BackoffConfig;
  private readonly random: () => number;

  constructor(config: BackoffConfig, random: () => number = Math.random) {
    this.config = config;
    this.random = random;
  }

  get attempt(): number {
    return this.attempts;
  }

  /** Milliseconds to wait before the next attempt. `atLeastMs` is the server's own wish (`Retry-After`). */
  next(atLeastMs = 0): number {
    const attempt = this.attempts++;
    if (attempt === 0) return Math.max(atLeastMs, Math.round((this.config.baseMs / 2) * this.random()));
    const range = Math.min(this.config.maxMs, this.config.baseMs * 2 ** (attempt - 1));
    return Math.max(atLeastMs, Math.round(range * (0.5 + this.random() / 2)));
  }

  reset() {
    this.attempts = 0;
  }
}
