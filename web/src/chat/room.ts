import type { Position } from '../audio/core.ts';
import type { Heard, PlayerListener } from '../audio/player.ts';
import type { ItemHeard } from '../audio/heard.ts';
import { RealtimeClient, type AudioChunk, type Status } from '../realtime/client.ts';
import type { RealtimeError, ResponseObject, ServerEvent, SessionExtension } from '../realtime/events.ts';
import type { Platform } from '../realtime/platform.ts';
import type { Character } from './character.ts';
import { EMPTY, reduce, type Action, type Conversation } from './conversation.ts';
import { heardChars } from './highlight.ts';
import * as snapshots from './snapshot.ts';
import { SoundStore } from './sounds.ts';
import { Stopwatch } from './stopwatch.ts';

/** The part of the player that a room uses. */
export interface Speaker {
  unlock(): void;
  announce(segment: number, itemId: string, sampleRate: number): void;
  assumeHeard(segment: number, ms: number): void;
  push(segment: number, pcm: Int16Array<ArrayBuffer>, last: boolean): void;
  clear(): Promise<Heard>;
  heard(itemId: string): ItemHeard;
  forget(): void;
  position(): Position;
  replay(segment: number, pcm: Int16Array, rate: number): Promise<boolean>;
  stopReplay(): void;
  level(): number;
  readonly stutters: number;
  readonly audible: boolean;
  volume: number;
}

export type SpeechMode = 'realtime' | 'delayed' | 'on_click';

export interface Scenario {
  opponent: string;
  situation: string;
  background: string;
}

/** Something to tell the user once. */
export interface Notice {
  id: number;
  code: string;
  /** The server's own words, for what the page has none for. */
  message: string;
}

export interface RoomState {
  character: Character | null;
  conversation: Conversation;
  status: Status;
  /** What is sounding, or about to. */
  speaking: { itemId: string; segment: number } | null;
  /** What is played once more, on request. Of what is speaking, a part. */
  replaying: { itemId: string; segment: number } | null;
  voice: boolean;
  mode: SpeechMode;
  volume: number;
  /** The browser keeps the sound back until the page is touched. */
  blocked: boolean;
  notices: Notice[];
}

export interface RoomConfig {
  url: string;
  character: Character | null;
  /** Goes on from here instead of beginning anew. */
  snapshot: snapshots.Snapshot | null;
  /** Goes on with this conversation of before, told anew by the server. */
  session?: string;
  scenario?: Scenario | null;
  /** What the character opens a new conversation with; empty for nothing. */
  greeting?: string;
  voice: boolean;
  mode?: SpeechMode;
  /** Milliseconds that the voice stays behind the text, where the mode is `delayed`. */
  delayMs?: number;
  volume: number;
  language: string;
  /** Empty or left out: the server's. */
  model?: string;
  temperature?: number | null;
}

export const SAMPLE_RATE = 24_000;

/** Milliseconds between reports of the player's position while nothing changes. */
const REPORT_EVERY = 500;
const NOTICE_FOR = 8_000;
const DELAY_MS = 1_500;
/** A frame number that no replay log reaches: the server then tells the conversation anew. */
const TELL_ANEW = Number.MAX_SAFE_INTEGER;
/** How often a response is asked for again that came while another was still ending. */
const CREATE_TRIES = 3;

/**
 * One conversation as the page has it: what was said, the connection, and the player. Holds the three together, and nothing of
 * how it looks. Subscribers are called at each change of {@link state}; it is a new object each time.
 */
export class Room {
  private readonly client: RealtimeClient;
  private readonly player: Speaker;
  private readonly store: snapshots.Store;
  private readonly config: RoomConfig;
  private readonly newId: () => string;
  private readonly subscribers = new Set<() => void>();

