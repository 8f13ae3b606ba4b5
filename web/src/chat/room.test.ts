import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Position } from '../audio/core.ts';
import type { ItemHeard } from '../audio/heard.ts';
import type { Heard, PlayerListener } from '../audio/player.ts';
import { FakePlatform } from '../testing.ts';
import { Room, type RoomConfig, type Speaker } from './room.ts';
import type { Store } from './snapshot.ts';

const IDLE: Position = { state: 'idle', segment: 0, playedMs: 0, receivedMs: 0, complete: true, bufferedMs: 0, targetMs: 80 };

class FakePlayer implements Speaker {
  audible = true;
  volume = 1;
  readonly pushed: number[] = [];
  readonly calls: string[] = [];
  what: ItemHeard = { itemId: '', audioEndMs: 0, whole: true };
  readonly listener: PlayerListener;

  constructor(listener: PlayerListener) {
    this.listener = listener;
  }

  unlock() {
    this.calls.push('unlock');
  }
  announce(segment: number, itemId: string) {
    this.calls.push(`announce ${segment} ${itemId}`);
  }
  assumeHeard(segment: number, ms: number) {
    this.calls.push(`assumeHeard ${segment} ${ms}`);
  }
  push(segment: number) {
    this.pushed.push(segment);
  }
  clear(): Promise<Heard> {
    this.calls.push('clear');
    return Promise.resolve({ segment: 0, playedMs: 0, item: null });
  }
  heard(itemId: string) {
    return { ...this.what, itemId };
  }
  forget() {
    this.calls.push('forget');
  }
  position() {
    return IDLE;
  }
  readonly stutters = 0;
  private endReplay: ((whole: boolean) => void) | null = null;
  replay(segment: number): Promise<boolean> {
    this.calls.push(`replay ${segment}`);
    return new Promise((resolve) => (this.endReplay = resolve));
  }
  /** The replay comes to its end. */
  replayed() {
    this.endReplay?.(true);
  }
  stopReplay() {
    this.endReplay?.(false);
    this.endReplay = null;
  }
  level() {
    return 0;
  }
  plays(segment: number, playedMs: number, bufferedMs = 1000) {
    this.listener.position({ ...IDLE, state: 'playing', segment, playedMs, receivedMs: playedMs + bufferedMs, bufferedMs });
  }
}

