import { Backoff } from './backoff.ts';
import { CloseCode, type ClientEvent, type Playback, type Problem, type ServerEvent, type Session, type SessionPatch } from './events.ts';
import { decodeBase64Pcm, eventNumber, FrameError, parseAudioFrame } from './frames.ts';
import { Outbox, type Request } from './outbox.ts';
import { browserPlatform, type Platform, type Socket } from './platform.ts';

export type Status =
  | { state: 'idle' }
  | { state: 'connecting' }
  /** In the line for a free slot. */
  | { state: 'queued'; position: number; waiting: number }
  | { state: 'open' }
  /** `problem`: why the server, though reachable, would not have us. */
  | { state: 'reconnecting'; attempt: number; offline: boolean; problem: Problem | null }
  /** Another connection holds the session. {@link RealtimeClient.reconnect} takes it back. */
  | { state: 'taken_over' }
  /** Trying again by itself would not help. */
  | { state: 'refused'; problem: Problem }
  | { state: 'closed' };

/** A point to resume from: everything up to and including `lastEvent` has been handled. */
export interface ResumePoint {
  session: string;
  lastEvent: number;
}

export interface AudioChunk {
  segment: number;
  /** Empty where only `last` has something to say. */
  pcm: Int16Array<ArrayBuffer>;
  /** No more sound of this segment follows. May be said twice. */
  last: boolean;
}

/** Called by the client, synchronously and in the order of the frames. */
export interface RealtimeListener {
  status(status: Status): void;
  event(event: ServerEvent): void;
  audio(chunk: AudioChunk): void;
  /**
   * What is known of the conversation no longer holds. `rebuilt`: the session is the same and its items follow. `lost`: the
   * session is gone and a new, empty one takes its place.
   */
  reset(why: 'rebuilt' | 'lost'): void;
}

export interface RealtimeConfig {
  /** `ws://` or `wss://` address of the endpoint, without a query. */
  url: string;
  /** Character for a new session; none: a plain assistant. */
  character?: string;
  /** Resume this one instead of beginning a new session. */
  resume?: ResumePoint;
  /** Sent to each new session before anything else. */
  session: SessionPatch;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;
/** For any frame, after something was sent that is always answered. */
const ANSWER_TIMEOUT = 8_000;
/** The same, when there is a reason to believe that the connection is dead. */
const PROBE_TIMEOUT = 3_000;
/** A connection that has lived this long counts as good: the next break begins with a short delay again. */
const STABLE_AFTER = 5_000;
/** A page hidden for longer may have slept through the server's pings. */
const SUSPECT_HIDDEN = 15_000;
/** The server is there and refuses the session this often, and does not say why: see whether it would begin a new one. */
const REFUSALS_BEFORE_TRIAL = 3;

/** Our close code for a connection that is given up in order to resume on another: 1000 would end the session. */
const CLOSE_ABANDONED = 4000;

const FENCE = 'fence_';

/**
 * A conversation's connection, which outlives its sockets.
 *
 * Every frame has the session's next number; the client checks that and hands each frame on exactly once. When a socket dies it
 * opens another, resumes after the last frame that it handled, and sends again what the server never got. It owns its socket and
 * timers; all calls and callbacks are on one thread.
 */
export class RealtimeClient {
  private readonly config: RealtimeConfig;
  private readonly listener: RealtimeListener;
  private readonly platform: Platform;
  private readonly backoff: Backoff;
  private readonly outbox = new Outbox();

  private statusNow: Status = { state: 'idle' };
  private stopWatching: (() => void) | null = null;

  // The session.
  private sessionId: string | null = null;
  private lastEvent = 0;

  // The socket.
  private socket: Socket | null = null;
  private opened = false;
  /** The session is there, and a replay is over: what is sent now comes after everything that was missed. */
  private ready = false;
  /** Items of a conversation told anew are coming in. */
  private rebuilding = false;
  private fence: string | null = null;
  private unexplained = 0;
  /** This attempt leaves the session out, to see whether that is what is refused. */
  private trial = false;

