/**
 * The words of the protocol: OpenAI Realtime's GA events, as far as text in, text and speech out need them, and the
 * `avatarforge.*` extensions. Every shape is discriminated by `type`; anything the server may add later is an event that the
 * switch statements here do not know and pass over.
 */

export type Modality = 'text' | 'audio';

export interface InputTextPart {
  type: 'input_text';
  text: string;
}

export interface OutputTextPart {
  type: 'output_text';
  text: string;
}

export interface OutputAudioPart {
  type: 'output_audio';
  transcript?: string;
}

export type ContentPart = InputTextPart | OutputTextPart | OutputAudioPart;

export type Role = 'user' | 'assistant' | 'system';

export interface Item {
  id: string;
  type: 'message';
  object?: 'realtime.item';
  role: Role;
  status?: 'completed' | 'incomplete' | 'in_progress';
  content: ContentPart[];
}

/** What the server says about a session that is being resumed. */
export interface Resumed {
  /** False: the replay log no longer reached back; the conversation follows as `conversation.item.added` events. */
  complete: boolean;
}

export interface SessionExtension {
  character_id?: string | null;
  persona?: string | null;
  scenario?: { opponent?: string; situation?: string; background?: string } | null;
  temperature?: number;
  tts?: {
    enabled?: boolean;
    mode?: 'realtime' | 'delayed' | 'on_click';
    delay_ms?: number;
    streaming_mode?: 0 | 1 | 2 | 3;
    text_lang?: string;
  };
  transport?: 'json' | 'binary';
  max_turns?: number;
  turn?: number;
  resumed?: Resumed | null;
  /** Which of the upstreams are the built-in stand-ins. */
  demo?: { llm: boolean; tts: boolean };
}

export interface Session {
  id: string;
  object?: 'realtime.session';
  type: 'realtime';
  model?: string;
  instructions?: string;
  output_modalities?: Modality[];
  audio?: { output?: { format?: { type: 'audio/pcm'; rate: number }; voice?: string; speed?: number } };
  max_output_tokens?: number | 'inf';
  avatarforge?: SessionExtension;
}

/** The fields a `session.update` may carry: any part of the session but its id. */
export type SessionPatch = Partial<Omit<Session, 'id' | 'object' | 'type'>>;

export interface Usage {
  input_tokens?: number;
  output_tokens?: number;
  total_tokens?: number;
}

export interface ResponseObject {
  id: string;
  object?: 'realtime.response';
  status: 'in_progress' | 'completed' | 'cancelled' | 'incomplete' | 'failed';
  status_details?: {
    type?: string;
    reason?: string;
    error?: { type?: string; code?: string; message?: string };
  } | null;
  output?: Item[];
  output_modalities?: Modality[];
  usage?: Usage | null;
  avatarforge?: {
    context_summarized?: boolean;
    timings?: { first_token_ms?: number; first_sentence_ms?: number; first_audio_ms?: number; total_ms?: number };
    speech_errors?: number;
  };
}

export interface RealtimeError {
  type: string;
  code?: string | null;
  message: string;
  param?: string | null;
  /** The `event_id` of the client event at fault. */
  event_id?: string | null;
}

interface Numbered {
  /** `event_N`, N being the frame's number in its session. */
  event_id: string;
}

interface InResponse extends Numbered {
  response_id: string;
  output_index: number;
}

interface InContent extends InResponse {
  item_id: string;
  content_index: number;
}

