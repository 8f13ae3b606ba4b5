/**
 * A server that speaks the protocol with a script for a mind and a tone for a voice, for testing the page without the program:
 * numbered frames, a replay log, takeover, the waiting line, streamed sentences, binary and base64 audio, cancel, truncate.
 *
 * It is not kinder than the real one where that would hide a mistake: it refuses what the protocol refuses.
 */
import { readFile } from 'node:fs/promises';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer, type WebSocket } from 'ws';

const RATE = 24_000;
const GRACE_MS = 60_000;
const CHUNK_MS = 100;

export interface FakeOptions {
  port?: number;
  /** Folder of the built page. */
  dist?: string;
  /** Milliseconds between two tokens. */
  tokenMs?: number;
  /** Milliseconds from a sentence to its first sound. */
  firstAudioMs?: number;
  /** How much faster than real time sound is made. */
  speed?: number;
  tls?: { key: string; cert: string };
}

type Json = Record<string, unknown>;
type Frame = { number: number; data: string | Buffer };

interface FakeItem {
  id: string;
  object: 'realtime.item';
  type: 'message';
  role: string;
  status: string;
  content: Json[];
}

interface Spoken {
  text: string;
  durationMs: number;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let ids = 0;
const newId = (prefix: string) => `${prefix}_${(++ids).toString().padStart(4, '0')}`;

class FakeSession {
  readonly id = newId('sess');
  readonly received: Json[] = [];
  socket: WebSocket | null = null;
  ended = false;
  private log: Frame[] = [];
  private logFrom = 1;
  private number = 0;
  private segment = 0;
  private items: FakeItem[] = [];
  private spoken = new Map<string, Spoken[]>();
  private running: { id: string; cancelled: boolean } | null = null;
  private graceTimer: ReturnType<typeof setTimeout> | undefined;
  private fields: Json = { output_modalities: ['audio'] };
  private extension: Json = { transport: 'json', demo: { llm: true, tts: true } };
  private readonly options: Required<Pick<FakeOptions, 'tokenMs' | 'firstAudioMs' | 'speed'>>;
  private readonly onEnd: () => void;

  constructor(options: FakeSession['options'], character: string | null, onEnd: () => void) {
    this.options = options;
    this.onEnd = onEnd;
    this.extension.character_id = character;
  }

  attach(socket: WebSocket, lastEvent: number, fresh: boolean) {
    clearTimeout(this.graceTimer);
    this.socket?.close(4409, 'taken over');
    this.socket = socket;
    if (fresh) {
      this.emit({ type: 'session.created', session: this.object() });
    } else if (lastEvent + 1 < this.logFrom || lastEvent > this.number) {
      this.emit({ type: 'session.created', session: this.object({ resumed: { complete: false } }) });
      for (const item of this.items) this.emit({ type: 'conversation.item.added', item, previous_item_id: this.before(item) });
    } else {
      for (const frame of this.log) if (frame.number > lastEvent) socket.send(frame.data);
    }
    socket.on('message', (data) => this.receive(String(data)));
    socket.on('close', (code) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (code === 1000) this.end();
      else this.graceTimer = setTimeout(() => this.end(), GRACE_MS).unref();
    });
  }

  /** As if more had been sent meanwhile than the replay log holds. */
  forgetLog() {
    this.number += 100;
    this.log = [];
    this.logFrom = this.number + 1;
  }

  emit(event: Json) {
    const number = ++this.number;
    this.record({ number, data: JSON.stringify({ ...event, event_id: `event_${number}` }) });
  }

  private emitAudio(where: Json, segment: number, pcm: Int16Array, last: boolean) {
    const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    if (this.extension.transport !== 'binary') {
      this.emit({ type: 'response.output_audio.delta', ...where, delta: bytes.toString('base64'), avatarforge: { segment } });
      return;
    }
    const number = ++this.number;
    const header = Buffer.alloc(12);
    header.writeUInt8(1, 0);
    header.writeUInt8(1, 1);
    header.writeUInt16BE(last ? 1 : 0, 2);
    header.writeUInt32BE(number, 4);
    header.writeUInt32BE(segment, 8);
    this.record({ number, data: Buffer.concat([header, bytes]) });
  }

  private record(frame: Frame) {
    this.log.push(frame);
    if (this.socket?.readyState === 1) this.socket.send(frame.data);
  }

