import { queryOptions } from '@tanstack/react-query';
import { ApiError, get, send } from './http.ts';

export interface Summary {
  summary: string;
  summarized_turns: number;
}

export interface Fact {
  id: string;
  text: string;
}

/** What stands for the older turns of a conversation. */
export const summary = (session: string) =>
  queryOptions({
    queryKey: ['sessions', session, 'summary'],
    queryFn: ({ signal }) => get<Summary>(`/api/sessions/${encodeURIComponent(session)}/summary`, signal),
    staleTime: 0,
  });

/** What a character knows of the user; null where nothing is kept of people who are not logged in. */
export const facts = (character: string) =>
  queryOptions({
    queryKey: ['facts', character],
    queryFn: async ({ signal }): Promise<Fact[] | null> => {
      try {
        return (await get<{ facts: Fact[] }>(`/api/facts?limit=50&character_id=${encodeURIComponent(character)}`, signal)).facts;
      } catch (error) {
        if (error instanceof ApiError && (error.status === 401 || error.code === 'not_configured')) return null;
        throw error;
      }
    },
    staleTime: 0,
  });

export const forgetFact = (id: string) => send('DELETE', `/api/facts/${encodeURIComponent(id)}`);
