/**
 * A queue of PCM16 samples. Positions count samples since the beginning and never wrap: at 48 kHz a double holds 5,900 years.
 *
 * It grows by doubling and does not shrink: the server keeps no more than some seconds ahead of the listener, so growing ends
 * early in a conversation, and after that the audio thread allocates nothing.
 */
export class SampleRing {
  private samples: Int16Array;
  private readAt = 0;
  private writtenTo = 0;

  /** @param capacity samples to begin with, a power of two */
  constructor(capacity = 1 << 18) {
    this.samples = new Int16Array(capacity);
  }

  /** The position of the next sample to be read. */
  get read(): number {
    return this.readAt;
  }

  /** The position after the last sample written. */
  get written(): number {
    return this.writtenTo;
  }

  get length(): number {
    return this.writtenTo - this.readAt;
  }

  write(pcm: Int16Array) {
    this.reserve(pcm.length);
    const capacity = this.samples.length;
    const at = this.writtenTo & (capacity - 1);
    const head = Math.min(pcm.length, capacity - at);
    this.samples.set(pcm.subarray(0, head), at);
    this.samples.set(pcm.subarray(head), 0);
    this.writtenTo += pcm.length;
  }

  /** Moves `count` samples, which must be there, to `out` as floats in [-1, 1). */
  readInto(out: Float32Array, offset: number, count: number) {
    const mask = this.samples.length - 1;
    for (let i = 0; i < count; i++) out[offset + i] = this.samples[(this.readAt + i) & mask]! / 32768;
    this.readAt += count;
  }

  /** Forgets everything that has not been read. Positions go on from the last one written. */
  clear() {
    this.readAt = this.writtenTo;
  }

  private reserve(more: number) {
    const needed = this.length + more;
    const old = this.samples;
    if (needed <= old.length) return;
    let capacity = old.length;
    while (capacity < needed) capacity *= 2;
    const grown = new Int16Array(capacity);
    for (let position = this.readAt; position < this.writtenTo; position++) {
      grown[position & (capacity - 1)] = old[position & (old.length - 1)]!;
    }
    this.samples = grown;
  }
}