function memory(): Store {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/** A room with the test for a server and a player; frames are numbered by the case. */
class Case {
  readonly platform = new FakePlatform();
  readonly store = memory();
  readonly room: Room;
  player!: FakePlayer;
  private number = 0;

  constructor(config: Partial<RoomConfig> = {}) {
    this.room = new Room(
      { url: 'ws://host/v1/realtime', character: null, snapshot: null, voice: true, volume: 1, language: 'ko', ...config },
      (listener) => (this.player = new FakePlayer(listener)),
      this.platform,
      this.store,
    );
    this.room.start();
    this.socket.onopen?.();
    this.server({ type: 'session.created', session: { id: 'S', type: 'realtime' } });
    this.server({ type: 'session.updated', session: { id: 'S', type: 'realtime' } });
  }

  get socket() {
    return this.platform.socket;
  }

  server(event: Record<string, unknown>) {
    this.socket.says(++this.number, event);
  }

  sound(segment: number) {
    this.socket.sounds(++this.number, segment, [1, 2, 3]);
  }

  /** What the client sent since the last call, without reports of the player. */
  sent(): Record<string, unknown>[] {
    const sent = this.socket.sent.filter(({ type }) => type !== 'avatarforge.playback');
    this.socket.sent.length = 0;
    return sent;
  }

  types() {
    return this.sent().map(({ type }) => type);
  }

  async say(text: string) {
    this.room.say(text);
    await this.settled();
  }

  async settled() {
    await vi.advanceTimersByTimeAsync(0);
  }

  /** The server takes what was said and answers with two sentences, of which the first one's sound has begun. */
  answers(response = 'r1', item = 'a1', segment = 1) {
    for (const { id, status } of this.room.state.conversation.messages) {
      if (status === 'sending') this.server({ type: 'conversation.item.added', item: { id, type: 'message', role: 'user', content: [] } });
    }
    this.server({ type: 'response.created', response: { id: response, status: 'in_progress' } });
    const added = { id: item, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
    this.server({ type: 'response.output_item.added', response_id: response, item: added });
    this.server({ type: 'conversation.item.added', item: added });
    this.server({ type: 'response.output_audio_transcript.delta', response_id: response, item_id: item, delta: '하나 둘. 셋 넷.' });
    this.server({ type: 'avatarforge.sentence', segment, response_id: response, item_id: item, index: 0, text: '하나 둘. ', sample_rate: 24000 });
    this.sound(segment);
  }

  done(response = 'r1', status = 'completed') {
    this.server({ type: 'response.done', response: { id: response, status } });
  }

  error(code: string, event_id: unknown) {
    this.server({ type: 'error', error: { type: 'invalid_request_error', code, message: code, event_id } });
  }

  message(id: string) {
    return this.room.state.conversation.messages.find((message) => message.id === id);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a turn', () => {
  it('asks for binary audio at the player’s rate, then says the words and asks for a response', async () => {
    const c = new Case();
    await c.say('안녕');
    const [update, create, response] = c.sent();
    expect(update?.session).toMatchObject({
      output_modalities: ['audio'],
      audio: { output: { format: { type: 'audio/pcm', rate: 24000 } } },
      avatarforge: { transport: 'binary' },
    });
    expect(create?.item).toMatchObject({ role: 'user', content: [{ type: 'input_text', text: '안녕' }] });
    expect(response?.type).toBe('response.create');
  });

  it('plays the sound and knows whose it is', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    expect(c.player.calls).toContain('announce 1 a1');
    expect(c.player.pushed).toEqual([1]);
    c.player.plays(1, 10);
    expect(c.room.state.speaking).toEqual({ itemId: 'a1', segment: 1 });
  });

  it('reports the player every half second and at each change', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.sent();
    for (let ms = 0; ms < 2000; ms += 100) {
      c.player.plays(1, ms);
      await vi.advanceTimersByTimeAsync(100);
    }
    const reports = c.socket.sent.filter(({ type }) => type === 'avatarforge.playback');
    expect(reports.map(({ played_ms }) => played_ms)).toEqual([0, 500, 1000, 1500]);
    c.player.plays(2, 0);
    expect(c.socket.sent.at(-1), 'another segment').toMatchObject({ segment: 2, played_ms: 0, buffered_ms: 1000 });
    c.player.listener.position({ ...IDLE, segment: 2, playedMs: 1000 });
    expect(c.socket.sent.at(-1), 'and silence').toMatchObject({ segment: 2, played_ms: 1000, buffered_ms: 0 });
  });
});