  private current: RoomState;
  /** Items that were interrupted: what still comes of their sound is on its way since before that. */
  private readonly silenced = new Set<string>();
  /** Responses that were interrupted before their item was known. */
  private readonly silencedResponses = new Set<string>();
  private readonly itemOf = new Map<number, string>();
  /** Requests whose failure is nobody's concern: the thing to be stopped had stopped by itself. */
  private readonly quiet = new Set<string>();
  /** The response.create events that have not been answered, by event_id, in order. */
  private readonly creates = new Map<string, { triesLeft: number; discarded: boolean }>();
  private retryCreate = 0;
  private readonly messageOf = new Map<string, string>();
  private readonly sounds = new SoundStore();
  private readonly watch: Stopwatch;
  /** Segments of items that were silenced and are being spoken anew. */
  private readonly dead = new Set<number>();
  /** Items that are spoken because the user asked for it. An interruption says nothing about what was read before. */
  private readonly onRequest = new Set<string>();
  private replays = 0;

  /** What the user does, one after the other: stopping the player takes a moment. */
  private doing: Promise<unknown> = Promise.resolve();

  private reportedAt = Number.NEGATIVE_INFINITY;
  private reported = '';
  private notices = 0;

  constructor(config: RoomConfig, makePlayer: (listener: PlayerListener) => Speaker, platform: Platform, store: snapshots.Store) {
    this.config = config;
    this.store = store;
    this.newId = () => platform.id();
    this.watch = new Stopwatch(() => performance.now());
    this.current = {
      character: config.character,
      conversation: config.snapshot?.conversation ?? EMPTY,
      status: { state: 'idle' },
      speaking: null,
      replaying: null,
      voice: config.voice,
      mode: config.mode ?? 'realtime',
      volume: config.volume,
      blocked: false,
      notices: [],
    };
    this.player = makePlayer({
      position: (position) => this.positionChanged(position),
      blocked: (blocked) => {
        if (blocked !== this.current.blocked) this.update({ blocked });
      },
    });
    this.player.volume = config.volume;
    for (const message of this.current.conversation.messages) {
      for (const { segment, durationMs } of message.sentences) {
        this.itemOf.set(segment, message.id);
        this.player.announce(segment, message.id, SAMPLE_RATE);
        if (durationMs !== null) this.player.assumeHeard(segment, durationMs);
      }
    }
    this.client = new RealtimeClient(
      {
        url: config.url,
        ...(config.character ? { character: config.character.id } : {}),
        ...(config.snapshot
          ? { resume: config.snapshot.resume }
          : config.session !== undefined
            ? { resume: { session: config.session, lastEvent: TELL_ANEW } }
            : {}),
        session: {
          output_modalities: [config.voice ? 'audio' : 'text'],
          audio: { output: { format: { type: 'audio/pcm', rate: SAMPLE_RATE } } },
          ...(config.model ? { model: config.model } : {}),
          avatarforge: this.extension(),
        },
      },
      {
        status: (status) => this.statusChanged(status),
        event: (event) => this.receive(event),
        audio: (chunk) => this.receiveAudio(chunk),
        reset: (why) => this.reset(why),
      },
      platform,
    );
  }

  /** Ours of the session, whole: a change of it is told whole to a session that follows a lost one. */
  private extension(): SessionExtension {
    const { mode } = this.current;
    const { temperature, scenario } = this.config;
    return {
      transport: 'binary',
      tts: { mode, delay_ms: mode === 'delayed' ? (this.config.delayMs ?? DELAY_MS) : 0 },
      ...(temperature === undefined || temperature === null ? {} : { temperature }),
      ...(scenario ? { scenario } : {}),
    };
  }

  get state(): RoomState {
    return this.current;
  }

  subscribe(callback: () => void): () => void {
    this.subscribers.add(callback);
    return () => this.subscribers.delete(callback);
  }

  /** Where the listener's ear is at this moment. */
  position(): Position {
    return this.player.position();
  }

  /** Loudness of what is being heard, root mean square of full scale. */
  readonly level = (): number => this.player.level();

  start() {
    if (this.config.greeting) this.greet(this.config.greeting);
    this.client.start();
  }

