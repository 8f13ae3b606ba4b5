import type { Counters, Position } from './core.ts';
import { HeardClock, type ItemHeard } from './heard.ts';
import { WORKLET_NAME, type FromWorklet, type ToWorklet } from './messages.ts';
import workletUrl from './player.worklet.ts?worker&url';

export interface Heard {
  /** The segment that was being heard, 0 for none, and how many milliseconds of it were. */
  segment: number;
  playedMs: number;
  item: ItemHeard | null;
}

export interface PlayerListener {
  /** About ten times a second while there is sound, and at each change. */
  position(position: Position): void;
  /** Whether the browser keeps the sound back until the user touches the page. */
  blocked(blocked: boolean): void;
}

const IDLE: Position = {
  state: 'idle',
  segment: 0,
  playedMs: 0,
  receivedMs: 0,
  complete: true,
  bufferedMs: 0,
  targetMs: 0,
};

/** Samples that the level is taken over: at 24 kHz some 20 ms, a frame of the screen. */
const EAR_SAMPLES = 512;

/** A sentence that is played once more, beside the stream. */
interface Replay {
  source: AudioBufferSourceNode;
  segment: number;
  startedAt: number;
  durationMs: number;
}

declare global {
  interface Window {
    /** What has been put out, for tests and for the curious. */
    __player?: Counters & { state: string; sampleRate: number; bufferedMs: number };
  }
}

/**
 * Speech out: takes segments of PCM16 as they come and plays them without a seam on the audio thread.
 *
 * The AudioContext is made at the first {@link unlock} or the first sound, whichever is earlier. Until the browser lets it run,
 * sound is kept, nothing counts as heard, and `blocked` is reported.
 */
export class Player {
  private readonly sampleRate: number;
  private readonly listener: PlayerListener;
  private readonly clock = new HeardClock();
  private readonly rates = new Map<number, number>();

  private context: AudioContext | null = null;
  private gain: GainNode | null = null;
  /** Hears what the listener hears, before the volume. */
  private ear: AnalyserNode | null = null;
  private readonly block = new Float32Array(EAR_SAMPLES);
  private port: MessagePort | null = null;
  /** Messages made before the audio thread was there. */
  private waiting: ToWorklet[] = [];
  private loudness = 1;
  /** Sound has come that the browser does not let out yet. */
  private keptBack = false;

  private last: Position = IDLE;
  private lastAt = 0;
  private calls = 0;
  private readonly clearing = new Map<number, (position: Position) => void>();
  private playedAgain: Replay | null = null;

  constructor(sampleRate: number, listener: PlayerListener) {
    this.sampleRate = sampleRate;
    this.listener = listener;
  }

  /** Call in a click or key handler: browsers let sound begin only there. */
  unlock() {
    const context = this.ensureContext();
    if (context.state !== 'running') void context.resume().catch(() => undefined);
  }

  /** Says which item a segment speaks, before its sound. */
  announce(segment: number, itemId: string, sampleRate: number) {
    this.clock.announced(segment, itemId);
    this.rates.set(segment, sampleRate);
  }

  /** Counts a segment as heard that an earlier page has played. */
  assumeHeard(segment: number, ms: number) {
    this.clock.finished({ segment, playedMs: ms, whole: true });
  }