describe('an interruption', () => {
  it('silences the player, cancels, and tells what was heard, in this order', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.player.plays(1, 10);
    c.player.what = { itemId: 'a1', audioEndMs: 300, whole: false };
    c.sent();
    void c.room.interrupt();
    expect(c.player.calls.at(-1), 'silence before anything else').toBe('clear');
    expect(c.room.state.speaking).toBeNull();
    await c.settled();
    expect(c.sent()).toMatchObject([
      { type: 'response.cancel', response_id: 'r1' },
      { type: 'conversation.item.truncate', item_id: 'a1', content_index: 0, audio_end_ms: 300 },
    ]);
    expect(c.message('a1')?.status).toBe('cut');
  });

  it('does not play what was on its way', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    void c.room.interrupt();
    c.sound(1);
    c.server({ type: 'avatarforge.sentence', segment: 2, response_id: 'r1', item_id: 'a1', index: 1, text: '셋 넷.', sample_rate: 24000 });
    c.sound(2);
    expect(c.player.pushed).toEqual([1]);
  });

  it('by a new message is complete before that is said', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.player.what = { itemId: 'a1', audioEndMs: 300, whole: false };
    c.sent();
    await c.say('잠깐');
    expect(c.types()).toEqual(['response.cancel', 'conversation.item.truncate', 'conversation.item.create', 'response.create']);
  });

  it('of speech whose response is over only tells what was heard', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.done();
    c.player.plays(1, 10);
    c.player.what = { itemId: 'a1', audioEndMs: 300, whole: false };
    c.sent();
    void c.room.interrupt();
    await c.settled();
    expect(c.types()).toEqual(['conversation.item.truncate']);
  });

  it('after all was heard changes nothing', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.server({ type: 'conversation.item.done', item: { id: 'a1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_audio', transcript: '하나 둘. 셋 넷.' }] } });
    c.done();
    c.sent();
    await c.say('다음');
    expect(c.types()).toEqual(['conversation.item.create', 'response.create']);
  });

  it('does not cut what was only read: the browser kept the sound back', async () => {
    const c = new Case();
    c.player.audible = false;
    await c.say('안녕');
    c.answers();
    c.sent();
    void c.room.interrupt();
    await c.settled();
    expect(c.types()).toEqual(['response.cancel']);
  });

  it('before the answer has begun reaches it all the same', async () => {
    const c = new Case();
    await c.say('하나');
    c.sent();
    await c.say('둘');
    expect(c.types(), 'in the order in which the server reads').toEqual(['response.cancel', 'conversation.item.create', 'response.create']);
    c.answers('r1', 'a1', 1);
    expect(c.player.pushed, 'the answer to the first is not heard').toEqual([]);
    c.done('r1', 'cancelled');
    c.answers('r2', 'a2', 2);
    expect(c.player.pushed).toEqual([2]);
  });

  it('shows what the server kept', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.player.what = { itemId: 'a1', audioEndMs: 300, whole: false };
    void c.room.interrupt();
    await c.settled();
    c.sent();
    c.server({ type: 'conversation.item.truncated', item_id: 'a1', content_index: 0, audio_end_ms: 300 });
    expect(c.types()).toEqual(['conversation.item.retrieve']);
    c.server({ type: 'conversation.item.retrieved', item: { id: 'a1', type: 'message', role: 'assistant', content: [{ type: 'output_audio', transcript: '하나' }] } });
    expect(c.message('a1')).toMatchObject({ text: '하나 둘. 셋 넷.', heardChars: 2 });
  });

  it('that comes too late is no error to anybody', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.sent();
    void c.room.interrupt();
    await c.settled();
    for (const { event_id } of c.sent()) c.error('response_cancel_not_active', event_id);
    expect(c.room.state.notices).toEqual([]);
  });
});

describe('a response that is refused because another is still ending', () => {
  it('is asked for again when that has ended', async () => {
    const c = new Case();
    await c.say('하나');
    c.answers();
    c.sent();
    await c.say('둘');
    const create = c.sent().findLast(({ type }) => type === 'response.create');
    c.error('conversation_already_has_active_response', create?.event_id);
    expect(c.types(), 'not yet').toEqual([]);
    c.done('r1', 'cancelled');
    expect(c.types()).toEqual(['response.create']);
    expect(c.room.state.notices).toEqual([]);
  });

  it('not for ever', async () => {
    const c = new Case();
    await c.say('하나');
    for (let i = 0; i < 3; i++) {
      const create = c.sent().findLast(({ type }) => type === 'response.create');
      expect(create, `try ${i + 1}`).toBeDefined();
      c.error('conversation_already_has_active_response', create?.event_id);
    }
    expect(c.types()).toEqual([]);
    expect(c.room.state.notices).toMatchObject([{ code: 'conversation_already_has_active_response' }]);
    expect(c.room.state.conversation.awaiting).toBe(false);
  });
});

