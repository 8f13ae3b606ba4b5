import { problemError, request } from './http.ts';
import { events } from './sse.ts';

/** A field as far as it is written. */
export interface DraftField {
  name: string;
  value: string | string[];
  done: boolean;
}

/** What is told of a draft that is being written. */
export interface DraftListener {
  field: (field: DraftField) => void;
  /** What was told so far counts no more. */
  restart: () => void;
}

export interface CharacterIdea {
  name: string;
  category: string;
  source_work: string;
  description?: string;
  worldview?: string;
  draft_id?: string;
}

export interface DraftedCharacter {
  data: Record<string, string | string[]>;
  draft_id: string;
  regenerations_left: number;
}

async function draft<T>(path: string, body: unknown, listener: DraftListener, signal: AbortSignal): Promise<T> {
  const response = await request(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    signal,
  });
  for await (const { name, data } of events(response)) {
    const value: unknown = JSON.parse(data);
    if (name === 'field') listener.field(value as DraftField);
    if (name === 'restart') listener.restart();
    if (name === 'done') return value as T;
    if (name === 'error') throw problemError((value as { status?: number }).status ?? 502, value as object);
  }
  throw problemError(502, { code: 'upstream_failed' });
}

/** Has a character made up, field by field. */
export const draftCharacter = (idea: CharacterIdea, listener: DraftListener, signal: AbortSignal) =>
  draft<DraftedCharacter>('/api/ai/generate/character-details', idea, listener, signal);

/** Has a plot made up. */
export const draftStory = (
  idea: { situation: string; opponent_name: string; character_persona: string },
  listener: DraftListener,
  signal: AbortSignal,
) => draft<{ plot: string }>('/api/ai/generate/story', idea, listener, signal);