  private end() {
    this.ended = true;
    clearTimeout(this.graceTimer);
    if (this.running) this.running.cancelled = true;
    this.onEnd();
  }

  private object(more: Json = {}): Json {
    return {
      id: this.id,
      object: 'realtime.session',
      type: 'realtime',
      model: 'fake',
      ...this.fields,
      avatarforge: { ...this.extension, ...more },
    };
  }

  private before(item: FakeItem): string | null {
    return this.items[this.items.indexOf(item) - 1]?.id ?? null;
  }

  private fail(event: Json, code: string, message: string) {
    this.emit({
      type: 'error',
      error: { type: 'invalid_request_error', code, message, param: null, event_id: event.event_id ?? null },
    });
  }

  private receive(text: string) {
    const event = JSON.parse(text) as Json;
    this.received.push(event);
    const item = this.items.find(({ id }) => id === event.item_id);
    switch (event.type) {
      case 'session.update': {
        const { avatarforge, type: _type, ...fields } = event.session as Json;
        Object.assign(this.fields, fields);
        Object.assign(this.extension, avatarforge);
        this.emit({ type: 'session.updated', session: this.object() });
        return;
      }
      case 'conversation.item.create': {
        const given = event.item as FakeItem;
        const id = given.id ?? newId('item');
        if (this.items.some((known) => known.id === id)) return this.fail(event, 'conflict', `item ${id} exists`);
        const added: FakeItem = { ...given, id, object: 'realtime.item', status: 'completed' };
        this.items.push(added);
        this.emit({ type: 'conversation.item.added', item: added, previous_item_id: this.before(added) });
        this.emit({ type: 'conversation.item.done', item: added, previous_item_id: this.before(added) });
        return;
      }
      case 'conversation.item.retrieve':
        if (!item) return this.fail(event, 'item_not_found', `no item ${String(event.item_id)}`);
        this.emit({ type: 'conversation.item.retrieved', item });
        return;
      case 'conversation.item.truncate': {
        if (!item) return this.fail(event, 'item_not_found', `no item ${String(event.item_id)}`);
        this.truncate(item, Number(event.audio_end_ms));
        this.emit({
          type: 'conversation.item.truncated',
          item_id: item.id,
          content_index: event.content_index,
          audio_end_ms: event.audio_end_ms,
        });
        return;
      }
      case 'response.create':
        if (this.running) {
          return this.fail(event, 'conversation_already_has_active_response', 'a response is running');
        }
        void this.respond();
        return;
      case 'response.cancel':
        if (!this.running) return this.fail(event, 'response_cancel_not_active', 'no response is running');
        this.running.cancelled = true;
        return;
      case 'avatarforge.playback':
        return;
      default:
        this.fail(event, 'unsupported', `unknown event ${String(event.type)}`);
    }
  }

  private truncate(item: FakeItem, endMs: number) {
    let left = endMs;
    let text = '';
    for (const sentence of this.spoken.get(item.id) ?? []) {
      const words = sentence.text.split(/(?<=\s)/);
      const share = Math.min(1, left / sentence.durationMs);
      text += words.slice(0, Math.round(words.length * share)).join('');
      left -= sentence.durationMs;
      if (left <= 0) break;
    }
    item.status = 'incomplete';
    const part = item.content[0];
    if (part && 'transcript' in part) part.transcript = text.trimEnd();
  }