describe('errors', () => {
  it('are told once each and go away', async () => {
    const c = new Case();
    c.error('rate_limit_exceeded', null);
    c.error('rate_limit_exceeded', null);
    expect(c.room.state.notices).toMatchObject([{ code: 'rate_limit_exceeded' }]);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(c.room.state.notices).toEqual([]);
  });

  it('of a message mark the message', async () => {
    const c = new Case();
    await c.say('너무 길다');
    const create = c.sent().find(({ type }) => type === 'conversation.item.create');
    c.error('too_long', create?.event_id);
    expect(c.room.state.conversation.messages).toMatchObject([{ status: 'failed' }]);
  });

  it('of speech are told by the sentence’s mark alone', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.server({ type: 'error', error: { type: 'server_error', code: 'speech_failed', message: '' }, avatarforge: { segment: 1 } });
    expect(c.room.state.notices).toEqual([]);
    expect(c.message('a1')?.sentences).toMatchObject([{ failed: true }]);
  });

  it('of a whole response are told with their reason', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.server({ type: 'response.done', response: { id: 'r1', status: 'failed', status_details: { type: 'failed', error: { code: 'upstream_timeout', message: 'slow' } } } });
    expect(c.room.state.notices).toMatchObject([{ code: 'upstream_timeout', message: 'slow' }]);
  });
});

describe('the voice', () => {
  it('turned off is silent at once, and the next answer is only written', async () => {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.sent();
    c.room.setVoice(false);
    expect(c.player.calls.at(-1)).toBe('clear');
    c.sound(1);
    expect(c.player.pushed, 'what still comes is not played').toEqual([1]);
    expect(c.sent()).toMatchObject([{ type: 'session.update', session: { output_modalities: ['text'] } }]);
  });
});

describe('a reload', () => {
  it('goes on with the conversation and the frame that belongs to it', async () => {
    const before = new Case();
    await before.say('안녕');
    before.answers();
    before.server({ type: 'avatarforge.sentence.done', segment: 1, duration_ms: 800 });
    before.room.save();
    const { load } = await import('./snapshot.ts');
    const snapshot = load(before.store)!;
    expect(snapshot.resume).toEqual({ session: 'S', lastEvent: 10 });

    const platform = new FakePlatform();
    let player!: FakePlayer;
    const room = new Room(
      { url: 'ws://host/v1/realtime', character: null, snapshot, voice: true, volume: 1, language: 'ko' },
      (listener) => (player = new FakePlayer(listener)),
      platform,
      before.store,
    );
    room.start();
    expect(platform.socket.url.searchParams.get('last_event')).toBe('10');
    expect(room.state.conversation.messages.map(({ text }) => text)).toEqual(['안녕', '하나 둘. 셋 넷.']);
    expect(player.calls, 'what the page before played counts as heard').toContain('assumeHeard 1 800');
    platform.socket.onopen?.();
    platform.socket.says(11, { type: 'response.output_audio_transcript.delta', response_id: 'r1', item_id: 'a1', delta: ' 끝.' });
    expect(room.state.conversation.messages[1]?.text).toBe('하나 둘. 셋 넷. 끝.');
  });

  it('after leaving begins anew', async () => {
    const c = new Case();
    c.room.save();
    c.room.leave();
    const { load } = await import('./snapshot.ts');
    expect(load(c.store)).toBeNull();
    expect(c.socket.closed?.code).toBe(1000);
  });
});

describe('a session told anew', () => {
  it('forgets what the player held and keeps what the server has not seen', async () => {
    const c = new Case();
    await c.say('안녕');
    c.socket.breaks();
    await vi.advanceTimersByTimeAsync(600);
    c.socket.onopen?.();
    c.socket.says(700, { type: 'session.created', session: { id: 'S', type: 'realtime', avatarforge: { resumed: { complete: false } } } });
    expect(c.player.calls).toContain('forget');
    expect(c.room.state.conversation.messages).toMatchObject([{ text: '안녕', status: 'sending' }]);
    c.socket.answersFence(701);
    expect(c.socket.types()).toEqual(['session.update', 'conversation.item.create', 'response.create']);
  });
});