  /**
   * Plays a sentence once more, whose sound is at hand; resolves when it is over, to whether it was heard to its end. It counts
   * neither as played nor as heard: it was both before. Sound of the stream, {@link clear} and another replay end it.
   */
  replay(segment: number, pcm: Int16Array, rate: number): Promise<boolean> {
    this.stopReplay();
    this.unlock();
    const context = this.ensureContext();
    const buffer = context.createBuffer(1, Math.max(1, pcm.length), rate);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i++) samples[i] = pcm[i]! / 32768;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.ear!);
    const replay: Replay = { source, segment, startedAt: context.currentTime, durationMs: buffer.duration * 1000 };
    this.playedAgain = replay;
    this.listener.position(this.position());
    return new Promise((resolve) => {
      source.onended = () => {
        const whole = this.playedAgain === replay;
        if (whole) this.playedAgain = null;
        resolve(whole);
        this.listener.position(this.position());
      };
      source.start();
    });
  }

  stopReplay() {
    const replay = this.playedAgain;
    this.playedAgain = null;
    replay?.source.stop();
  }

  /** Loudness of what is heard at this moment: root mean square of full scale, whatever the volume. */
  level(): number {
    if (!this.ear || !this.audible) return 0;
    this.ear.getFloatTimeDomainData(this.block);
    let sum = 0;
    for (const sample of this.block) sum += sample * sample;
    return Math.sqrt(sum / this.block.length);
  }

  /** Stutters so far: times that a sentence stopped in its middle for more than 20 ms. */
  get stutters(): number {
    return window.__player?.gaps ?? 0;
  }

  push(segment: number, pcm: Int16Array<ArrayBuffer>, last: boolean) {
    if (pcm.length > 0) this.clock.received(segment);
    if (last) this.clock.done(segment);
    const rate = this.rates.get(segment) ?? this.sampleRate;
    if (pcm.length > 0) this.stopReplay();
    this.ensureContext();
    this.post({ type: 'push', segment, pcm, last, rate }, pcm.length > 0 ? [pcm.buffer] : []);
    if (pcm.length > 0 && !this.audible) this.keptBack = true;
    this.reportBlocked();
  }

  /**
   * Stops within one block of 128 samples and throws away what is held. Resolves to what was heard by then, the output's latency
   * taken off. What comes later of a segment that was held is passed over.
   */
  async clear(): Promise<Heard> {
    this.stopReplay();
    const position = await this.clearWorklet();
    const itemId = this.clock.itemOf(position.segment);
    return {
      segment: position.segment,
      playedMs: Math.max(0, position.playedMs - this.latencyMs),
      item: itemId === undefined ? null : this.clock.heard(itemId, position, this.latencyMs),
    };
  }

  /** What has been heard of an item so far. */
  heard(itemId: string): ItemHeard {
    return this.clock.heard(itemId, this.livePosition(), this.latencyMs);
  }

  /** Another session begins: segments are counted from 1 again. */
  forget() {
    this.stopReplay();
    this.clock.forget();
    this.rates.clear();
    this.last = IDLE;
    this.keptBack = false;
    if (this.context) this.post({ type: 'forget' });
    this.listener.position(IDLE);
  }

  /** 0 to 1, as a slider gives it; the ear's scale is made from it. */
  set volume(volume: number) {
    this.loudness = volume * volume;
    if (this.gain && this.context) this.gain.gain.setTargetAtTime(this.loudness, this.context.currentTime, 0.015);
  }

  get audible(): boolean {
    return this.context?.state === 'running';
  }

  /** Where the ear is: the last report, carried on by the clock, less the output's latency. */
  position(now = performance.now()): Position {
    if (this.playedAgain && this.context) {
      const { segment, startedAt, durationMs } = this.playedAgain;
      const playedMs = Math.max(0, (this.context.currentTime - startedAt) * 1000 - this.latencyMs);
      return { ...IDLE, state: 'playing', segment, playedMs, receivedMs: durationMs };
    }
    return this.livePosition(now);
  }

  /** The same of the stream alone, whatever is played again beside it. */
  private livePosition(now = performance.now()): Position {
    const { state, playedMs, receivedMs } = this.last;
    const since = state === 'playing' && this.audible ? now - this.lastAt : 0;
    return { ...this.last, playedMs: Math.max(0, Math.min(receivedMs, playedMs + since) - this.latencyMs) };
  }

  private get latencyMs(): number {
    // Not every browser knows both.
    return 1000 * ((this.context?.baseLatency ?? 0) + (this.context?.outputLatency ?? 0));
  }

  private ensureContext(): AudioContext {
    if (this.context) return this.context;
    const context = this.openContext();
    this.context = context;
    this.gain = context.createGain();
    this.gain.gain.value = this.loudness;
    this.gain.connect(context.destination);
    this.ear = context.createAnalyser();
    this.ear.fftSize = EAR_SAMPLES;
    this.ear.connect(this.gain);
    context.onstatechange = () => this.reportBlocked();
    void this.startWorklet(context, this.ear);
    return context;
  }

  private openContext(): AudioContext {
    try {
      return new AudioContext({ sampleRate: this.sampleRate, latencyHint: 'interactive' });
    } catch {
      // A device or browser that wants its own rate; the audio thread resamples then.
      return new AudioContext({ latencyHint: 'interactive' });
    }
  }

  private async startWorklet(context: AudioContext, destination: AudioNode) {
    await context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(context, WORKLET_NAME, { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => this.receive(data);
    node.connect(destination);
    this.port = node.port;
    for (const message of this.waiting) this.post(message, message.type === 'push' ? [message.pcm.buffer] : []);
    this.waiting = [];
  }

  private post(message: ToWorklet, transfer: Transferable[] = []) {
    if (this.port) this.port.postMessage(message, transfer);
    else this.waiting.push(message);
  }

  private clearWorklet(): Promise<Position> {
    this.keptBack = false;
    if (!this.port || !this.audible) {
      // The audio thread stands still and would not answer; nothing of what it holds has been heard.
      this.waiting = this.waiting.filter((message) => message.type === 'forget');
      if (this.port) this.post({ type: 'clear', call: 0 });
      return Promise.resolve(this.last);
    }
    return new Promise((resolve) => {
      const call = ++this.calls;
      this.clearing.set(call, resolve);
      this.post({ type: 'clear', call });
    });
  }

  private receive(message: FromWorklet) {
    for (const finished of message.finished) this.clock.finished(finished);
    this.last = message.position;
    this.lastAt = performance.now();
    window.__player = {
      ...message.counters,
      state: message.position.state,
      sampleRate: this.context!.sampleRate,
      bufferedMs: message.position.bufferedMs,
    };
    if (message.type === 'cleared') {
      this.clearing.get(message.call)?.(message.position);
      this.clearing.delete(message.call);
    }
    if (!this.playedAgain) this.listener.position(message.position);
    this.reportBlocked();
  }

  private reportBlocked() {
    if (this.audible) this.keptBack = false;
    this.listener.blocked(this.keptBack);
  }
}