  private async respond() {
    const lastUser = this.items.findLast(({ role }) => role === 'user');
    const said = String((lastUser?.content[0] as { text?: string } | undefined)?.text ?? '');
    const audio = (this.fields.output_modalities as string[]).includes('audio');
    const running = { id: newId('resp'), cancelled: false };
    this.running = running;
    const item: FakeItem = {
      id: newId('item'),
      object: 'realtime.item',
      type: 'message',
      role: 'assistant',
      status: 'in_progress',
      content: [],
    };
    const where = { response_id: running.id, item_id: item.id, output_index: 0, content_index: 0 };
    const response = { id: running.id, object: 'realtime.response', output: [] as FakeItem[], output_modalities: audio ? ['audio'] : ['text'] };
    this.emit({ type: 'response.created', response: { ...response, status: 'in_progress' } });
    this.emit({ type: 'response.output_item.added', response_id: running.id, output_index: 0, item });
    this.items.push(item);
    this.emit({ type: 'conversation.item.added', item, previous_item_id: this.before(item) });
    const part: Json = audio ? { type: 'output_audio', transcript: '' } : { type: 'output_text', text: '' };
    item.content = [part];
    this.emit({ type: 'response.content_part.added', ...where, part: audio ? { type: 'audio', transcript: '' } : { type: 'text', text: '' } });

    const failing = said.includes('fail-speech');
    const speaker = new FakeSpeaker((index, text) => this.speak(running, where, index, text, failing && index === 1));
    let text = '';
    let sentence = '';
    for (const token of tokens(answerTo(said))) {
      await sleep(this.options.tokenMs);
      if (running.cancelled) break;
      text += token;
      sentence += token;
      this.emit({ type: audio ? 'response.output_audio_transcript.delta' : 'response.output_text.delta', ...where, delta: token });
      if (audio && /[.!?。！？]\s*$/.test(sentence)) {
        speaker.say(sentence);
        sentence = '';
      }
    }
    if (audio && sentence !== '' && !running.cancelled) speaker.say(sentence);
    await speaker.finished();

    const status = running.cancelled ? 'cancelled' : 'completed';
    // What was truncated meanwhile stays so.
    if (item.status !== 'incomplete') part[audio ? 'transcript' : 'text'] = text;
    item.status = running.cancelled ? 'incomplete' : 'completed';
    if (audio) {
      this.emit({ type: 'response.output_audio.done', ...where });
      this.emit({ type: 'response.output_audio_transcript.done', ...where, transcript: text });
    } else {
      this.emit({ type: 'response.output_text.done', ...where, text });
    }
    this.emit({ type: 'response.content_part.done', ...where, part: audio ? { type: 'audio', transcript: text } : { type: 'text', text } });
    this.emit({ type: 'response.output_item.done', response_id: running.id, output_index: 0, item });
    this.emit({ type: 'conversation.item.done', item, previous_item_id: this.before(item) });
    this.running = null;
    this.emit({
      type: 'response.done',
      response: {
        ...response,
        output: [item],
        status,
        status_details: running.cancelled ? { type: 'cancelled', reason: 'client_cancelled' } : null,
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
        avatarforge: { speech_errors: failing ? 1 : 0 },
      },
    });
  }

  private async speak(running: { cancelled: boolean }, where: Json, index: number, text: string, fails: boolean) {
    if (running.cancelled) return;
    const segment = ++this.segment;
    const durationMs = fails ? 0 : Math.max(300, Math.round(weigh(text) * 70));
    const { response_id, item_id } = where;
    this.emit({ type: 'avatarforge.sentence', segment, response_id, item_id, index, text, spoken: text.trim(), sample_rate: RATE });
    await sleep(this.options.firstAudioMs);
    if (fails) {
      this.emit({
        type: 'error',
        error: { type: 'server_error', code: 'speech_failed', message: 'synthesis failed', param: null, event_id: null },
        avatarforge: { segment },
      });
      this.emit({ type: 'avatarforge.sentence.done', segment, error: { code: 'speech_failed', message: 'synthesis failed' } });
      return;
    }
    const spoken = this.spoken.get(String(item_id)) ?? [];
    spoken.push({ text, durationMs });
    this.spoken.set(String(item_id), spoken);
    const total = Math.round((durationMs * RATE) / 1000);
    const chunk = (CHUNK_MS * RATE) / 1000;
    for (let at = 0; at < total; at += chunk) {
      if (running.cancelled) {
        this.emit({ type: 'avatarforge.sentence.done', segment, error: { code: 'speech_cancelled', message: 'cancelled' } });
        return;
      }
      this.emitAudio(where, segment, tone(at, Math.min(chunk, total - at), total), at + chunk >= total);
      await sleep(CHUNK_MS / this.options.speed);
    }
    this.emit({ type: 'avatarforge.sentence.done', segment, duration_ms: durationMs });
  }
}

/** One sentence at a time, in order, as the synthesiser works. */
class FakeSpeaker {
  private tail: Promise<void> = Promise.resolve();
  private index = 0;
  private readonly speak: (index: number, text: string) => Promise<void>;

  constructor(speak: (index: number, text: string) => Promise<void>) {
    this.speak = speak;
  }

