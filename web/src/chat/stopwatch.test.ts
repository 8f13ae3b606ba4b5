import { expect, it } from 'vitest';
import { phasesOf, Stopwatch } from './stopwatch.ts';

it('puts together what the page saw and what the server told', () => {
  let now = 1000;
  const watch = new Stopwatch(() => now);
  watch.asked();
  now = 1040;
  watch.created('r1', 2);
  now = 1600;
  expect(watch.heard('r1')).toBe(true);
  expect(watch.heard('r1'), 'the first sound is but one').toBe(false);
  const timings = { first_token_ms: 200, first_sentence_ms: 350, first_audio_ms: 500, total_ms: 2000 };
  const measured = watch.measured('r1', { timings, context_summarized: true }, { input_tokens: 7, output_tokens: 3 }, 3)!;
  expect(measured).toMatchObject({ createdMs: 40, heardMs: 600, firstTokenMs: 200, stutters: 1, inputTokens: 7, summarized: true });
  expect(phasesOf(measured), 'the phases add up to the first sound').toEqual([
    { phase: 'wait', ms: 40 },
    { phase: 'token', ms: 200 },
    { phase: 'sentence', ms: 150 },
    { phase: 'speech', ms: 150 },
    { phase: 'buffer', ms: 60 },
  ]);
});

it('leaves out what never came, and does not count backwards', () => {
  const watch = new Stopwatch(() => 0);
  watch.created('r1', 0);
  const measured = watch.measured('r1', { timings: { first_token_ms: 200, first_sentence_ms: 150 } }, null, 0)!;
  expect(phasesOf(measured)).toEqual([
    { phase: 'token', ms: 200 },
    { phase: 'sentence', ms: 0 },
  ]);
  expect(watch.measured('unknown', {}, null, 0), 'of a response of another page’s nothing is known').toBeNull();
});
