import { queryOptions } from '@tanstack/react-query';
import { ApiError, ask, request, type Schemas } from './http.ts';

export type User = Schemas['Me'];

export const LOGIN = '/api/auth/google/login';

/** Who is logged in; null for nobody. */
export const me = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<User | null> => {
    try {
      return await ask('get', '/api/auth/me', { signal });
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 404)) return null;
      throw error;
    }
  },
});

/** Whether one can log in here at all: the way to the login leads off this server, or nowhere. */
export const loginOffered = queryOptions({
  queryKey: ['login'],
  queryFn: async ({ signal }) => (await fetch(LOGIN, { redirect: 'manual', signal })).type === 'opaqueredirect',
  staleTime: Number.POSITIVE_INFINITY,
});

export async function logout() {
  // The answer sends a browser on to the page, which this script is on already.
  await request('/api/auth/logout', { method: 'POST' });
}
