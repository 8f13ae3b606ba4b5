import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FigureMaking } from './figure.ts';

/** A server with one job, which the test moves on. */
class Server {
  readonly asked: string[] = [];
  upload: () => Response = () => Response.json({ success: true, data: { job_id: 'j1', status_url: '', estimated_time: 5 } }, { status: 202 });
  private readonly streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  readonly fetch = async (path: string, init: RequestInit = {}) => {
    this.asked.push(`${init.method ?? 'GET'} ${path}`);
    if (path === '/api/generate') return this.upload();
    if (init.method === 'DELETE') return Response.json({ success: true, data: {} });
    return new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.streams.add(controller);
          init.signal?.addEventListener('abort', () => {
            this.streams.delete(controller);
            controller.error(init.signal?.reason);
          });
        },
      }),
    );
  };

  says(status: string, progress: number, more: object = {}) {
    const job = { job_id: 'j1', status, progress, current_step: '3D 메쉬 생성 중...', result_url: null, error: null, ...more };
    for (const stream of this.streams) stream.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(job)}\n\n`));
  }
}

let server: Server;
let kept: Map<string, string>;
let store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
let done: string[];
const picture = () => Promise.resolve(new Blob(['x']));
const making = (character: string) => new FigureMaking(character, store, (url) => done.push(url));
const until = (check: () => void) => vi.waitFor(check, 10_000);

beforeEach(() => {
  server = new Server();
  vi.stubGlobal('fetch', server.fetch);
  kept = new Map();
  store = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) };
  done = [];
});
afterEach(() => vi.unstubAllGlobals());

it('tells of every step, and of the figure', async () => {
  const m = making('');
  const seen: string[] = [];
  m.subscribe(() => seen.push(m.state.state === 'making' ? `${m.state.progress} ${m.state.step}` : m.state.state));
  m.enter();
  m.start(picture);
  await until(() => expect(server.asked).toContain('GET /api/generate/events/j1'));
  server.says('processing', 40);
  server.says('completed', 100, { result_url: '/m.glb' });
  await until(() => expect(done).toEqual(['/m.glb']));
  expect(seen).toEqual(['sending', '0 ', '40 3D 메쉬 생성 중...', 'idle']);
});

it('says what failed, in the server’s words or for want of a server, and can begin again', async () => {
  const m = making('');
  server.upload = () => Response.json({ code: 'unsupported_media_type' }, { status: 415 });
  m.start(picture);
  await until(() => expect(m.state).toMatchObject({ state: 'failed', said: '', error: { status: 415 } }));
  server.upload = new Server().upload;
  m.start(picture);
  await until(() => expect(server.asked).toContain('GET /api/generate/events/j1'));
  server.says('failed', 40, { error: '메모리가 모자랍니다.' });
  await until(() => expect(m.state).toMatchObject({ state: 'failed', said: '메모리가 모자랍니다.' }));
});

it('is stopped at the server, too, wherever it is', async () => {
  const m = making('');
  m.start(picture);
  await until(() => expect(m.state.state).toBe('making'));
  m.stop();
  expect(m.state.state).toBe('cancelled');
  expect(server.asked).toContain('DELETE /api/generate/j1');

  // While the picture is on its way nobody knows the job yet.
  server.asked.length = 0;
  m.start(picture);
  m.stop();
  await until(() => expect(server.asked, 'as soon as it is known').toContain('DELETE /api/generate/j1'));
  expect(m.state.state).toBe('cancelled');
});

it('of a character that is stored goes on while nobody looks, and is found again', async () => {
  const m = making('c1');
  m.start(picture);
  await until(() => expect(m.state.state).toBe('making'));
  m.leave();
  expect(server.asked.filter((request) => request.startsWith('DELETE'))).toEqual([]);
  const again = making('c1');
  again.enter();
  await until(() => expect(again.state.state).toBe('making'));
  await until(() => expect(server.asked.filter((request) => request.startsWith('GET')).length).toBe(2));
  server.says('completed', 100, { result_url: '/m.glb' });
  await until(() => expect(done).toEqual(['/m.glb']));
  expect(kept.size, 'nothing is left to be followed').toBe(0);
});

it('of a character that is yet to be ends with it', async () => {
  const m = making('');
  m.start(picture);
  await until(() => expect(m.state.state).toBe('making'));
  m.leave();
  expect(server.asked).toContain('DELETE /api/generate/j1');
});

it('goes on for who has saved the character meanwhile', async () => {
  const m = making('');
  m.start(picture);
  await until(() => expect(server.asked).toContain('GET /api/generate/events/j1'));
  m.handOver((url) => done.push(`saved ${url}`));
  m.leave();
  server.says('completed', 100, { result_url: '/m.glb' });
  await until(() => expect(done).toEqual(['saved /m.glb']));
});
