import { describe, expect, it } from 'vitest';
import { between, seeded } from '../testing.ts';
import { PlaybackCore, type Finished } from './core.ts';

const RATE = 24_000;
const BLOCK = 128;
const JITTER = { startMs: 80, minMs: 60, maxMs: 1200, shrinkEveryMs: 5000 };
const ms = (samples: number) => (samples * 1000) / RATE;
const samples = (milliseconds: number) => Math.round((milliseconds * RATE) / 1000);

/** A player and its listener. */
class Case {
  readonly core = new PlaybackCore(RATE, JITTER);
  readonly heard: number[] = [];
  readonly finished: Finished[] = [];

  /** A segment's next sound, at half of full scale: a fade shows as a smaller value, silence as zero. */
  push(segment: number, milliseconds: number, last = false) {
    this.core.push(segment, new Int16Array(samples(milliseconds)).fill(16384), last);
  }

  render(milliseconds: number): number[] {
    const heard: number[] = [];
    for (let left = Math.ceil(samples(milliseconds) / BLOCK); left > 0; left--) {
      const out = new Float32Array(BLOCK).fill(7);
      this.core.render(out);
      heard.push(...out);
    }
    this.heard.push(...heard);
    this.finished.push(...this.core.takeFinished());
    return heard;
  }

  get position() {
    return this.core.position();
  }
}

describe('starting', () => {
  it('waits for 80 ms of a sentence that is still coming', () => {
    const c = new Case();
    c.push(1, 79);
    expect(c.render(50).every((sample) => sample === 0)).toBe(true);
    expect(c.position).toMatchObject({ state: 'starting', segment: 1, playedMs: 0, bufferedMs: 79 });
    c.push(1, 1);
    c.render(5);
    expect(c.position.state).toBe('playing');
  });

  it('does not wait for more where there will be none', () => {
    const c = new Case();
    c.push(1, 30, true);
    c.render(5);
    expect(c.position.state).toBe('playing');
  });

  it('learns of the end from a frame without sound', () => {
    const c = new Case();
    c.push(1, 30);
    c.render(10);
    expect(c.position.state).toBe('starting');
    c.push(1, 0, true);
    c.render(5);
    expect(c.position.state).toBe('playing');
  });

  it('does not wait for ever for a stream that has stopped', () => {
    const c = new Case();
    c.push(1, 40);
    c.render(300);
    expect(c.core.counters.played).toBe(samples(40));
  });

  it('begins without a click', () => {
    const c = new Case();
    c.push(1, 100, true);
    const [first] = c.render(10);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(0.02);
    expect(c.heard[100], 'and is at its level after 4 ms').toBe(0.5);
  });
});

describe('going on', () => {
  it('goes from sentence to sentence without a sample between them', () => {
    const c = new Case();
    c.push(1, 100, true);
    c.push(2, 100, true);
    c.render(150);
    const seam = c.heard.slice(samples(90), samples(110));
    expect(seam.every((sample) => sample === 0.5)).toBe(true);
    expect(c.position).toMatchObject({ segment: 2, state: 'playing' });
    expect(c.finished).toEqual([{ segment: 1, playedMs: 100, whole: true }]);
  });

  it('does not call the pause before a sentence that is late an underrun', () => {
    const c = new Case();
    c.push(1, 100, true);
    c.render(500);
    expect(c.position).toMatchObject({ state: 'idle', segment: 1, playedMs: 100, complete: true });
    c.push(2, 100, true);
    c.render(200);
    expect(c.core.counters).toMatchObject({ underruns: 0, gaps: 0, played: samples(200) });
  });

  it('does not call it one either when a sentence’s end is told late', () => {
    const c = new Case();
    c.push(1, 100);
    c.render(300);
    expect(c.position.state).toBe('starved');
    c.push(1, 0, true);
    c.render(10);
    expect(c.position.state).toBe('idle');
    expect(c.core.counters.underruns).toBe(0);
    expect(c.finished).toEqual([{ segment: 1, playedMs: 100, whole: true }]);
  });

  it('counts a silence within a sentence, fades into it, and holds more from then on', () => {
    const c = new Case();
    c.push(1, 100);
    c.render(250);
    expect(c.heard[samples(100) - 1], 'the last sample before the silence').toBe(0);
    expect(c.heard[samples(100) - 20], 'on the way there').toBeLessThan(0.2);
    c.push(1, 100);
    c.render(50);
    expect(c.position.state, '100 ms are not enough any more').toBe('starved');
    c.push(1, 500);
    c.render(20);
    expect(c.position.state).toBe('playing');
    expect(c.core.counters).toMatchObject({ underruns: 1, gaps: 1 });
    expect(c.core.counters.longestGapMs).toBeGreaterThan(180);
    expect(c.position.targetMs, 'by the length of the silence').toBeGreaterThan(260);
  });

  it('keeps count of where the listener is', () => {
    const c = new Case();
    c.push(3, 200);
    c.render(100);
    const played = ms(Math.ceil(samples(100) / BLOCK) * BLOCK);
    expect(c.position.playedMs).toBeCloseTo(played);
    expect(c.position).toMatchObject({ segment: 3, receivedMs: 200, complete: false });
    expect(c.position.bufferedMs).toBeCloseTo(200 - played);
  });

  it('passes over frames that come too late or twice', () => {
    const c = new Case();
    c.push(2, 100, true);
    c.push(1, 100);
    c.push(2, 100);
    c.render(300);
    c.push(2, 100);
    c.render(100);
    expect(c.core.counters.played).toBe(samples(100));
  });
});

