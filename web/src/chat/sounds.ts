/** Bytes of PCM16 that are kept for hearing again: about ten minutes at 24 kHz. */
const KEPT_BYTES = 28 << 20;

interface Sound {
  rate: number;
  chunks: Int16Array[];
  bytes: number;
  whole: boolean;
}

/** The sentences' sound as it came, for playing them again. What is oldest is let go first. */
export class SoundStore {
  private readonly sounds = new Map<number, Sound>();
  private readonly limit: number;
  private bytes = 0;

  constructor(limit = KEPT_BYTES) {
    this.limit = limit;
  }

  begin(segment: number, rate: number) {
    if (!this.sounds.has(segment)) this.sounds.set(segment, { rate, chunks: [], bytes: 0, whole: false });
  }

  add(segment: number, pcm: Int16Array, last: boolean) {
    const sound = this.sounds.get(segment);
    if (!sound || sound.whole) return;
    if (pcm.length > 0) {
      sound.chunks.push(pcm.slice());
      sound.bytes += pcm.byteLength;
      this.bytes += pcm.byteLength;
    }
    sound.whole = last;
    for (const [oldest, { bytes }] of this.sounds) {
      if (this.bytes <= this.limit || oldest === segment) break;
      this.sounds.delete(oldest);
      this.bytes -= bytes;
    }
  }

  /** Whether all of a sentence is at hand. */
  has(segment: number): boolean {
    const sound = this.sounds.get(segment);
    return sound !== undefined && sound.whole && sound.bytes > 0;
  }

  get(segment: number): { pcm: Int16Array; rate: number } | null {
    const sound = this.sounds.get(segment);
    if (!sound) return null;
    const pcm = new Int16Array(sound.bytes / 2);
    let at = 0;
    for (const chunk of sound.chunks) {
      pcm.set(chunk, at);
      at += chunk.length;
    }
    return { pcm, rate: sound.rate };
  }

  forget() {
    this.sounds.clear();
    this.bytes = 0;
  }
}
