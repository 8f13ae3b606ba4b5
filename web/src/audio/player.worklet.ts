/** The audio thread: a thin shell that feeds messages to the core and blocks to the browser. */
import { PlaybackCore } from './core.ts';
import { WORKLET_NAME, type FromWorklet, type ToWorklet } from './messages.ts';
import { Resampler } from './resample.ts';

// TypeScript has no library for AudioWorkletGlobalScope.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const REPORT_EVERY_MS = 100;

class PlayerProcessor extends AudioWorkletProcessor {
  private readonly core = new PlaybackCore(sampleRate);
  private resampler: { segment: number; resampler: Resampler } | null = null;
  private sinceReport = 0;
  private reported = '';

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => this.receive(data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const channels = outputs[0]!;
    const first = channels[0]!;
    this.core.render(first);
    for (let i = 1; i < channels.length; i++) channels[i]!.set(first);
    this.report(first.length);
    return true;
  }

  private receive(message: ToWorklet) {
    switch (message.type) {
      case 'push':
        this.core.push(message.segment, this.atOurRate(message), message.last);
        return;
      case 'clear': {
        const position = this.core.clear();
        this.resampler = null;
        this.post({
          type: 'cleared',
          call: message.call,
          position,
          finished: this.core.takeFinished(),
          counters: this.core.counters,
        });
        return;
      }
      case 'forget':
        this.core.forget();
        this.resampler = null;
    }
  }

  private atOurRate({ segment, pcm, last, rate }: Extract<ToWorklet, { type: 'push' }>): Int16Array {
    if (rate === sampleRate) return pcm;
    if (this.resampler?.segment !== segment) {
      if (pcm.length === 0) return pcm;
      this.resampler = { segment, resampler: new Resampler(rate, sampleRate) };
    }
    const out = this.resampler.resampler.push(pcm, last);
    if (last) this.resampler = null;
    return out;
  }

  /** Ten times a second while there is anything to tell, and at once when another segment or state begins. */
  private report(samples: number) {
    this.sinceReport += samples;
    const position = this.core.position();
    const now = `${position.state} ${position.segment}`;
    const due = position.state !== 'idle' && this.sinceReport * 1000 >= REPORT_EVERY_MS * sampleRate;
    if (now === this.reported && !due) return;
    this.reported = now;
    this.sinceReport = 0;
    this.post({ type: 'report', position, finished: this.core.takeFinished(), counters: this.core.counters });
  }

  private post(message: FromWorklet) {
    this.port.postMessage(message);
  }
}

registerProcessor(WORKLET_NAME, PlayerProcessor);
