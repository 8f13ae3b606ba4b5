import { queryOptions } from '@tanstack/react-query';
import { ApiError, ask, type Schemas } from './http.ts';

/** What stands for the older turns of a conversation. */
export const summary = (session: string) =>
  queryOptions({
    queryKey: ['sessions', session, 'summary'],
    queryFn: ({ signal }) => ask('get', '/api/sessions/{session_id}/summary', { path: { session_id: session }, signal }),
    staleTime: 0,
  });

/** What a character knows of the user; null where nothing is kept of people who are not logged in. */
export const facts = (character: string) =>
  queryOptions({
    queryKey: ['facts', character],
    queryFn: async ({ signal }): Promise<Schemas['FactShown'][] | null> => {
      try {
        return (await ask('get', '/api/facts', { query: { limit: 50, character_id: character }, signal })).facts;
      } catch (error) {
        if (error instanceof ApiError && (error.status === 401 || error.code === 'not_configured')) return null;
        throw error;
      }
    },
    staleTime: 0,
  });

export const forgetFact = (id: string) => ask('delete', '/api/facts/{fact_id}', { path: { fact_id: id } });

/** Corrects something that a character knows: from then on it is the user's own word. */
export const correctFact = (id: string, text: string) => ask('patch', '/api/facts/{fact_id}', { path: { fact_id: id }, body: { text } });

/** Has a character know something. */
export const tellFact = (character_id: string, text: string) => ask('post', '/api/facts', { body: { character_id, text } });

/** Writes a conversation's summary anew. */
export const rewriteSummary = (session: string, text: string) =>
  ask('put', '/api/sessions/{session_id}/summary', { path: { session_id: session }, body: { summary: text } });