  private connectTimer: ReturnType<typeof setTimeout> | undefined;
  private answerTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private stableTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(config: RealtimeConfig, listener: RealtimeListener, platform: Platform = browserPlatform()) {
    this.config = { ...config };
    this.listener = listener;
    this.platform = platform;
    this.backoff = new Backoff({ baseMs: 500, maxMs: 15_000 });
    if (config.resume) {
      this.sessionId = config.resume.session;
      this.lastEvent = config.resume.lastEvent;
    }
  }

  get status(): Status {
    return this.statusNow;
  }

  /** Where another client could go on, or null while there is no session. Changes with every frame. */
  get resumePoint(): ResumePoint | null {
    return this.sessionId === null ? null : { session: this.sessionId, lastEvent: this.lastEvent };
  }

  start() {
    if (this.statusNow.state !== 'idle') return;
    this.stopWatching = this.platform.watch((cause, hiddenMs) => this.wake(cause, hiddenMs));
    this.setStatus(this.sessionId === null ? { state: 'connecting' } : this.reconnecting(null));
    this.connect();
  }

  /** Ends the session; its slot is free at once. */
  close() {
    this.dropSocket(CloseCode.normal, 'bye');
    this.finish({ state: 'closed' });
  }

  /** Connects at once instead of waiting, or takes back a session that another connection took over. */
  reconnect() {
    const state = this.statusNow.state;
    if (state === 'taken_over' || state === 'refused' || state === 'closed') {
      this.stopWatching ??= this.platform.watch((cause, hiddenMs) => this.wake(cause, hiddenMs));
    } else if (state !== 'reconnecting') {
      return;
    }
    this.backoff.reset();
    this.setStatus(this.sessionId === null ? { state: 'connecting' } : this.reconnecting(null));
    this.connect();
  }

  /**
   * Sends an event that must take effect exactly once: now, or when there is a connection again. Returns its `event_id`, by which
   * an `error` refers to it.
   */
  request(event: Exclude<ClientEvent, Playback>): string {
    const request: Request = { ...event, event_id: event.event_id ?? this.platform.id() };
    this.outbox.add(request);
    if (this.ready) this.flush();
    return request.event_id;
  }

  /** Changes the session, also for sessions that may follow a lost one. */
  updateSession(patch: SessionPatch) {
    this.config.session = { ...this.config.session, ...patch };
    if (this.sessionId !== null) this.request({ type: 'session.update', session: { type: 'realtime', ...patch } });
  }

  /** Tells where the player is. Of no use later: not sent while there is no connection. */
  playback(report: Omit<Playback, 'type'>) {
    if (this.ready) this.socket!.send(JSON.stringify({ type: 'avatarforge.playback', ...report } satisfies Playback));
  }

  // Connecting.

