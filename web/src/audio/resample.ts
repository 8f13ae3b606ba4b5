/** Taps to either side of a sample. With 24 in all, the error of a 1 kHz tone stays below -60 dB; see the test. */
const HALF = 12;
/** Of the lower of the two rates' band, what is let through. */
const ROLL_OFF = 0.94;

/**
 * Changes the rate of one segment of PCM16, chunk by chunk, by a windowed sinc with one set of taps for each phase. Needed only
 * where a browser does not give an AudioContext the rate that was asked for.
 *
 * Chunk borders leave no trace: pushing a segment in pieces gives the samples of pushing it whole. Its length comes out as
 * round(input × to / from).
 */
export class Resampler {
  private readonly step: number;
  private readonly phases: number;
  private readonly taps: Float32Array;
  /** Input not used up: begins HALF samples before the next output's place. */
  private held: Float32Array = new Float32Array(HALF);
  /** Place of the next output: whole input samples after held[HALF], and the phase, in 1/phases of a sample. */
  private at = 0;
  private phase = 0;
  private received = 0;
  private made = 0;
  private readonly ratio: number;

  constructor(from: number, to: number) {
    const divisor = gcd(from, to);
    this.phases = to / divisor;
    this.step = from / divisor;
    this.ratio = to / from;
    this.taps = makeTaps(this.phases, Math.min(1, to / from) * ROLL_OFF);
  }

  push(pcm: Int16Array, last: boolean): Int16Array<ArrayBuffer> {
    this.received += pcm.length;
    const padding = last ? HALF + 1 : 0;
    const input = new Float32Array(this.held.length + pcm.length + padding);
    input.set(this.held);
    input.set(pcm, this.held.length);

    const out = new Int16Array(Math.ceil((pcm.length + 2 * HALF) * this.ratio) + 2);
    const end = last ? Math.round(this.received * this.ratio) - this.made : out.length;
    let count = 0;
    while (count < end && this.at + 2 * HALF <= input.length) {
      out[count++] = this.sample(input);
      this.phase += this.step;
      this.at += Math.floor(this.phase / this.phases);
      this.phase %= this.phases;
    }
    const used = Math.min(this.at, input.length);
    this.held = input.slice(used, input.length - padding);
    this.at -= used;
    this.made += count;
    return out.slice(0, count);
  }

  private sample(input: Float32Array): number {
    const base = this.phase * 2 * HALF;
    let sum = 0;
    for (let tap = 0; tap < 2 * HALF; tap++) sum += this.taps[base + tap]! * input[this.at + tap]!;
    return Math.max(-32768, Math.min(32767, Math.round(sum)));
  }
}

/** Taps for each phase, each set with a sum of one so that silence and level pass unchanged. Tap HALF is the sample at phase 0. */
function makeTaps(phases: number, cutoff: number): Float32Array {
  const taps = new Float32Array(phases * 2 * HALF);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < 2 * HALF; tap++) {
      const x = tap - HALF - phase / phases;
      const value = sinc(cutoff * x) * window(x / HALF);
      taps[phase * 2 * HALF + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < 2 * HALF; tap++) taps[phase * 2 * HALF + tap]! /= sum;
  }
  return taps;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Blackman, from -1 to 1. */
function window(x: number): number {
  return Math.abs(x) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