export interface SessionCreated extends Numbered {
  type: 'session.created';
  session: Session;
}
export interface SessionUpdated extends Numbered {
  type: 'session.updated';
  session: Session;
}
export interface ItemAdded extends Numbered {
  type: 'conversation.item.added';
  item: Item;
  previous_item_id?: string | null;
}
export interface ItemDone extends Numbered {
  type: 'conversation.item.done';
  item: Item;
  previous_item_id?: string | null;
}
export interface ItemRetrieved extends Numbered {
  type: 'conversation.item.retrieved';
  item: Item;
}
export interface ItemDeleted extends Numbered {
  type: 'conversation.item.deleted';
  item_id: string;
}
export interface ItemTruncated extends Numbered {
  type: 'conversation.item.truncated';
  item_id: string;
  content_index: number;
  audio_end_ms: number;
}
export interface ResponseCreated extends Numbered {
  type: 'response.created';
  response: ResponseObject;
}
export interface OutputItemAdded extends InResponse {
  type: 'response.output_item.added';
  item: Item;
}
export interface OutputItemDone extends InResponse {
  type: 'response.output_item.done';
  item: Item;
}
export interface ContentPartAdded extends InContent {
  type: 'response.content_part.added';
  part: { type: string; text?: string; transcript?: string };
}
export interface ContentPartDone extends InContent {
  type: 'response.content_part.done';
  part: { type: string; text?: string; transcript?: string };
}
export interface OutputTextDelta extends InContent {
  type: 'response.output_text.delta';
  delta: string;
}
export interface OutputTextDone extends InContent {
  type: 'response.output_text.done';
  text: string;
}
export interface TranscriptDelta extends InContent {
  type: 'response.output_audio_transcript.delta';
  delta: string;
}
export interface TranscriptDone extends InContent {
  type: 'response.output_audio_transcript.done';
  transcript: string;
}
export interface OutputAudioDelta extends InContent {
  type: 'response.output_audio.delta';
  /** Base64 of PCM16 little-endian. Only with `transport: "json"`. */
  delta: string;
  avatarforge: { segment: number };
}
export interface OutputAudioDone extends InContent {
  type: 'response.output_audio.done';
}
export interface ResponseDone extends Numbered {
  type: 'response.done';
  response: ResponseObject;
}
export interface ErrorEvent extends Numbered {
  type: 'error';
  error: RealtimeError;
  /** With code `speech_failed`: the sentence that could not be spoken. */
  avatarforge?: { segment: number };
}
export interface SentenceEvent extends Numbered {
  type: 'avatarforge.sentence';
  segment: number;
  response_id: string | null;
  item_id: string;
  index: number;
  /** As displayed; a response's texts, joined, are its whole text. */
  text: string;
  /** As sent to the synthesiser. */
  spoken: string;
  /** Hertz. */
  sample_rate: number;
}
export interface SentenceDone extends Numbered {
  type: 'avatarforge.sentence.done';
  segment: number;
  duration_ms?: number;
  /** Code `speech_cancelled`: an interruption came first. */
  error?: { code: string; message: string } | null;
}
export interface QueueEvent extends Numbered {
  type: 'avatarforge.queue';
  /** Place in the line, from 1. */
  position: number;
  waiting: number;
}
export interface ContextEvent extends Numbered {
  type: 'avatarforge.context';
  used_tokens: number;
  limit_tokens: number;
  turns: number;
  summarized_turns: number;
  /** Turns that the model was told nothing of: no room, and no summary yet. */
  dropped_turns: number;
}

export type ServerEvent =
  | SessionCreated
  | SessionUpdated
  | ItemAdded
  | ItemDone
  | ItemRetrieved
  | ItemDeleted
  | ItemTruncated
  | ResponseCreated
  | OutputItemAdded
  | OutputItemDone
  | ContentPartAdded
  | ContentPartDone
  | OutputTextDelta
  | OutputTextDone
  | TranscriptDelta
  | TranscriptDone
  | OutputAudioDelta
  | OutputAudioDone
  | ResponseDone
  | ErrorEvent
  | SentenceEvent
  | SentenceDone
  | QueueEvent
  | ContextEvent;

export interface SessionUpdate {
  type: 'session.update';
  event_id?: string;
  session: SessionPatch & { type: 'realtime' };
}
export interface ItemCreate {
  type: 'conversation.item.create';
  event_id?: string;
  previous_item_id?: string;
  item: Item;
}
export interface ItemRetrieve {
  type: 'conversation.item.retrieve';
  event_id?: string;
  item_id: string;
}
export interface ItemDelete {
  type: 'conversation.item.delete';
  event_id?: string;
  item_id: string;
}
export interface ItemTruncate {
  type: 'conversation.item.truncate';
  event_id?: string;
  item_id: string;
  content_index: number;
  audio_end_ms: number;
}
export interface ResponseCreate {
  type: 'response.create';
  event_id?: string;
  response?: {
    instructions?: string;
    output_modalities?: Modality[];
    max_output_tokens?: number | 'inf';
    temperature?: number;
    metadata?: Record<string, string>;
  };
}
export interface ResponseCancel {
  type: 'response.cancel';
  event_id?: string;
  response_id?: string;
}
export interface Playback {
  type: 'avatarforge.playback';
  event_id?: string;
  /** The segment being played. */
  segment: number;
  /** Milliseconds of that segment that have been played. */
  played_ms: number;
  /** Milliseconds of sound that the player holds beyond that point, over all segments. */
  buffered_ms: number;
}
export interface Speak {
  type: 'avatarforge.speak';
  event_id?: string;
  item_id: string;
}

export type ClientEvent =
  | SessionUpdate
  | ItemCreate
  | ItemRetrieve
  | ItemDelete
  | ItemTruncate
  | ResponseCreate
  | ResponseCancel
  | Playback
  | Speak;

/** Why the server closes a connection. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
  takenOver: 4409,
} as const;

/** An error body as the HTTP side sends it (RFC 9457). */
export interface Problem {
  status: number;
  code: string;
  detail: string;
}

/** The text that an item holds, in whichever kind of part it is. */
export function itemText(item: Item): string {
  let text = '';
  for (const part of item.content ?? []) {
    text += part.type === 'output_audio' ? (part.transcript ?? '') : (part.text ?? '');
  }
  return text;
}
