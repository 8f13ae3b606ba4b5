import type { ResponseObject, Usage } from '../realtime/events.ts';
import type { Measured } from './conversation.ts';

interface Running {
  askedAt: number | null;
  createdAt: number;
  heardAt: number | null;
  stutters: number;
}

/** Times responses as the page sees them, and puts that together with what the server tells. */
export class Stopwatch {
  private readonly now: () => number;
  private readonly responses = new Map<string, Running>();
  private readonly asking: number[] = [];

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.now = now;
  }

  /** A response was asked for. They begin in the order in which they were. */
  asked() {
    this.asking.push(this.now());
  }

  created(response: string, stutters: number) {
    this.responses.set(response, { askedAt: this.asking.shift() ?? null, createdAt: this.now(), heardAt: null, stutters });
  }

  /** Some of it sounds. Returns whether that is new. */
  heard(response: string): boolean {
    const running = this.responses.get(response);
    if (!running || running.heardAt !== null) return false;
    running.heardAt = this.now();
    return true;
  }

  heardMs(response: string): number | null {
    const running = this.responses.get(response);
    return running && running.heardAt !== null ? Math.round(running.heardAt - (running.askedAt ?? running.createdAt)) : null;
  }

  measured(response: string, told: NonNullable<ResponseObject['avatarforge']>, usage: Usage | null, stutters: number): Measured | null {
    const running = this.responses.get(response);
    if (!running) return null;
    const { timings } = told;
    return {
      createdMs: running.askedAt === null ? null : Math.round(running.createdAt - running.askedAt),
      heardMs: this.heardMs(response),
      stutters: stutters - running.stutters,
      firstTokenMs: timings?.first_token_ms ?? null,
      firstSentenceMs: timings?.first_sentence_ms ?? null,
      firstAudioMs: timings?.first_audio_ms ?? null,
      totalMs: timings?.total_ms ?? null,
      inputTokens: usage?.input_tokens ?? null,
      outputTokens: usage?.output_tokens ?? null,
      summarized: told.context_summarized ?? false,
    };
  }
}

export type Phase = 'wait' | 'token' | 'sentence' | 'speech' | 'buffer';

/** The time until the first sound, cut into what it was spent on, in milliseconds. A moment that never came has no phase. */
export function phasesOf(measured: Measured): { phase: Phase; ms: number }[] {
  const start = measured.createdMs ?? 0;
  const after = (ms: number | null) => (ms === null ? null : start + ms);
  const moments: [Phase, number | null][] = [
    ['wait', measured.createdMs],
    ['token', after(measured.firstTokenMs)],
    ['sentence', after(measured.firstSentenceMs)],
    ['speech', after(measured.firstAudioMs)],
    ['buffer', measured.heardMs],
  ];
  const phases: { phase: Phase; ms: number }[] = [];
  let passed = 0;
  for (const [phase, at] of moments) {
    if (at === null) continue;
    phases.push({ phase, ms: Math.max(0, at - passed) });
    passed = Math.max(passed, at);
  }
  return phases;
}