  private connect() {
    clearTimeout(this.retryTimer);
    this.dropSocket(CLOSE_ABANDONED, 'resuming elsewhere');
    if (this.sessionId === null) this.lastEvent = 0;
    this.fence = null;
    this.rebuilding = false;
    this.trial = this.sessionId !== null && this.unexplained === REFUSALS_BEFORE_TRIAL;

    const url = this.url();
    const socket = this.platform.open(url, ['realtime']);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.connectTimer = setTimeout(() => this.lostConnection(), CONNECT_TIMEOUT);
    socket.onopen = () => {
      this.opened = true;
      clearTimeout(this.connectTimer);
      if (this.sessionId === null || this.trial) this.expectAnswer(ANSWER_TIMEOUT);
      else this.sendFence(ANSWER_TIMEOUT);
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = ({ code, reason }) => {
      if (this.opened) this.closedBy(code, reason);
      else void this.refused(socket, url);
    };
  }

  private url(): string {
    const query = new URLSearchParams({ queue: '1' });
    if (this.sessionId !== null && !this.trial) {
      query.set('session', this.sessionId);
      query.set('last_event', String(this.lastEvent));
    } else if (this.config.character !== undefined) {
      query.set('character', this.config.character);
    }
    return `${this.config.url}?${query}`;
  }

  /** Asks for something that does not exist: an error is the one answer that names the client event that it answers, so when it
   * comes, the replay before it is over. */
  private sendFence(timeout: number) {
    this.fence = FENCE + this.platform.id();
    this.socket!.send(
      JSON.stringify({ type: 'conversation.item.retrieve', event_id: this.fence, item_id: this.fence } satisfies ClientEvent),
    );
    this.expectAnswer(timeout);
  }

  private becomeReady() {
    this.ready = true;
    this.rebuilding = false;
    this.unexplained = 0;
    this.stableTimer = setTimeout(() => this.backoff.reset(), STABLE_AFTER);
    this.flush();
    this.setStatus({ state: 'open' });
  }

  private flush() {
    const requests = this.outbox.take();
    for (const request of requests) this.socket!.send(JSON.stringify(request));
    if (requests.length > 0) this.expectAnswer(ANSWER_TIMEOUT);
  }

  private expectAnswer(timeout: number) {
    clearTimeout(this.answerTimer);
    this.answerTimer = setTimeout(() => this.lostConnection(), timeout);
  }

  // Receiving.

  private receive(data: unknown) {
    clearTimeout(this.answerTimer);
    try {
      if (typeof data === 'string') this.receiveEvent(data);
      else this.receiveAudio(data as ArrayBuffer);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      console.warn('realtime: resuming after a bad frame:', error.message);
      this.lostConnection();
    }
  }

  private receiveEvent(data: string) {
    let event: ServerEvent;
    try {
      event = JSON.parse(data) as ServerEvent;
    } catch {
      throw new FrameError('a text frame that is not JSON');
    }
    const number = eventNumber(event.event_id);
    if (number === null) throw new FrameError(`event_id ${String(event.event_id)} holds no number`);

    let begins = false;
    if (event.type === 'session.created' && this.begins(event.session)) {
      begins = true;
      this.lastEvent = number;
      this.sessionBegins(event.session);
    } else if (!this.ready && (event.type === 'avatarforge.queue' || this.statusNow.state === 'queued')) {
      // In line nothing has begun: a session restored from the store is numbered by the session.created that ends the wait, and a
      // fence is only told that it is too early.
      if (number === this.lastEvent + 1) this.lastEvent = number;
      if (event.type === 'avatarforge.queue') {
        this.setStatus({ state: 'queued', position: event.position, waiting: event.waiting });
      }
      return;
    } else if (!this.count(number)) {
      return;
    }

    this.outbox.settle(event, this.rebuilding);
    if (event.type === 'error' && event.error.event_id?.startsWith(FENCE)) {
      if (event.error.event_id === this.fence) {
        this.fence = null;
        if (!this.ready) this.becomeReady();
      }
      return;
    }
    if (event.type === 'response.output_audio.delta') {
      this.listener.audio({ segment: event.avatarforge.segment, pcm: decodeBase64Pcm(event.delta), last: false });
      return;
    }
    this.listener.event(event);
    if (event.type === 'avatarforge.sentence.done') {
      this.listener.audio({ segment: event.segment, pcm: new Int16Array(0), last: true });
    }
    if (begins) this.afterSessionCreated();
  }

  private receiveAudio(data: ArrayBuffer) {
    const frame = parseAudioFrame(data);
    if (!this.count(frame.event)) return;
    this.listener.audio({ segment: frame.segment, pcm: frame.pcm, last: frame.last });
  }

  /** Whether the frame is the next one; false for one that has been handled before. Throws where one is missing. */
  private count(number: number): boolean {
    if (number <= this.lastEvent) return false;
    if (number !== this.lastEvent + 1) throw new FrameError(`frame ${number} after ${this.lastEvent}`);
    this.lastEvent = number;
    return true;
  }

  /** Whether a session.created begins a count of its own rather than being one more frame of a session that is known. */
  private begins(session: Session): boolean {
    return session.id !== this.sessionId || session.avatarforge?.resumed?.complete === false;
  }

  private sessionBegins(session: Session) {
    const known = this.sessionId;
    this.sessionId = session.id;
    if (known === session.id) {
      this.rebuilding = true;
      this.listener.reset('rebuilt');
    } else if (known !== null) {
      this.outbox.forgetSession();
      this.listener.reset('lost');
    }
  }

  private afterSessionCreated() {
    // Before the words of the user, which may be waiting already.
    this.outbox.addFirst({
      type: 'session.update',
      event_id: this.platform.id(),
      session: { type: 'realtime', ...this.config.session },
    });
    // After a conversation told anew comes its fence. One sent earlier, while we stood in line, may never have been read.
    if (!this.rebuilding) return this.becomeReady();
    this.setStatus(this.reconnecting(null));
    this.sendFence(ANSWER_TIMEOUT);
  }

  // Ending.

  private closedBy(code: number, reason: string) {
    switch (code) {
      case CloseCode.normal:
        this.dropSocket(CLOSE_ABANDONED, '');
        this.finish({ state: 'closed' });
        return;
      case CloseCode.policyViolation:
        this.dropSocket(CLOSE_ABANDONED, '');
        this.finish({ state: 'refused', problem: { status: code, code: 'policy_violation', detail: reason } });
        return;
      case CloseCode.takenOver:
        this.dropSocket(CLOSE_ABANDONED, '');
        this.finish({ state: 'taken_over' });
        return;
      case CloseCode.tooBig:
        // Sent again, it would end the next connection too.
        this.outbox.dropSent();
        this.lostConnection();
        return;
      case CloseCode.tryAgainLater:
        this.lostConnection(2_000);
        return;
      default:
        this.lostConnection();
    }
  }

  private async refused(socket: Socket, url: string) {
    clearTimeout(this.connectTimer);
    const problem = await this.platform.whyRefused(url);
    if (this.socket !== socket) return; // Meanwhile another attempt began.
    if (problem === null) return this.lostConnection();
    if (problem.status === 404 && this.sessionId !== null && !this.trial) {
      this.sessionId = null;
      this.outbox.forgetSession();
      this.listener.reset('lost');
      this.setStatus({ state: 'connecting' });
      return this.connect();
    }
    if (problem.status === 401 || problem.status === 403 || problem.status === 404) {
      this.dropSocket(CLOSE_ABANDONED, '');
      return this.finish({ state: 'refused', problem });
    }
    if (problem.status === 503) return this.lostConnection(problem.retryAfterMs, problem);
    // A gateway whose server is starting says nothing about the session. A trial that was refused says that it is not the session.
    if (problem.status < 500) this.unexplained = this.trial ? 0 : this.unexplained + 1;
    return this.lostConnection();
  }

  private lostConnection(atLeastMs = 0, problem: Problem | null = null) {
    this.dropSocket(CLOSE_ABANDONED, 'resuming elsewhere');
    const delay = this.backoff.next(atLeastMs);
    this.setStatus(this.reconnecting(problem));
    this.retryTimer = setTimeout(() => this.connect(), delay);
  }

  private reconnecting(problem: Problem | null): Status {
    return { state: 'reconnecting', attempt: this.backoff.attempt, offline: !this.platform.online(), problem };
  }

  private dropSocket(code: number, reason: string) {
    clearTimeout(this.connectTimer);
    clearTimeout(this.answerTimer);
    clearTimeout(this.stableTimer);
    const socket = this.socket;
    this.socket = null;
    this.opened = false;
    this.ready = false;
    this.outbox.unsend();
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close(code, reason);
  }

  private finish(status: Status) {
    clearTimeout(this.retryTimer);
    this.stopWatching?.();
    this.stopWatching = null;
    this.setStatus(status);
  }

  private wake(cause: 'online' | 'offline' | 'visible', hiddenMs: number) {
    if (this.statusNow.state === 'reconnecting') {
      if (cause === 'offline') this.setStatus(this.reconnecting(this.statusNow.problem));
      else this.reconnect();
    } else if (this.ready && (cause !== 'visible' || hiddenMs > SUSPECT_HIDDEN)) {
      // "Offline" says nothing about a server on this machine: ask, and let the missing answer speak.
      this.sendFence(PROBE_TIMEOUT);
    }
  }

  private setStatus(status: Status) {
    this.statusNow = status;
    this.listener.status(status);
  }
}
