import { itemText, type Item, type ServerEvent, type Session } from '../realtime/events.ts';

export interface Sentence {
  segment: number;
  /** Range in the message's text, in UTF-16 units. */
  start: number;
  end: number;
  /** Milliseconds of its sound, once the server has sent it all. */
  durationMs: number | null;
  failed: boolean;
}

export interface Message {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  /** `sending`: not yet known to the server. `cut`: ended before its time, by the user or by a break. */
  status: 'sending' | 'streaming' | 'done' | 'cut' | 'failed';
  responseId: string | null;
  sentences: Sentence[];
  /** How many characters the listener heard, where that is not all of them: the model remembers only these. */
  heardChars: number | null;
  /** Of an answer of this page's: where its time went. */
  measured?: Measured;
}

/** Where a response's time went, in milliseconds since it was asked for; null where the moment never came. */
export interface Measured {
  /** As the page saw it. */
  createdMs: number | null;
  heardMs: number | null;
  stutters: number;
  /** As the server told, counted from `createdMs`. */
  firstTokenMs: number | null;
  firstSentenceMs: number | null;
  firstAudioMs: number | null;
  totalMs: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  summarized: boolean;
}

/** How full the model's window is, as the server told last. */
export interface Context {
  usedTokens: number;
  limitTokens: number;
  turns: number;
  summarizedTurns: number;
}

export interface Conversation {
  session: Session | null;
  messages: Message[];
  /** The id of the running response. */
  active: string | null;
  /** A response has been asked for and has not begun. */
  awaiting: boolean;
  context: Context | null;
}

export type Action =
  | { kind: 'event'; event: ServerEvent }
  | { kind: 'said'; id: string; text: string }
  | { kind: 'refused'; id: string }
  | { kind: 'awaiting'; awaiting: boolean }
  | { kind: 'cut'; id: string; heardChars: number | null }
  | { kind: 'measured'; responseId: string; measured: Measured }
  | { kind: 'reset' };

export const EMPTY: Conversation = { session: null, messages: [], active: null, awaiting: false, context: null };

/** What the page shows, from what was said and what came back. Pure. */
export function reduce(state: Conversation, action: Action): Conversation {
  switch (action.kind) {
    case 'said':
      return { ...state, awaiting: true, messages: [...state.messages, message(action.id, 'user', action.text, 'sending')] };
    case 'refused':
      return { ...state, awaiting: false, messages: change(state.messages, action.id, { status: 'failed' }) };
    case 'awaiting':
      return { ...state, awaiting: action.awaiting };
    case 'cut':
      return { ...state, messages: change(state.messages, action.id, { status: 'cut', heardChars: action.heardChars }) };
    case 'measured':
      return {
        ...state,
        messages: state.messages.map((m) => (m.responseId === action.responseId ? { ...m, measured: action.measured } : m)),
      };
    case 'reset':
      // What the server has not confirmed is ours, and will be sent again.
      return { ...EMPTY, awaiting: state.awaiting, messages: state.messages.filter(({ status }) => status === 'sending') };
    case 'event':
      return reduceEvent(state, action.event);
  }
}

