import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followFigure, type FigureJob } from './figures.ts';

const job = (status: FigureJob['status'], progress: number): FigureJob => ({
  job_id: 'j', status, progress, current_step: '', result_url: status === 'completed' ? '/m.glb' : null, error: null,
});
const stream = (...jobs: FigureJob[]) => new Response(jobs.map((each) => `id: 1\ndata: ${JSON.stringify(each)}\n\n`).join(''));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function followed(signal = new AbortController().signal) {
  const seen: string[] = [];
  for await (const { status, progress } of followFigure('j', signal)) seen.push(`${status} ${progress}`);
  return seen;
}

it('is followed over broken connections and a server that is away, to its end', async () => {
  const answers: (() => Response)[] = [
    () => stream(job('pending', 0), job('processing', 30)),
    () => {
      throw new TypeError('failed to fetch');
    },
    () => new Response('{}', { status: 503 }),
    () => stream(job('processing', 30), job('completed', 100), job('pending', 0)),
  ];
  vi.stubGlobal('fetch', async () => answers.shift()!());
  const seen = followed();
  await vi.runAllTimersAsync();
  expect(await seen, 'and not beyond it').toEqual(['pending 0', 'processing 30', 'processing 30', 'completed 100']);
});

it('ends where there is no such job', async () => {
  vi.stubGlobal('fetch', async () => new Response('{"code":"not_found"}', { status: 404 }));
  await expect(followed()).rejects.toMatchObject({ status: 404 });
});

it('ends when nobody wants to know any more, also between two connections', async () => {
  const controller = new AbortController();
  vi.stubGlobal('fetch', async () => stream(job('processing', 1)));
  const seen = followed(controller.signal);
  const ended = expect(seen).rejects.toThrow();
  await vi.advanceTimersByTimeAsync(100);
  controller.abort();
  await ended;
});