  say(text: string) {
    const index = this.index++;
    this.tail = this.tail.then(() => this.speak(index, text));
  }

  finished(): Promise<void> {
    return this.tail;
  }
}

function answerTo(said: string): string {
  if (said.includes('긴')) {
    return '좋아요, 길게 이야기해 볼게요. 옛날 옛적 깊은 산속에 작은 대장간이 하나 있었어요. 그곳에는 말을 하는 쇠를 두드리는 노인이 살았답니다. 노인은 매일 아침 불을 피우고 망치를 들었어요. 그러던 어느 날, 쇠가 노인에게 말을 걸었어요. “나를 목소리로 만들어 주세요.” 노인은 한참을 생각하다가 고개를 끄덕였답니다. 그날부터 대장간에서는 노랫소리가 끊이지 않았어요.';
  }
  if (/\p{Script=Hangul}/u.test(said)) {
    return '안녕하세요! 만나서 정말 반가워요. 오늘은 어떤 이야기를 나눠 볼까요? 무엇이든 편하게 물어보셔도 괜찮아요.';
  }
  if (said.includes('long')) {
    return 'All right, a long one then. Once there was a small forge deep in the mountains. An old smith lived there and struck iron that could talk. Every morning he lit the fire and took up his hammer. One day the iron spoke to him. "Make me into a voice," it said. The old man thought for a while and then he nodded. From that day on there was singing in the forge.';
  }
  return 'Hello there! It is a pleasure to meet you. What shall we talk about today? You can ask me anything you like.';
}

/** As a model gives them: two or three characters, with borders inside words and before a sentence's end. */
function* tokens(text: string): Iterable<string> {
  const characters = Array.from(text);
  for (let at = 0, size = 2; at < characters.length; at += size, size = size === 2 ? 3 : 2) {
    yield characters.slice(at, at + size).join('');
  }
}

function weigh(text: string): number {
  let weight = 0;
  for (const char of text) weight += /\p{Script=Hangul}/u.test(char) ? 2 : /[\p{L}\p{N}]/u.test(char) ? 1 : /[.!?]/.test(char) ? 2 : 0;
  return weight;
}

/** A tone with six syllables a second; never silent for longer than a sample. */
function tone(from: number, length: number, total: number): Int16Array {
  const pcm = new Int16Array(length);
  for (let i = 0; i < length; i++) {
    const t = (from + i) / RATE;
    const syllable = 0.35 + 0.65 * Math.abs(Math.sin(Math.PI * 3 * t));
    const edge = Math.min(1, (from + i) / 240, (total - from - i) / 240);
    const pitch = 170 + 25 * Math.sin(t * 2.1);
    pcm[i] = Math.round(9000 * edge * syllable * (Math.sin(2 * Math.PI * pitch * t) + 0.4 * Math.sin(4 * Math.PI * pitch * t)));
  }
  return pcm;
}

