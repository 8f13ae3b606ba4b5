import { DEFAULT_JITTER, JitterTarget, type JitterConfig } from './jitter.ts';
import { SampleRing } from './ring.ts';

/** Counted since the player began. */
export interface Counters {
  /** Samples of speech that were put out. */
  played: number;
  /** Those of them that were not zero. */
  nonSilent: number;
  /** Times that a sentence stopped in its middle because its sound had not come yet. */
  underruns: number;
  /** Of these, the ones longer than 20 ms, and the longest in milliseconds. */
  gaps: number;
  longestGapMs: number;
}

export interface Position {
  /** `starting`: sound is there, but too little of it to begin. */
  state: 'idle' | 'starting' | 'playing' | 'starved';
  /** The segment whose samples are put out, or were last. 0: none yet. */
  segment: number;
  /** Milliseconds of it that have been put out. */
  playedMs: number;
  /** Milliseconds of it that have come so far; its length once `complete`. */
  receivedMs: number;
  complete: boolean;
  /** Milliseconds held beyond this point, over all segments. */
  bufferedMs: number;
  targetMs: number;
}

/** A segment whose last sample has been put out, or whose rest was thrown away. */
export interface Finished {
  segment: number;
  playedMs: number;
  /** Whether all of it was put out. */
  whole: boolean;
}

interface Segment {
  id: number;
  start: number;
  end: number;
  complete: boolean;
}

/** Milliseconds of fade where sound stops or starts in the middle of a wave. */
const FADE_MS = 4;
/** A silence within a sentence longer than this is a gap that a listener hears. */
const GAP_MS = 20;
/** With sound there, but less than the target, begin all the same after this many times the target. */
const PATIENCE = 3;

/**
 * The player without the browser: segments of PCM16 go in, blocks of floats come out, and it knows what has been heard.
 *
 * It is driven by {@link render} alone, so its only clock is the number of samples put out. Not for more than one thread.
 */
export class PlaybackCore {
  readonly counters: Counters = { played: 0, nonSilent: 0, underruns: 0, gaps: 0, longestGapMs: 0 };

  private readonly rate: number;
  private readonly fade: number;
  private readonly ring = new SampleRing();
  private readonly jitter: JitterTarget;
  /** In order; the first is the one being played. */
  private segments: Segment[] = [];
  private finished: Finished[] = [];
  private state: Position['state'] = 'idle';
  /** The last segment that was played, while nothing is. */
  private previous: Segment | null = null;
  /** Samples of silence since sound began to be there (starting), or since it ran out in mid-sentence (starved). */
  private waited = 0;
  private fadeIn = false;
  /** What still sounds of something that was cleared. */
  private tail: Float32Array | null = null;

  /** @param rate samples a second, of input and output alike */
  constructor(rate: number, jitter: JitterConfig = DEFAULT_JITTER) {
    this.rate = rate;
    this.fade = Math.max(1, Math.round((FADE_MS * rate) / 1000));
    this.jitter = new JitterTarget(jitter);
  }

  /**
   * Adds sound. Segments come in order: once another one has begun, the earlier is complete and more of it is an error in
   * counting that is passed over. `last` may come alone, with no samples, and more than once.
   */
  push(segment: number, pcm: Int16Array, last: boolean) {
    let tail = this.segments.at(-1);
    if (!tail || segment > tail.id) {
      const newest = tail?.id ?? this.previous?.id ?? 0;
      if (segment <= newest || (last && pcm.length === 0)) {
        // A segment that is over, cleared, or had no sound at all.
        return;
      }
      if (tail) tail.complete = true;
      tail = { id: segment, start: this.ring.written, end: this.ring.written, complete: false };
      this.segments.push(tail);
    } else if (segment < tail.id) {
      return;
    }
    if (tail.complete) return;
    this.ring.write(pcm);
    tail.end = this.ring.written;
    tail.complete = last;
    if (this.state === 'idle' && this.ring.length > 0) {
      this.state = 'starting';
      this.waited = 0;
    }
  }

  /** Fills `out` with the next samples. */
  render(out: Float32Array) {
    let at = this.renderTail(out);
    if ((this.state === 'starting' || this.state === 'starved') && this.mayStart()) this.startPlaying();
    if (this.state === 'playing') at = this.renderSpeech(out, at);
    if (this.state === 'starting' || this.state === 'starved') this.waited += out.length - at;
    out.fill(0, at);
  }

  /** Begins anew with another session, whose segments are counted from 1 again. */
  forget() {
    this.clear();
    this.previous = null;
    this.finished = [];
  }