describe('clear', () => {
  it('is silent after one block, and that block fades', () => {
    const c = new Case();
    c.push(1, 1000, true);
    c.push(2, 1000, true);
    c.render(200);
    c.core.clear(BLOCK);
    const tail = c.render(ms(BLOCK));
    expect(tail.length).toBe(BLOCK);
    expect(Math.max(...tail.map((sample, i) => sample - (tail[i - 1] ?? 0.5))), 'only downwards').toBeLessThanOrEqual(0);
    expect(tail.at(-1)).toBe(0);
    expect(c.render(500).every((sample) => sample === 0)).toBe(true);
  });

  it('says what had been heard, the fade included', () => {
    const c = new Case();
    c.push(1, 100, true);
    c.push(2, 1000, true);
    c.render(300);
    const at = c.core.clear(BLOCK);
    expect(at.segment).toBe(2);
    expect(at.playedMs + 100).toBeCloseTo(ms(Math.ceil(samples(300) / BLOCK) * BLOCK + BLOCK));
    c.render(10);
    expect(c.finished.at(-1)).toEqual({ segment: 2, playedMs: at.playedMs, whole: false });
  });

  it('passes over what still comes of the sentences that were thrown away, and plays the next', () => {
    const c = new Case();
    c.push(1, 100, true);
    c.push(2, 500);
    c.render(50);
    c.core.clear(BLOCK);
    c.push(2, 500, true);
    c.render(100);
    const played = c.core.counters.played;
    c.push(3, 100, true);
    c.render(200);
    expect(c.core.counters.played - played).toBe(samples(100));
    expect(c.position.segment).toBe(3);
  });

  it('may come when there is nothing, twice, and before anything sounded', () => {
    const c = new Case();
    expect(c.core.clear()).toMatchObject({ segment: 0, playedMs: 0 });
    c.push(1, 50);
    expect(c.core.clear()).toMatchObject({ segment: 1, playedMs: 0, state: 'idle' });
    c.core.clear();
    expect(c.render(50).every((sample) => sample === 0)).toBe(true);
  });
});

describe('forget', () => {
  it('begins counting segments anew', () => {
    const c = new Case();
    c.push(7, 100, true);
    c.render(50);
    c.core.forget();
    c.render(10);
    c.push(1, 100, true);
    c.render(200);
    expect(c.position).toMatchObject({ segment: 1, playedMs: 100 });
  });
});

describe('whatever comes, whenever it comes', () => {
  it('every sample that is not thrown away is heard once, in order, and is accounted for', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const core = new PlaybackCore(RATE, JITTER);
      const heard: number[] = [];
      const lengths = new Map<number, number>();
      const finished: Finished[] = [];
      let value = 0;
      let segment = 1;
      let open = false;
      let lastHeard = 0;
      let impossible = 0;
      const render = () => {
        const out = new Float32Array(BLOCK);
        core.render(out);
        for (const sample of out) if (sample !== 0) heard.push(sample);
        finished.push(...core.takeFinished());
        const { bufferedMs, playedMs, receivedMs } = core.position();
        if (bufferedMs < 0 || playedMs > receivedMs) impossible++;
      };
      for (let step = 0; step < 120; step++) {
        if (random() < 0.3) {
          const length = between(random, 0, samples(120));
          // Rising, so that order shows; the fades make values smaller, never larger.
          const pcm = Int16Array.from({ length }, () => Math.min(32_000, 1000 + Math.floor(++value / 16)));
          const last = random() < 0.3;
          core.push(segment, pcm, last);
          // A last frame without sound, for a segment that has none, is no segment.
          if (length > 0 || !last || open) lengths.set(segment, (lengths.get(segment) ?? 0) + length);
          open = !last;
          if (last) segment++;
        } else {
          render();
        }
      }
      core.push(segment, new Int16Array(0), true);
      for (let i = 0; i < 5000 && core.position().state !== 'idle'; i++) render();
      render();

      expect(impossible, `seed ${seed}: never more heard than came`).toBe(0);
      expect(core.position().state, `seed ${seed}: it comes to rest`).toBe('idle');
      expect(core.counters.played, `seed ${seed}: all of it is played`).toBe([...lengths.values()].reduce((a, b) => a + b, 0));
      expect(finished.map((f) => f.segment), `seed ${seed}: each segment ends once`).toEqual([...lengths.keys()]);
      for (const { segment, playedMs, whole } of finished) {
        expect(whole, `seed ${seed}`).toBe(true);
        expect(samples(playedMs), `seed ${seed}`).toBe(lengths.get(segment));
      }
      // Outside of fades the order of the values is the order of the samples.
      let disorder = 0;
      for (const sample of heard) {
        if (sample < lastHeard - 1 / 32768) disorder++;
        lastHeard = Math.max(lastHeard, sample);
      }
      const fades = (finished.length + core.counters.underruns * 2 + 2) * 2 * samples(4);
      expect(disorder, `seed ${seed}: nothing out of order`).toBeLessThanOrEqual(fades);
    }
  });

  it('with sound always ahead there is no silence in it at all', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const c = new Case();
      let ahead = 0;
      let segment = 1;
      for (let step = 0; step < 60; step++) {
        while (ahead < 200) {
          const length = between(random, 5, 120);
          const last = random() < 0.2;
          c.push(segment, length, last);
          if (last) segment++;
          ahead += length;
        }
        const played = c.core.counters.played;
        c.render(between(random, 5, 60));
        ahead -= ms(c.core.counters.played - played);
      }
      expect(c.core.counters.underruns, `seed ${seed}`).toBe(0);
      const silent = c.heard.slice(BLOCK).filter((sample) => sample === 0).length;
      expect(silent, `seed ${seed}: not a sample after the start`).toBe(0);
    }
  });
});