const PRESETS = [
  ['hermione', '헤르미온느 그레인저', '해리포터 시리즈의 똑똑한 마법사. 책과 규칙을 사랑하고 친구를 지킵니다.', '마법사', '해리포터', '안녕하세요! 오늘도 새로운 마법을 배울 수 있어서 정말 기뻐요.'],
  ['hong-gildong', '홍길동', '탐관오리를 벌하고 백성을 돕는 의적. 도술에 능하고 의리가 깊습니다.', '활빈당 행수', '홍길동전', '아버지를 아버지라 부르지 못하던 날들이 나를 길 위로 이끌었소.'],
  ['chunhyang', '성춘향', '굳은 절개와 재치를 지닌 남원의 여인.', '남원 기생의 딸', '춘향전', '한번 먹은 마음은 바꿀 수 없사옵니다.'],
  ['sherlock', '셜록 홈즈', '사소한 단서에서 진실을 읽어내는 런던의 자문 탐정.', '자문 탐정', '셜록 홈즈의 모험', '당신은 보기만 할 뿐 관찰하지 않는군요.'],
  ['alice', '앨리스', '호기심을 따라 토끼굴로 뛰어든 소녀.', '모험가', '이상한 나라의 앨리스', '점점 더 이상해지네!'],
  ['smith', '대장장이 무쇠', '말하는 쇠를 두드리는 산속의 노인. 말수는 적지만 한마디가 무겁습니다.', '대장장이', '', '쇠는 뜨거울 때 두드려야지.'],
].map(([id, name, description, job, source_work, sample_dialogue]) => ({
  id,
  name,
  description,
  job,
  source_work,
  sample_dialogue,
  tags: [],
  image_url: '',
  voice_id: 'default',
  is_preset: true,
}));

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export class FakeServer {
  readonly sessions = new Map<string, FakeSession>();
  private readonly http: Server;
  private readonly sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has('realtime') && 'realtime' });
  private readonly options: Required<Omit<FakeOptions, 'tls'>>;
  private readonly tls: boolean;
  /** The places in line that the next new sessions have to wait through. */
  private line = 0;
  /** Lets who waits move up by one. */
  private moveUp = () => undefined as void;

  private constructor(options: FakeOptions) {
    this.options = {
      port: options.port ?? 0,
      dist: options.dist ?? fileURLToPath(new URL('../dist', import.meta.url)),
      tokenMs: options.tokenMs ?? 40,
      firstAudioMs: options.firstAudioMs ?? 120,
      speed: options.speed ?? 3,
    };
    this.tls = options.tls !== undefined;
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response);
    this.http = options.tls ? createHttps(options.tls, handler) : createHttp(handler);
    this.http.on('upgrade', (request, socket, head) => {
      const query = this.query(request);
      const problem = this.problem(query);
      if (problem) {
        socket.end(`HTTP/1.1 ${problem.status} Refused\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n${JSON.stringify(problem)}`);
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (ws) => void this.attach(ws, query));
    });
  }

  static async start(options: FakeOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    await new Promise<void>((resolve) => server.http.listen(server.options.port, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `${this.tls ? 'https' : 'http'}://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop() {
    for (const ws of this.sockets.clients) ws.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private query(request: IncomingMessage): URLSearchParams {
    return new URL(request.url ?? '/', 'http://fake').searchParams;
  }

  private problem(query: URLSearchParams): (Json & { status: number }) | null {
    const id = query.get('session');
    if (id === null || this.sessions.has(id)) return null;
    return { status: 404, code: 'not_found', title: 'Not Found', detail: `There is no session ${id}.`, success: false };
  }

  private async attach(ws: WebSocket, query: URLSearchParams) {
    const known = this.sessions.get(query.get('session') ?? '');
    if (known) return known.attach(ws, Number(query.get('last_event') ?? 0), false);
    const session = new FakeSession(this.options, query.get('character'), () => this.sessions.delete(session.id));
    session.socket = ws;
    const waiting = this.line;
    for (; this.line > 0; this.line--) {
      session.emit({ type: 'avatarforge.queue', position: this.line, waiting });
      await new Promise<void>((resolve) => (this.moveUp = resolve));
    }
    session.socket = null;
    this.sessions.set(session.id, session);
    session.attach(ws, 0, true);
  }

  private async serve(request: IncomingMessage, response: ServerResponse) {
    const { pathname } = new URL(request.url ?? '/', 'http://fake');
    response.setHeader('Content-Security-Policy', "default-src 'self'");
    if (pathname === '/v1/realtime') {
      const problem = this.problem(this.query(request)) ?? { status: 426, code: 'upgrade_required', detail: 'A WebSocket is needed.' };
      response.writeHead(problem.status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(problem));
    } else if (pathname === '/api/characters/presets') {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ success: true, data: { characters: PRESETS } }));
    } else if (pathname.startsWith('/__fake/')) {
      this.control(pathname.slice('/__fake/'.length));
      response.end('{}');
    } else {
      await this.file(pathname === '/' ? '/index.html' : pathname, response);
    }
  }

  private control(what: string) {
    if (what === 'queue') this.line = 3;
    if (what === 'move-up') this.moveUp();
    if (what === 'forget-log') for (const session of this.sessions.values()) session.forgetLog();
    if (what === 'forget-sessions') this.sessions.clear();
    if (what === 'going-away') for (const ws of this.sockets.clients) ws.close(1001, 'going away');
  }

  private async file(pathname: string, response: ServerResponse) {
    try {
      const body = await readFile(join(this.options.dist, normalize(pathname)));
      response.setHeader('Content-Type', TYPES[extname(pathname)] ?? 'application/octet-stream').end(body);
    } catch {
      response.writeHead(404).end('not found');
    }
  }
}