describe('hearing again', () => {
  /** An answer of one sentence that has been heard to its end. */
  async function heardOnce(): Promise<Case> {
    const c = new Case();
    await c.say('안녕');
    c.answers();
    c.server({ type: 'avatarforge.sentence.done', segment: 1, duration_ms: 500 });
    c.done();
    c.player.listener.position(IDLE);
    c.sent();
    return c;
  }

  it('plays the sound that is at hand, and tells the server nothing of it', async () => {
    const c = await heardOnce();
    void c.room.speak('a1');
    await c.settled();
    expect(c.player.calls).toContain('replay 1');
    expect(c.room.state.speaking, 'its sentence is marked').toEqual({ itemId: 'a1', segment: 1 });
    expect(c.room.busy, 'so that Esc ends it').toBe(true);
    c.player.replayed();
    await c.settled();
    expect(c.room.state.speaking).toBeNull();
    expect(c.types(), 'the server has nothing to do').toEqual([]);
  });

  it('ends at an interruption, which changes nothing of what was said', async () => {
    const c = await heardOnce();
    void c.room.speak('a1');
    await c.settled();
    await c.room.interrupt();
    expect(c.room.state).toMatchObject({ speaking: null, replaying: null });
    expect(c.types(), 'no truncation: it was heard before').toEqual([]);
    expect(c.message('a1')?.heardChars).toBeNull();
  });

  it('asks the server where the sound is gone, and stops that without cutting the history', async () => {
    const c = await heardOnce();
    c.server({ type: 'conversation.item.added', item: { id: 'old', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: '옛말.' }] } });
    await c.room.speak('old');
    expect(c.sent()).toMatchObject([{ type: 'avatarforge.speak', item_id: 'old' }]);
    c.server({ type: 'avatarforge.sentence', segment: 2, response_id: null, item_id: 'old', index: 0, text: '옛말.', sample_rate: 24000 });
    c.sound(2);
    c.player.plays(2, 100);
    expect(c.room.state.speaking).toEqual({ itemId: 'old', segment: 2 });
    await c.room.interrupt();
    await c.settled();
    expect(c.types()).toEqual(['response.cancel']);
  });

  it('is over when a new message is said', async () => {
    const c = await heardOnce();
    void c.room.speak('a1');
    await c.settled();
    await c.say('또');
    expect(c.room.state.replaying).toBeNull();
    expect(c.types()).toEqual(['conversation.item.create', 'response.create']);
  });
});

describe('a conversation of before', () => {
  it('is asked for by its id, to be told anew', () => {
    const c = new Case({ session: 'S' });
    expect(c.socket.url.searchParams.get('session')).toBe('S');
    expect(Number(c.socket.url.searchParams.get('last_event')), 'from beyond what any log holds').toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('a greeting', () => {
  it('is an item of the character’s, spoken at once, and not cut when somebody talks over it', async () => {
    const c = new Case({ greeting: '어서 오세요.' });
    const [, create, speak] = c.sent();
    expect(create).toMatchObject({ type: 'conversation.item.create', item: { role: 'assistant', content: [{ text: '어서 오세요.' }] } });
    const id = (create!.item as { id: string }).id;
    expect(speak).toMatchObject({ type: 'avatarforge.speak', item_id: id });
    c.server({ type: 'conversation.item.added', item: { ...(create!.item as object), status: 'completed' } });
    c.server({ type: 'avatarforge.sentence', segment: 1, response_id: null, item_id: id, index: 0, text: '어서 오세요.', sample_rate: 24000 });
    c.sound(1);
    c.player.plays(1, 100);
    await c.say('안녕');
    expect(c.types()).toEqual(['response.cancel', 'conversation.item.create', 'response.create']);
  });

  it('is only written where nothing is spoken by itself', () => {
    const c = new Case({ greeting: '어서 오세요.', mode: 'on_click' });
    expect(c.types()).toEqual(['session.update', 'conversation.item.create']);
  });
});

describe('a scene', () => {
  it('is told with the mode and the temperature, and again when the mode changes', async () => {
    const scenario = { opponent: '하나', situation: '비 오는 밤', background: '' };
    const c = new Case({ scenario, mode: 'delayed', temperature: 1.2, model: 'm' });
    expect(c.sent()[0]?.session).toMatchObject({ model: 'm', avatarforge: { scenario, temperature: 1.2, tts: { mode: 'delayed', delay_ms: 1500 } } });
    c.room.setMode('on_click');
    expect(c.sent()[0]?.session).toMatchObject({ avatarforge: { scenario, tts: { mode: 'on_click', delay_ms: 0 } } });
  });
});
