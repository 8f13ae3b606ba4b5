import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePlatform } from '../testing.ts';
import { RealtimeClient, type AudioChunk, type RealtimeConfig, type Status } from './client.ts';
import type { ServerEvent } from './events.ts';

/** A client with a test for a server; reads like the conversation between the two. */
class Case {
  readonly platform = new FakePlatform();
  readonly statuses: Status[] = [];
  readonly events: ServerEvent[] = [];
  readonly audio: AudioChunk[] = [];
  readonly resets: string[] = [];
  readonly client: RealtimeClient;

  constructor(config: Partial<RealtimeConfig> = {}) {
    this.client = new RealtimeClient(
      { url: 'ws://host/v1/realtime', character: 'alice', session: { avatarforge: { transport: 'binary' } }, ...config },
      {
        status: (status) => this.statuses.push(status),
        event: (event) => this.events.push(event),
        audio: (chunk) => this.audio.push(chunk),
        reset: (why) => this.resets.push(why),
      },
      this.platform,
    );
    this.client.start();
  }

  get socket() {
    return this.platform.socket;
  }

  get state() {
    return this.client.status.state;
  }

  /** Brings the client into a session, frame 1, and answers its session.update, frame 2. */
  open() {
    this.socket.onopen?.();
    this.socket.says(1, { type: 'session.created', session: { id: 'S', type: 'realtime' } });
    this.socket.says(2, { type: 'session.updated', session: { id: 'S', type: 'realtime' } });
    return this;
  }

  /** The wire breaks and the client is given the time to connect again. */
  async reconnected(code = 1006) {
    const before = this.platform.sockets.length;
    this.socket.breaks(code);
    // The first and the second attempt come within this time.
    await vi.advanceTimersByTimeAsync(600);
    expect(this.platform.sockets.length, 'it connects again').toBe(before + 1);
    this.socket.onopen?.();
    return this;
  }