function reduceEvent(state: Conversation, event: ServerEvent): Conversation {
  switch (event.type) {
    case 'session.created':
    case 'session.updated':
      return { ...state, session: event.session };

    case 'conversation.item.added':
      return {
        ...state,
        // Of a response that was missed, its item is all there is to see.
        awaiting: state.awaiting && event.item.role !== 'assistant',
        messages: addItem(state, event.item, event.previous_item_id ?? null),
      };

    case 'conversation.item.done':
      return { ...state, messages: state.messages.map((m) => (m.id === event.item.id ? finishItem(m, event.item) : m)) };

    case 'conversation.item.retrieved':
      return { ...state, messages: state.messages.map((m) => (m.id === event.item.id ? withServerText(m, event.item) : m)) };

    case 'conversation.item.deleted':
      return { ...state, messages: state.messages.filter(({ id }) => id !== event.item_id) };

    case 'response.created':
      return { ...state, active: event.response.id, awaiting: false };

    case 'response.output_item.added':
      return { ...state, messages: change(addItem(state, event.item, null), event.item.id, { responseId: event.response_id }) };

    case 'response.output_text.delta':
    case 'response.output_audio_transcript.delta':
      return {
        ...state,
        messages: state.messages.map((m) => (m.id === event.item_id ? { ...m, text: m.text + event.delta } : m)),
      };

    case 'avatarforge.sentence':
      return {
        ...state,
        messages: state.messages.map((m) => (m.id === event.item_id ? addSentence(m, event.segment, event.index, event.text) : m)),
      };

    case 'avatarforge.sentence.done':
      return {
        ...state,
        messages: changeSentence(state.messages, event.segment, {
          durationMs: event.duration_ms ?? 0,
          ...(event.error && event.error.code !== 'speech_cancelled' ? { failed: true } : {}),
        }),
      };

    case 'avatarforge.context':
      return {
        ...state,
        context: {
          usedTokens: event.used_tokens,
          limitTokens: event.limit_tokens,
          turns: event.turns,
          summarizedTurns: event.summarized_turns,
        },
      };

    case 'error': {
      const segment = event.avatarforge?.segment;
      if (event.error.code !== 'speech_failed' || segment === undefined) return state;
      return { ...state, messages: changeSentence(state.messages, segment, { failed: true }) };
    }

    case 'response.done': {
      const { id, status } = event.response;
      return {
        ...state,
        active: state.active === id ? null : state.active,
        messages: state.messages.map((m) => (m.responseId === id ? endMessage(m, status) : m)),
      };
    }

    default:
      return state;
  }
}

function message(id: string, role: Message['role'], text: string, status: Message['status']): Message {
  return { id, role, text, status, responseId: null, sentences: [], heardChars: null };
}

function change(messages: Message[], id: string, fields: Partial<Message>): Message[] {
  return messages.map((m) => (m.id === id ? { ...m, ...fields } : m));
}

function addItem(state: Conversation, item: Item, previous: string | null): Message[] {
  const { messages } = state;
  if (item.role === 'system') return messages;
  const known = messages.find(({ id }) => id === item.id);
  if (known && known.status !== 'sending') return messages;
  const status = item.role === 'user' || !item.status || item.status === 'completed' ? 'done' : STATUS[item.status];
  const added: Message = known ? { ...known, status: 'done' } : message(item.id, item.role, itemText(item), status);
  const others = messages.filter(({ id }) => id !== item.id);
  const after = others.findIndex(({ id }) => id === previous);
  if (after >= 0) return [...others.slice(0, after + 1), added, ...others.slice(after + 1)];
  // Before what the server does not know yet, unless it is one of those.
  const unknown = known ? messages.indexOf(known) : others.findIndex((m) => m.status === 'sending');
  const at = unknown < 0 ? others.length : unknown;
  return [...others.slice(0, at), added, ...others.slice(at)];
}

const STATUS = { in_progress: 'streaming', incomplete: 'cut', completed: 'done' } as const;

function finishItem(m: Message, item: Item): Message {
  const finished = withServerText(m, item);
  if (m.status === 'failed') return finished;
  return { ...finished, status: item.status === 'incomplete' || m.status === 'cut' ? 'cut' : 'done' };
}

/** The server's text counts. Where it is the beginning of ours, the rest was not heard: shown, but not remembered. */
function withServerText(m: Message, item: Item): Message {
  const text = itemText(item);
  if (text === m.text) return { ...m, heardChars: null };
  if (m.text.startsWith(text)) return { ...m, heardChars: text.length };
  return { ...m, text, heardChars: null };
}

function endMessage(m: Message, status: string): Message {
  if (m.role !== 'assistant') return m;
  if (status === 'failed') return { ...m, status: 'failed' };
  if (status === 'completed') return { ...m, status: m.status === 'cut' ? 'cut' : 'done' };
  return { ...m, status: 'cut' };
}

/** A sentence's place follows from its predecessors: joined, the texts are the whole text. */
function addSentence(m: Message, segment: number, index: number, text: string): Message {
  // Index 0 again: the item is spoken once more, from its beginning.
  const sentences = index === 0 ? [] : m.sentences;
  const start = sentences.at(-1)?.end ?? 0;
  return {
    ...m,
    sentences: [...sentences, { segment, start, end: start + text.length, durationMs: null, failed: false }],
  };
}

function changeSentence(messages: Message[], segment: number, fields: Partial<Sentence>): Message[] {
  return messages.map((m) =>
    m.sentences.some((s) => s.segment === segment)
      ? { ...m, sentences: m.sentences.map((s) => (s.segment === segment ? { ...s, ...fields } : s)) }
      : m,
  );
}
