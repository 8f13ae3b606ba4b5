import { problemError, request, type Schemas } from './http.ts';
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
export const draftCharacter = (idea: Schemas['CharacterIdea'], listener: DraftListener, signal: AbortSignal) =>
  draft<Schemas['DetailsAnswer']>('/api/ai/generate/character-details', idea, listener, signal);

/** Has a plot made up. */
export const draftStory = (
  idea: Schemas['StoryIdea'],
  listener: DraftListener,
  signal: AbortSignal,
) => draft<Schemas['StoryAnswer']>('/api/ai/generate/story', idea, listener, signal);
