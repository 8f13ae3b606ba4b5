import { QueryClient, queryOptions } from '@tanstack/react-query';
import { parseCharacter, type Character } from '../chat/character.ts';
import { ApiError, get, request, send, unwrap } from './http.ts';

export interface Voice {
  id: string;
  name: string;
  language: string;
  description: string;
}

export interface PastSession {
  id: string;
  character_id: string;
  turn: number;
  live: boolean;
  created_at: string;
  updated_at: string;
}

export interface PastMessage {
  id: string;
  role: 'user' | 'assistant' | 'system';
  content: string;
  status: string;
  created_at: string;
}

export interface Model {
  id: string;
  name: string;
}

/** Pages of characters that are read at most; beyond, the search of the server would be the way. */
const MAX_PAGES = 10;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // The page says that the server is not there and offers to try again; a refusal will not change.
        retry: (failures, error) => failures < 1 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
        retryDelay: 600,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}

async function allCharacters(path: string, signal: AbortSignal): Promise<Character[]> {
  const all: Character[] = [];
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = cursor === '' ? '?limit=200' : `?limit=200&cursor=${encodeURIComponent(cursor)}`;
    const { characters, next_cursor } = await get<{ characters: unknown[]; next_cursor?: string }>(path + query, signal);
    all.push(...characters.map(parseCharacter).filter(({ id }) => id !== ''));
    if (!next_cursor) break;
    cursor = next_cursor;
  }
  return all;
}

export const presets = queryOptions({
  queryKey: ['characters', 'presets'],
  queryFn: ({ signal }) => allCharacters('/api/characters/presets', signal),
});

export const ownCharacters = queryOptions({
  queryKey: ['characters', 'own'],
  queryFn: ({ signal }) => allCharacters('/api/characters', signal),
});

export const character = (id: string) =>
  queryOptions({
    queryKey: ['characters', 'one', id],
    queryFn: async ({ signal }) => parseCharacter(await get(`/api/characters/${encodeURIComponent(id)}`, signal)),
  });

export const voices = queryOptions({
  queryKey: ['voices'],
  queryFn: ({ signal }) => get<{ voices: Voice[]; default_voice_id: string }>('/api/tts/voices', signal),
});

export const models = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await get<{ models: Model[] }>('/api/chat/models', signal)).models,
});

/** The conversations of before, the one begun last first. */
export const pastSessions = queryOptions({
  queryKey: ['sessions'],
  queryFn: async ({ signal }) => (await get<{ sessions: PastSession[] }>('/api/sessions?limit=24', signal)).sessions,
  staleTime: 0,
});

/** How a conversation began: enough to know it again by. */
export const openingWords = (session: string) =>
  queryOptions({
    queryKey: ['sessions', session, 'opening'],
    queryFn: async ({ signal }) => {
      const path = `/api/sessions/${encodeURIComponent(session)}/messages?limit=4`;
      const { messages } = await get<{ messages: PastMessage[] }>(path, signal);
      const first = messages.find(({ role }) => role === 'user') ?? messages.find(({ role }) => role === 'assistant');
      return first?.content ?? '';
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const deleteSession = (id: string) => send('DELETE', `/api/sessions/${encodeURIComponent(id)}`);
export const deleteCharacter = (id: string) => send('DELETE', `/api/characters/${encodeURIComponent(id)}`);

/** Creates a character, or changes the one whose id it has. */
export async function saveCharacter(value: Character): Promise<Character> {
  const { id, is_preset: _preset, ...fields } = value;
  return parseCharacter(
    id === '' ? await send('POST', '/api/characters', fields) : await send('PUT', `/api/characters/${encodeURIComponent(id)}`, fields),
  );
}

/** Makes a character out of a Tavern card. */
export async function importCard(file: File): Promise<Character> {
  const form = new FormData();
  form.append('file', file);
  return parseCharacter(await unwrap(await request('/api/characters/import', { method: 'POST', body: form })));
}
