/** Helpers for tests. Not part of the page. */
import type { Problem } from './realtime/events.ts';
import type { Platform, Socket } from './realtime/platform.ts';

/** A random source that gives the same numbers for the same seed, so that a failing case can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between = (random: () => number, low: number, high: number) => low + Math.floor(random() * (high - low + 1));

/** The server's end of a connection, played by the test. */
export class FakeSocket implements Socket {
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly url: URL;
  readonly protocols: string[];

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(data: string) {
    if (this.closed) throw new Error('sent on a closed socket');
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(code: number, reason: string) {
    this.closed = { code, reason };
  }

  /** A frame from the server. */
  says(number: number, event: Record<string, unknown>) {
    this.onmessage?.({ data: JSON.stringify({ event_id: `event_${number}`, ...event }) });
  }

  sounds(number: number, segment: number, samples: number[], last = false) {
    this.onmessage?.({ data: audioFrame(number, segment, samples, last) });
  }

  /** Answers the question that a resuming client ends a replay with. */
  answersFence(number: number, code = 'item_not_found') {
    const fence = this.sent.findLast(({ event_id }) => String(event_id).startsWith('fence_'));
    if (!fence) throw new Error('no fence was sent');
    this.says(number, { type: 'error', error: { type: 'invalid_request_error', code, message: '', event_id: fence.event_id } });
  }

  breaks(code = 1006, reason = '') {
    this.onclose?.({ code, reason });
  }

  /** The types of what the client sent, without its fences. */
  types(): string[] {
    return this.sent.filter(({ event_id }) => !String(event_id).startsWith('fence_')).map(({ type }) => String(type));
  }
}

export class FakePlatform implements Platform {
  readonly sockets: FakeSocket[] = [];
  isOnline = true;
  answer: (Problem & { retryAfterMs: number }) | null = null;
  wake: (cause: 'online' | 'offline' | 'visible', hiddenMs: number) => void = () => undefined;
  watching = false;
  private ids = 0;

  open(url: string, protocols: string[]): Socket {
    const socket = new FakeSocket(url, protocols);
    this.sockets.push(socket);
    return socket;
  }

  whyRefused() {
    return Promise.resolve(this.answer);
  }

  online() {
    return this.isOnline;
  }

  watch(wake: FakePlatform['wake']) {
    this.wake = wake;
    this.watching = true;
    return () => {
      this.watching = false;
    };
  }

  id() {
    return `id${++this.ids}`;
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}

export function audioFrame(number: number, segment: number, samples: number[], last: boolean): ArrayBuffer {
  const data = new ArrayBuffer(12 + samples.length * 2);
  const view = new DataView(data);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, last ? 1 : 0);
  view.setUint32(4, number);
  view.setUint32(8, segment);
  samples.forEach((sample, i) => view.setInt16(12 + 2 * i, sample, true));
  return data;
}