  /**
   * Stops: what is sounding fades out within one block of `block` samples and the rest is thrown away. Returns where the
   * listener is at the end of that fade.
   */
  clear(block = 128): Position {
    if (this.state === 'playing') {
      const first = this.segments[0]!;
      const count = Math.min(block, first.end - this.ring.read);
      const tail = new Float32Array(count);
      this.take(tail, 0, count);
      for (let i = 0; i < count; i++) tail[i]! *= 1 - (i + 1) / count;
      this.tail = tail;
    } else if (this.state === 'starved') {
      this.endGap();
    }
    const position = this.position();
    for (const segment of this.segments) this.finish(segment);
    this.previous = this.segments.at(-1) ?? this.previous;
    this.segments = [];
    this.ring.clear();
    this.state = 'idle';
    // Not this.position(): that would speak of the last segment held, which may never have sounded.
    return { ...position, state: 'idle', bufferedMs: 0 };
  }

  position(): Position {
    const current = this.segments[0] ?? this.previous;
    return {
      state: this.state,
      segment: current?.id ?? 0,
      playedMs: current ? this.ms(this.playedOf(current)) : 0,
      receivedMs: current ? this.ms(current.end - current.start) : 0,
      complete: current?.complete ?? false,
      bufferedMs: this.ms(this.ring.length),
      targetMs: this.jitter.targetMs,
    };
  }

  /** The segments that ended since the last call. */
  takeFinished(): Finished[] {
    const finished = this.finished;
    if (finished.length > 0) this.finished = [];
    return finished;
  }

  private renderTail(out: Float32Array): number {
    if (!this.tail) return 0;
    const count = Math.min(out.length, this.tail.length);
    out.set(this.tail.subarray(0, count));
    this.tail = count < this.tail.length ? this.tail.subarray(count) : null;
    return count;
  }

  private mayStart(): boolean {
    while (this.segments[0]?.complete && this.segments[0].end === this.ring.read) this.advance();
    const first = this.segments[0];
    if (!first || this.ring.length === 0) return false;
    // A complete sentence cannot run dry in its middle, however short it is.
    if (first.complete) return true;
    if (this.state === 'starved') return this.ring.length >= this.samples(this.jitter.restartMs);
    const target = this.samples(this.jitter.targetMs);
    return this.ring.length >= target || this.waited >= PATIENCE * target;
  }

  private startPlaying() {
    if (this.state === 'starved') this.endGap();
    this.state = 'playing';
    this.fadeIn = true;
  }

  private renderSpeech(out: Float32Array, from: number): number {
    let at = from;
    while (at < out.length && this.state === 'playing') {
      const first = this.segments[0]!;
      const available = first.end - this.ring.read;
      if (available > 0) {
        const count = Math.min(available, out.length - at);
        this.take(out, at, count);
        if (this.fadeIn) this.applyFadeIn(out, at, count);
        if (!first.complete && available - count < this.fade) this.applyFadeOut(out, at, count, available);
        at += count;
      } else if (first.complete) {
        this.advance();
      } else {
        this.state = 'starved';
        this.waited = 0;
      }
    }
    return at;
  }

  /** Moves samples out of the ring and counts them. */
  private take(out: Float32Array, at: number, count: number) {
    this.ring.readInto(out, at, count);
    this.counters.played += count;
    for (let i = at; i < at + count; i++) if (out[i] !== 0) this.counters.nonSilent++;
    this.jitter.played(this.ms(count));
  }

  /** Leaves the first segment, which is over, for the next. */
  private advance() {
    const over = this.segments.shift()!;
    this.finish(over);
    this.previous = over;
    const next = this.segments[0];
    if (!next || this.ring.length === 0) {
      this.state = 'idle';
    } else if (this.state !== 'playing' || (!next.complete && this.ring.length < this.samples(this.jitter.targetMs))) {
      // A sentence of which too little is there starts as a first one does; with enough, it goes on without a seam.
      this.state = 'starting';
    }
    this.waited = 0;
  }

  private finish(segment: Segment) {
    const played = this.playedOf(segment);
    this.finished.push({
      segment: segment.id,
      playedMs: this.ms(played),
      whole: segment.complete && played === segment.end - segment.start,
    });
  }

  /** Only here is a silence known to have been one: a sentence whose end is told late does not starve. */
  private endGap() {
    const ms = this.ms(this.waited);
    this.counters.underruns++;
    this.jitter.underran(ms);
    this.counters.longestGapMs = Math.max(this.counters.longestGapMs, ms);
    if (ms > GAP_MS) this.counters.gaps++;
  }

  private applyFadeIn(out: Float32Array, at: number, count: number) {
    const length = Math.min(count, this.fade);
    for (let i = 0; i < length; i++) out[at + i]! *= (i + 1) / length;
    this.fadeIn = false;
  }

  /** The sound is about to run dry in mid-sentence: each sample is as loud as what is left after it allows. */
  private applyFadeOut(out: Float32Array, at: number, count: number, available: number) {
    for (let i = 0; i < count; i++) {
      const left = available - 1 - i;
      if (left < this.fade) out[at + i]! *= left / this.fade;
    }
  }

  private playedOf(segment: Segment): number {
    return Math.max(0, Math.min(this.ring.read, segment.end) - segment.start);
  }

  private ms(samples: number): number {
    return (samples * 1000) / this.rate;
  }

  private samples(ms: number): number {
    return Math.round((ms * this.rate) / 1000);
  }
}
