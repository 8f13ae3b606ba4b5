import { ApiError } from '../api/http.ts';
import type { Words } from '../i18n.ts';

/** An error in the user's own language. The server's sentences are for who programs against it. */
export function errorText(error: unknown, words: Words): string {
  if (!(error instanceof ApiError)) return words.wentWrong;
  if (error.status === 0 || error.status === 502 || error.status === 503 || error.status === 504) return words.unreachable;
  if (error.status === 401) return words.needsLogin;
  if (error.status === 413) return words.tooLarge;
  return words.wentWrong;
}
