import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, ask, problemError } from './http.ts';

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: unknown) {
  const asked = vi.fn(async (_path: string, _init: RequestInit) => new Response(body === null ? null : JSON.stringify(body), { status }));
  vi.stubGlobal('fetch', asked);
  return asked;
}

describe('the API', () => {
  it('is taken out of its envelope where it has one', async () => {
    answering(200, { success: true, data: { voices: [] } });
    expect(await ask('get', '/api/tts/voices', {})).toEqual({ voices: [] });
    answering(200, { id: 'u1', username: '하나' });
    expect(await ask('get', '/api/auth/me', {}), 'the one without').toEqual({ id: 'u1', username: '하나' });
  });

  it('is asked with names in the path, and with a query', async () => {
    const asked = answering(200, { success: true, data: { messages: [], next_cursor: '' } });
    await ask('get', '/api/sessions/{session_id}/messages', { path: { session_id: 'a/b' }, query: { limit: 4 } });
    expect(asked.mock.calls[0]).toMatchObject(['/api/sessions/a%2Fb/messages?limit=4', { method: 'GET' }]);
  });

  it('says what is wrong, and with which field', async () => {
    answering(422, { code: 'validation_failed', detail: 'bad', errors: [{ location: 'body.likes[3]', message: 'too long' }] });
    const error = await ask('post', '/api/characters', { body: {} }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, code: 'validation_failed', fields: { likes: 'too long' } });
  });

  it('tells a server that is not there from one that refuses', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed to fetch')));
    expect(await ask('get', '/api/auth/me', {}).catch((e: unknown) => e)).toMatchObject({ status: 0, code: 'unreachable' });
    expect(problemError(502, {}), 'a gateway’s page has no code').toMatchObject({ code: 'unknown' });
  });
});