  /** The character speaks first. As an item, so that it knows what it said. */
  private greet(text: string) {
    const id = `msg_${this.newId()}`;
    this.client.request({
      type: 'conversation.item.create',
      item: { id, type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] },
    });
    if (!this.current.voice || this.current.mode === 'on_click') return;
    this.onRequest.add(id);
    this.client.request({ type: 'avatarforge.speak', item_id: id });
  }

  /** Leaves for good: the session ends and its slot is free. */
  leave() {
    void this.player.clear();
    this.player.forget();
    this.client.close();
    snapshots.clear(this.store);
  }

  /** Writes down where the conversation is, for a reload. */
  save() {
    const resume = this.client.resumePoint;
    const { character, conversation } = this.current;
    const { state } = this.client.status;
    if (resume && state !== 'closed') snapshots.save(this.store, { character, resume, conversation });
    else snapshots.clear(this.store);
  }

  unlock() {
    this.player.unlock();
  }

  reconnect() {
    this.client.reconnect();
  }

  /** Says something to the character. What it is saying at the moment ends. */
  say(text: string) {
    const id = `msg_${this.newId()}`;
    const stopped = this.interrupt();
    this.apply({ kind: 'said', id, text });
    this.doing = stopped.then(() => {
      const created = this.client.request({
        type: 'conversation.item.create',
        item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
      });
      this.messageOf.set(created, id);
      this.createResponse(CREATE_TRIES);
      this.apply({ kind: 'awaiting', awaiting: true });
    });
  }

  /** Whether there is anything to interrupt. */
  get busy(): boolean {
    const { conversation, speaking, replaying } = this.current;
    return replaying !== null || speaking !== null || conversation.active !== null || conversation.awaiting;
  }

  /** Silence at once; the running response ends, and the character knows how much of it was heard. */
  interrupt(): Promise<unknown> {
    this.stopReplay();
    if (!this.busy) return this.doing;
    const { conversation, speaking } = this.current;
    const { active, awaiting } = conversation;
    const running = active === null ? undefined : conversation.messages.find((m) => m.responseId === active)?.id;
    const spoken = speaking?.itemId ?? running;
    for (const item of [spoken, running]) if (item !== undefined) this.silenced.add(item);

    const audible = this.player.audible;
    const cleared = this.player.clear();
    this.update({ speaking: null });
    if (active !== null) {
      this.silencedResponses.add(active);
      this.quietRequest({ type: 'response.cancel', response_id: active });
    }
    const asked = spoken !== undefined && active === null && this.onRequest.has(spoken);
    if (asked) this.quietRequest({ type: 'response.cancel' });
    this.doing = Promise.all([this.doing, cleared]).then(() => {
      if (active === null && awaiting) this.cancelAwaited();
      if (spoken !== undefined && !asked) this.tellHeard(spoken, audible);
    });
    return this.doing;
  }

  /** Stops responses that were asked for and have not begun. The server reads in order, so the cancel meets them running. */
  private cancelAwaited() {
    if (this.creates.size === 0) return;
    for (const create of this.creates.values()) create.discarded = true;
    this.retryCreate = 0;
    this.quietRequest({ type: 'response.cancel' });
    this.apply({ kind: 'awaiting', awaiting: false });
  }

  setVoice(voice: boolean) {
    if (voice === this.current.voice) return;
    this.update({ voice });
    if (!voice) {
      void this.player.clear();
      this.update({ speaking: null });
    }
    this.stopReplay();
    this.client.updateSession({ output_modalities: [voice ? 'audio' : 'text'] });
  }

  setMode(mode: SpeechMode) {
    if (mode === this.current.mode) return;
    this.update({ mode });
    this.client.updateSession({ avatarforge: this.extension() });
  }

  /** Whether a sentence's sound is at hand. */
  hasSound(segment: number): boolean {
    return this.sounds.has(segment);
  }

  /**
   * Says an answer once more, or for the first time: from the sound that is at hand, beginning with `from`, or else by asking the
   * server to speak it. What is being said ends.
   */
  async speak(itemId: string, from?: number, only = false) {
    const message = this.current.conversation.messages.find(({ id }) => id === itemId);
    if (!message) return;
    await this.interrupt();
    this.unlock();
    const audible = message.sentences.filter(({ failed }) => !failed);
    const wanted = from === undefined ? audible : audible.filter(({ segment }) => (only ? segment === from : segment >= from));
    if (wanted.length > 0 && wanted.every(({ segment }) => this.sounds.has(segment))) {
      await this.replay(itemId, wanted.map(({ segment }) => segment));
      return;
    }
    for (const { segment } of message.sentences) this.dead.add(segment);
    this.silenced.delete(itemId);
    this.onRequest.add(itemId);
    this.client.request({ type: 'avatarforge.speak', item_id: itemId });
  }

  private async replay(itemId: string, segments: number[]) {
    const call = ++this.replays;
    for (const segment of segments) {
      const { pcm, rate } = this.sounds.get(segment)!;
      this.update({ replaying: { itemId, segment }, speaking: { itemId, segment } });
      const whole = await this.player.replay(segment, pcm, rate);
      if (call !== this.replays) return;
      if (!whole) break;
    }
    this.update({ replaying: null, speaking: null });
  }

  private stopReplay() {
    if (this.current.replaying === null) return;
    this.replays++;
    this.player.stopReplay();
    this.update({ replaying: null, speaking: null });
  }

  setVolume(volume: number) {
    this.player.volume = volume;
    this.update({ volume });
  }

  dismiss(id: number) {
    this.update({ notices: this.current.notices.filter((notice) => notice.id !== id) });
  }

  // From the connection.

  private receive(event: ServerEvent) {
    if (event.type === 'avatarforge.sentence') {
      this.itemOf.set(event.segment, event.item_id);
      this.sounds.begin(event.segment, event.sample_rate || SAMPLE_RATE);
      this.player.announce(event.segment, event.item_id, event.sample_rate || SAMPLE_RATE);
    }
    this.apply({ kind: 'event', event });
    switch (event.type) {
      case 'conversation.item.truncated':
        // The server cut to the word; ask what is left.
        this.quietRequest({ type: 'conversation.item.retrieve', item_id: event.item_id });
        return;
      case 'response.created':
        this.watch.created(event.response.id, this.player.stutters);
        this.responseCreated(event.response.id);
        return;
      case 'conversation.item.added':
        // Told anew: of the response that was asked for, the item is all there is to see.
        if (event.item.role === 'assistant' && this.current.conversation.active === null) this.creates.clear();
        return;
      case 'response.output_item.added':
        if (this.silencedResponses.has(event.response_id)) this.silenced.add(event.item.id);
        return;
      case 'response.done':
        this.silencedResponses.delete(event.response.id);
        this.measure(event.response);
        if (event.response.status === 'failed') {
          const { error } = event.response.status_details ?? {};
          this.notify(error?.code ?? 'response_failed', error?.message ?? '');
        }
        if (this.retryCreate > 0) this.createResponse(this.retryCreate);
        this.save();
        return;
      case 'session.created':
        this.save();
        return;
      case 'error':
        this.receiveError(event.error);
    }
  }

  /** Responses begin in the order in which they were asked for. */
  private responseCreated(id: string) {
    const oldest = this.creates.entries().next().value;
    if (!oldest) return;
    const [request, { discarded }] = oldest;
    this.creates.delete(request);
    if (discarded) this.silencedResponses.add(id);
  }

  private receiveError(error: RealtimeError) {
    const id = error.event_id ?? '';
    if (this.quiet.delete(id) || error.code === 'speech_failed') return;
    const message = this.messageOf.get(id);
    if (message !== undefined) this.apply({ kind: 'refused', id: message });
    const create = this.creates.get(id);
    if (create) {
      this.creates.delete(id);
      if (create.discarded) return;
      if (error.code === 'conversation_already_has_active_response' && create.triesLeft > 0) {
        // The response that we cancelled has not ended yet. Its response.done may be here already, or is on its way.
        this.retryCreate = create.triesLeft;
        if (this.current.conversation.active === null) this.createResponse(this.retryCreate);
        return;
      }
      this.apply({ kind: 'awaiting', awaiting: false });
    }
    this.notify(error.code ?? error.type, error.message);
  }

  private receiveAudio({ segment, pcm, last }: AudioChunk) {
    const item = this.itemOf.get(segment);
    if (!this.current.voice || (item !== undefined && this.silenced.has(item)) || this.dead.has(segment)) return;
    // Before the player: that takes the samples away to its own thread.
    this.sounds.add(segment, pcm, last);
    if (pcm.length > 0) this.stopReplay();
    this.player.push(segment, pcm, last);
  }

  private reset(why: 'rebuilt' | 'lost') {
    this.player.forget();
    this.itemOf.clear();
    this.silenced.clear();
    this.silencedResponses.clear();
    this.sounds.forget();
    this.dead.clear();
    this.onRequest.clear();
    this.replays++;
    this.update({ speaking: null, replaying: null });
    this.apply({ kind: 'reset' });
    if (why === 'lost') this.notify('session_lost', '');
  }

  private statusChanged(status: Status) {
    const { state } = this.current.status;
    this.update({ status });
    if (status.state === 'open' && state !== 'open') this.reported = '';
    if (status.state === 'closed' || status.state === 'refused') snapshots.clear(this.store);
  }

  private createResponse(tries: number) {
    this.retryCreate = 0;
    // Registered under its id before it is sent: with a connection, the answer may come at once.
    const event_id = this.newId();
    this.creates.set(event_id, { triesLeft: tries - 1, discarded: false });
    this.watch.asked();
    this.client.request({ type: 'response.create', event_id });
  }

  private quietRequest(event: Parameters<RealtimeClient['request']>[0]) {
    this.quiet.add(this.client.request(event));
  }

  // From the player.

  private positionChanged(position: Position) {
    // The server has heard of it when it was played first.
    if (this.current.replaying) return;
    const item = this.itemOf.get(position.segment);
    if (position.state === 'playing' && item !== undefined) this.noteHeard(item);
    const speaking =
      position.state === 'idle' || item === undefined || this.silenced.has(item)
        ? null
        : { itemId: item, segment: position.segment };
    if (speaking?.segment !== this.current.speaking?.segment) this.update({ speaking });
    this.reportPosition(position);
  }

  private noteHeard(item: string) {
    const message = this.current.conversation.messages.find(({ id }) => id === item);
    if (!message?.responseId || !this.watch.heard(message.responseId)) return;
    const { measured, responseId } = message;
    // The answer may have been complete before its first sound.
    if (measured) this.apply({ kind: 'measured', responseId, measured: { ...measured, heardMs: this.watch.heardMs(responseId) } });
  }

  private measure({ id, usage, avatarforge }: ResponseObject) {
    const measured = this.watch.measured(id, avatarforge ?? {}, usage ?? null, this.player.stutters);
    if (measured) this.apply({ kind: 'measured', responseId: id, measured });
  }

  /** The server orders its syntheses by when each listener runs dry. */
  private reportPosition(position: Position) {
    if (position.segment === 0) return;
    const change = `${position.segment} ${position.state}`;
    const now = Date.now();
    if (change === this.reported && (position.state === 'idle' || now - this.reportedAt < REPORT_EVERY)) return;
    this.reported = change;
    this.reportedAt = now;
    this.client.playback({
      segment: position.segment,
      played_ms: Math.round(position.playedMs),
      buffered_ms: Math.round(position.bufferedMs),
    });
  }

  private tellHeard(itemId: string, audible: boolean) {
    const message = this.current.conversation.messages.find(({ id }) => id === itemId);
    // Without a voice, or where the browser kept it back, the user has read and not heard.
    if (!message || !audible || !this.current.voice || message.sentences.length === 0) return;
    const heard = this.player.heard(itemId);
    if (heard.whole && message.status === 'done') return;
    const chars = heardChars(message.text, message.sentences, heard.audioEndMs, this.config.language);
    this.apply({ kind: 'cut', id: itemId, heardChars: chars });
    this.quietRequest({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: 0,
      audio_end_ms: heard.audioEndMs,
    });
  }

  // State.

  private notify(code: string, message: string) {
    const id = ++this.notices;
    this.update({ notices: [...this.current.notices.filter((notice) => notice.code !== code), { id, code, message }] });
    setTimeout(() => this.dismiss(id), NOTICE_FOR);
  }

  private apply(action: Action) {
    const conversation = reduce(this.current.conversation, action);
    if (conversation !== this.current.conversation) this.update({ conversation });
  }

  private update(change: Partial<RoomState>) {
    this.current = { ...this.current, ...change };
    for (const subscriber of this.subscribers) subscriber();
  }
}