  say(id: string, text: string) {
    this.client.request({
      type: 'conversation.item.create',
      item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
    this.client.request({ type: 'response.create' });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a new session', () => {
  it('asks for the character, offers the subprotocol and would wait in line', () => {
    const c = new Case();
    expect(Object.fromEntries(c.socket.url.searchParams)).toEqual({ queue: '1', character: 'alice' });
    expect(c.socket.protocols).toEqual(['realtime']);
  });

  it('configures the session before it says what the user has said already', () => {
    const c = new Case();
    c.say('m1', 'hello');
    expect(c.socket.sent, 'nothing before the session is there').toEqual([]);
    c.open();
    expect(c.socket.types()).toEqual(['session.update', 'conversation.item.create', 'response.create']);
    expect(c.socket.sent[0]?.session).toEqual({ type: 'realtime', avatarforge: { transport: 'binary' } });
    expect(c.state).toBe('open');
  });

  it('tells the place in line, and its session.created may have any number', () => {
    const c = new Case();
    c.socket.onopen?.();
    c.socket.says(1, { type: 'avatarforge.queue', position: 2, waiting: 5 });
    expect(c.client.status).toEqual({ state: 'queued', position: 2, waiting: 5 });
    c.socket.says(2, { type: 'avatarforge.queue', position: 1, waiting: 5 });
    c.socket.says(3, { type: 'session.created', session: { id: 'S', type: 'realtime' } });
    expect(c.state).toBe('open');
    expect(c.client.resumePoint).toEqual({ session: 'S', lastEvent: 3 });
  });

  it('stays in line as long as it takes: silence there is no sign of a dead connection', async () => {
    const c = new Case();
    c.socket.onopen?.();
    c.socket.says(1, { type: 'avatarforge.queue', position: 1, waiting: 1 });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(c.platform.sockets.length).toBe(1);
  });
});

describe('numbering', () => {
  it('counts text and binary frames in one row', () => {
    const c = new Case().open();
    c.socket.says(3, { type: 'avatarforge.sentence', segment: 9, item_id: 'a', index: 0, text: 'x' });
    c.socket.sounds(4, 9, [1, 2]);
    c.socket.sounds(5, 9, [3], true);
    expect(c.audio.map(({ segment, pcm, last }) => [segment, [...pcm], last])).toEqual([
      [9, [1, 2], false],
      [9, [3], true],
    ]);
    expect(c.client.resumePoint?.lastEvent).toBe(5);
  });

  it('passes over a frame that it has handled', () => {
    const c = new Case().open();
    c.socket.sounds(3, 1, [1]);
    c.socket.sounds(3, 1, [1]);
    c.socket.says(2, { type: 'session.updated', session: { id: 'S', type: 'realtime' } });
    expect(c.audio.length).toBe(1);
    expect(c.events.filter(({ type }) => type === 'session.updated').length).toBe(1);
    expect(c.state, 'and is no reason to leave').toBe('open');
  });

  it.each([
    ['a gap in text frames', (c: Case) => c.socket.says(4, { type: 'session.updated', session: {} })],
    ['a gap in binary frames', (c: Case) => c.socket.sounds(4, 1, [1])],
    ['a frame without a number', (c: Case) => c.socket.onmessage?.({ data: '{"type":"error"}' })],
    ['a frame that is not JSON', (c: Case) => c.socket.onmessage?.({ data: '{' })],
    ['a torn sample', (c: Case) => c.socket.onmessage?.({ data: new ArrayBuffer(13) })],
  ])('resumes after the last good frame on %s', async (_, spoil) => {
    const c = new Case().open();
    const seen = c.events.length;
    spoil(c);
    expect(c.events.length, 'the bad frame is not handed on').toBe(seen);
    expect(c.state).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(300);
    expect(Object.fromEntries(c.socket.url.searchParams)).toEqual({ queue: '1', session: 'S', last_event: '2' });
  });
});

describe('base64 audio', () => {
  it('says its segment, and that ends with sentence.done', () => {
    const c = new Case().open();
    c.socket.says(3, { type: 'response.output_audio.delta', delta: 'NBL//w==', avatarforge: { segment: 4 } });
    c.socket.says(4, { type: 'avatarforge.sentence.done', segment: 4, duration_ms: 1 });
    expect(c.audio.map(({ segment, pcm, last }) => [segment, [...pcm], last])).toEqual([
      [4, [0x1234, -1], false],
      [4, [], true],
    ]);
  });
});

describe('resuming', () => {
  it.each([1001, 1006, 1011, 4000])('comes back after close code %i and goes on after the replay', async (code) => {
    const c = new Case().open();
    await c.reconnected(code);
    c.socket.says(3, { type: 'response.created', response: { id: 'r', status: 'in_progress' } });
    expect(c.state, 'not open before the replay is over').toBe('reconnecting');
    c.socket.answersFence(4);
    expect(c.state).toBe('open');
    expect(c.events.at(-1)?.type, 'the fence’s answer is nobody else’s concern').toBe('response.created');
  });

  it('closes what it abandons with a code that does not end the session', async () => {
    const c = new Case().open();
    const first = c.socket;
    c.platform.wake('offline', 0);
    await vi.advanceTimersByTimeAsync(4000);
    expect(first.closed?.code).toBe(4000);
  });

  it.each([
    [1000, 'closed'],
    [1008, 'refused'],
    [4409, 'taken_over'],
  ])('stays away after close code %i', async (code, state) => {
    const c = new Case().open();
    c.socket.breaks(code);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(c.state).toBe(state);
    expect(c.platform.sockets.length).toBe(1);
    expect(c.platform.watching, 'and does not listen for the network either').toBe(false);
  });

  it('takes the session back when asked to', async () => {
    const c = new Case().open();
    c.socket.breaks(4409);
    c.client.reconnect();
    expect(c.socket.url.searchParams.get('session')).toBe('S');
    c.socket.onopen?.();
    c.socket.answersFence(3);
    expect(c.state).toBe('open');
  });

  it('waits longer each time nobody answers', async () => {
    const c = new Case().open();
    c.socket.breaks();
    const at: number[] = [];
    const begun = Date.now();
    while (at.length < 6) {
      const before = c.platform.sockets.length;
      while (c.platform.sockets.length === before) await vi.advanceTimersByTimeAsync(50);
      at.push(Date.now() - begun);
      c.socket.breaks();
      await vi.advanceTimersByTimeAsync(0);
    }
    const delays = at.map((time, i) => time - (at[i - 1] ?? 0));
    expect(delays[0], 'at once').toBeLessThanOrEqual(300);
    expect(delays[5], 'then patiently').toBeGreaterThanOrEqual(4000);
  });

  it('ends a connection attempt that hangs', async () => {
    const c = new Case();
    await vi.advanceTimersByTimeAsync(10_400);
    expect(c.platform.sockets.length).toBe(2);
    expect(c.platform.sockets[0]?.onmessage, 'the first cannot speak any more').toBeNull();
  });

  it('connects at once when the network is back', async () => {
    const c = new Case().open();
    c.platform.isOnline = false;
    for (let i = 0; i < 6; i++) {
      c.socket.breaks();
      await vi.advanceTimersByTimeAsync(i < 5 ? 20_000 : 0);
    }
    expect(c.client.status).toMatchObject({ state: 'reconnecting', offline: true });
    const before = c.platform.sockets.length;
    c.platform.wake('online', 0);
    expect(c.platform.sockets.length).toBe(before + 1);
  });

  it('asks whether the server is there when the network seems to go, and stays if it is', async () => {
    const c = new Case().open();
    c.platform.wake('offline', 0);
    c.socket.answersFence(3);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(c.platform.sockets.length, 'a server on this machine needs no network').toBe(1);
    expect(c.state).toBe('open');
  });

  it('doubts its connection after a long time in the background, not after a short one', async () => {
    const c = new Case().open();
    const sent = c.socket.sent.length;
    c.platform.wake('visible', 5_000);
    expect(c.socket.sent.length).toBe(sent);
    c.platform.wake('visible', 60_000);
    expect(c.socket.sent.length).toBe(sent + 1);
    await vi.advanceTimersByTimeAsync(3_500);
    expect(c.platform.sockets.length, 'no answer: dead').toBe(2);
  });

  it('notices a dead connection when the user says something', async () => {
    const c = new Case().open();
    c.say('m1', 'hello?');
    await vi.advanceTimersByTimeAsync(8_500);
    expect(c.platform.sockets.length).toBe(2);
  });
});

describe('what was said while the connection broke', () => {
  it('is sent again if the replay does not show that it arrived', async () => {
    const c = new Case().open();
    c.say('m1', 'hello');
    await c.reconnected();
    expect(c.socket.types(), 'not before the replay is over').toEqual([]);
    c.socket.answersFence(3);
    expect(c.socket.types()).toEqual(['conversation.item.create', 'response.create']);
  });

  it('is not sent twice if it does', async () => {
    const c = new Case().open();
    c.say('m1', 'hello');
    await c.reconnected();
    c.socket.says(3, { type: 'conversation.item.added', item: { id: 'm1', type: 'message', role: 'user', content: [] } });
    c.socket.says(4, { type: 'response.created', response: { id: 'r', status: 'in_progress' } });
    c.socket.answersFence(5);
    expect(c.socket.types()).toEqual([]);
  });

  it('is sent from where it got lost', async () => {
    const c = new Case().open();
    c.say('m1', 'hello');
    c.socket.says(3, { type: 'conversation.item.added', item: { id: 'm1', type: 'message', role: 'user', content: [] } });
    await c.reconnected();
    c.socket.answersFence(4);
    expect(c.socket.types()).toEqual(['response.create']);
  });

  it('keeps its event_id, so that an error finds its way', async () => {
    const c = new Case().open();
    const id = c.client.request({ type: 'response.cancel' });
    await c.reconnected();
    c.socket.answersFence(3);
    expect(c.socket.sent.at(-1)?.event_id).toBe(id);
    c.socket.says(4, { type: 'error', error: { type: 'x', message: '', event_id: id } });
    await c.reconnected();
    c.socket.answersFence(5);
    expect(c.socket.types(), 'an error is an answer too').toEqual([]);
  });

  it('does not keep reports of the player: they are of the moment', async () => {
    const c = new Case().open();
    c.socket.breaks();
    c.client.playback({ segment: 1, played_ms: 5, buffered_ms: 5 });
    await vi.advanceTimersByTimeAsync(300);
    c.socket.onopen?.();
    c.socket.answersFence(3);
    expect(c.socket.types()).toEqual([]);
    c.client.playback({ segment: 1, played_ms: 6, buffered_ms: 4 });
    expect(c.socket.types()).toEqual(['avatarforge.playback']);
  });
});

describe('a replay log that does not reach back', () => {
  const incomplete = { type: 'session.created', session: { id: 'S', type: 'realtime', avatarforge: { resumed: { complete: false } } } };
  const item = (id: string, role: string) => ({ type: 'conversation.item.added', item: { id, type: 'message', role, content: [] } });

  it('makes the listener forget, counts on from there, and configures the session again', async () => {
    const c = new Case().open();
    await c.reconnected();
    c.socket.says(500, incomplete);
    expect(c.resets).toEqual(['rebuilt']);
    c.socket.says(501, item('m1', 'user'));
    c.socket.says(502, item('a1', 'assistant'));
    expect(c.state, 'its end is marked by the fence').toBe('reconnecting');
    c.socket.answersFence(503);
    expect(c.state).toBe('open');
    expect(c.socket.types()).toEqual(['session.update']);
    expect(c.client.resumePoint).toEqual({ session: 'S', lastEvent: 503 });
  });

  it.each([
    ['anew', 1],
    ['on', 4],
    ['on with a gap', 90],
  ])('takes a session restored after a wait in line, numbered %s', async (_, first) => {
    const c = new Case().open();
    c.socket.sounds(3, 1, [1]);
    await c.reconnected();
    c.socket.says(first, { type: 'avatarforge.queue', position: 1, waiting: 1 });
    expect(c.state).toBe('queued');
    c.socket.answersFence(first + 1, 'waiting_for_slot');
    expect(c.state, 'an answer that it is too early is not the end of a replay').toBe('queued');
    c.socket.says(first + 2, incomplete);
    c.socket.answersFence(first + 3);
    expect(c.state).toBe('open');
    expect(c.client.resumePoint).toEqual({ session: 'S', lastEvent: first + 3 });
  });

  it('asks again for a response only if its message has none', async () => {
    const c = new Case().open();
    c.say('m2', 'and?');
    c.socket.says(3, item('m2', 'user'));
    await c.reconnected();
    c.socket.says(500, incomplete);
    c.socket.says(501, item('m1', 'user'));
    c.socket.says(502, item('a1', 'assistant'));
    c.socket.says(503, item('m2', 'user'));
    c.socket.answersFence(504);
    expect(c.socket.types(), 'a1 answers m1, not m2').toContain('response.create');
  });

  it('does not ask again for a response that is there', async () => {
    const c = new Case().open();
    c.say('m1', 'and?');
    await c.reconnected();
    c.socket.says(500, incomplete);
    c.socket.says(501, item('m1', 'user'));
    c.socket.says(502, item('a1', 'assistant'));
    c.socket.answersFence(503);
    expect(c.socket.types()).toEqual(['session.update']);
  });
});

describe('a refused handshake', () => {
  const refuse = async (c: Case, status: number, code: string, retryAfterMs = 0) => {
    c.platform.answer = { status, code, detail: 'why', retryAfterMs };
    c.socket.breaks();
    await vi.advanceTimersByTimeAsync(0);
  };

  it('of a session that is gone begins a new one, and says again what the user said', async () => {
    const c = new Case().open();
    c.say('m1', 'hello');
    c.client.request({ type: 'conversation.item.truncate', item_id: 'old', content_index: 0, audio_end_ms: 5 });
    c.socket.breaks();
    await vi.advanceTimersByTimeAsync(300);
    await refuse(c, 404, 'not_found');
    expect(c.resets).toEqual(['lost']);
    expect(Object.fromEntries(c.socket.url.searchParams)).toEqual({ queue: '1', character: 'alice' });
    c.open();
    expect(c.socket.types(), 'but nothing about items of the old one').toEqual([
      'session.update',
      'conversation.item.create',
      'response.create',
    ]);
  });

  it('of an unknown character is final', async () => {
    const c = new Case();
    await refuse(c, 404, 'not_found');
    expect(c.client.status).toMatchObject({ state: 'refused', problem: { code: 'not_found' } });
  });

  it('for want of a slot is tried again when the server says', async () => {
    const c = new Case();
    await refuse(c, 503, 'slot_limit', 7_000);
    expect(c.client.status).toMatchObject({ state: 'reconnecting', problem: { code: 'slot_limit' } });
    await vi.advanceTimersByTimeAsync(6_900);
    expect(c.platform.sockets.length).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(c.platform.sockets.length).toBe(2);
  });

  /** The server is there, refuses, and says no more; up to the attempt that leaves the session out. */
  const untilTrial = async (c: Case) => {
    c.socket.breaks();
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(5_000);
      expect(c.socket.url.searchParams.get('session')).toBe('S');
      await refuse(c, 400, 'invalid_request');
    }
    await vi.advanceTimersByTimeAsync(5_000);
    expect(Object.fromEntries(c.socket.url.searchParams), 'a trial').toEqual({ queue: '1', character: 'alice' });
  };

  it('without a reason, time and again, makes it try a new session, and give the old one up if it gets that', async () => {
    const c = new Case().open();
    c.say('m1', 'hello');
    await untilTrial(c);
    expect(c.resets).toEqual([]);
    c.socket.onopen?.();
    c.socket.says(1, { type: 'session.created', session: { id: 'T', type: 'realtime' } });
    expect(c.resets).toEqual(['lost']);
    expect(c.client.resumePoint).toEqual({ session: 'T', lastEvent: 1 });
    expect(c.socket.types()).toEqual(['session.update', 'conversation.item.create', 'response.create']);
  });

  it('of the new session as well shows that the old one is not to blame', async () => {
    const c = new Case().open();
    await untilTrial(c);
    await refuse(c, 400, 'invalid_request');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(c.resets).toEqual([]);
    expect(c.client.resumePoint).toEqual({ session: 'S', lastEvent: 2 });
    expect(c.socket.url.searchParams.get('session')).toBe('S');
  });

  it('that nobody explains is a broken network: the session is kept', async () => {
    const c = new Case().open();
    for (let i = 0; i < 20; i++) {
      c.socket.breaks();
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(c.resets).toEqual([]);
    expect(c.socket.url.searchParams.get('session')).toBe('S');
  });
});

describe('leaving', () => {
  it('closes with 1000, which frees the slot at once', () => {
    const c = new Case().open();
    c.client.close();
    expect(c.socket.closed?.code).toBe(1000);
    expect(c.state).toBe('closed');
  });
});
