import { QueryClient, queryOptions } from '@tanstack/react-query';
import { parseCharacter, type Character } from '../chat/character.ts';
import { ApiError, ask, request, unwrap, type Schemas } from './http.ts';

export type PastSession = Schemas['SessionShown'];

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

async function allCharacters(path: '/api/characters' | '/api/characters/presets', signal: AbortSignal): Promise<Character[]> {
  const all: Character[] = [];
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = cursor === '' ? { limit: 200 } : { limit: 200, cursor };
    const { characters, next_cursor } = await ask('get', path, { query, signal });
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
    queryFn: async ({ signal }) => parseCharacter(await ask('get', '/api/characters/{character_id}', { path: { character_id: id }, signal })),
  });

export const voices = queryOptions({
  queryKey: ['voices'],
  queryFn: ({ signal }) => ask('get', '/api/tts/voices', { signal }),
});

export const models = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await ask('get', '/api/chat/models', { signal })).models,
});

/** The conversations of before, the one begun last first. */
export const pastSessions = queryOptions({
  queryKey: ['sessions'],
  queryFn: async ({ signal }) => (await ask('get', '/api/sessions', { query: { limit: 24 }, signal })).sessions,
  staleTime: 0,
});

/** How a conversation began: enough to know it again by. */
export const openingWords = (session: string) =>
  queryOptions({
    queryKey: ['sessions', session, 'opening'],
    queryFn: async ({ signal }) => {
      const { messages } = await ask('get', '/api/sessions/{session_id}/messages', { path: { session_id: session }, query: { limit: 4 }, signal });
      const first = messages.find(({ role }) => role === 'user') ?? messages.find(({ role }) => role === 'assistant');
      return first?.content ?? '';
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const deleteSession = (id: string) => ask('delete', '/api/sessions/{session_id}', { path: { session_id: id } });
export const deleteCharacter = (id: string) => ask('delete', '/api/characters/{character_id}', { path: { character_id: id } });

/** Creates a character, or changes the one whose id it has. */
export async function saveCharacter(value: Character): Promise<Character> {
  const { id, is_preset: _preset, ...body } = value;
  return parseCharacter(
    id === ''
      ? await ask('post', '/api/characters', { body })
      : await ask('put', '/api/characters/{character_id}', { path: { character_id: id }, body }),
  );
}

/** Gives a character a figure, and leaves the rest as it is. */
export const setFigure = async (id: string, model_url: string) =>
  parseCharacter(await ask('put', '/api/characters/{character_id}', { path: { character_id: id }, body: { model_url } }));

/** Makes a character out of a Tavern card. */
export async function importCard(file: File): Promise<Character> {
  const form = new FormData();
  form.append('file', file);
  return parseCharacter(await unwrap(await request('/api/characters/import', { method: 'POST', body: form })));
}

/** Keeps a picture, and says what a character's image_url is to be. */
export async function keepPicture(picture: Blob): Promise<string> {
  const form = new FormData();
  form.append('image', picture);
  const { image_url } = await unwrap<Schemas['KeptPortrait']>(await request('/api/pictures', { method: 'POST', body: form }));
  return image_url;
}
