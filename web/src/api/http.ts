/** A refusal of the API (RFC 9457), or status 0 where the server could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** The fields at fault, by name, and what is wrong with each. */
  readonly fields: Record<string, string>;

  constructor(status: number, code: string, detail: string, fields: Record<string, string> = {}) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

interface ProblemBody {
  code?: unknown;
  detail?: unknown;
  title?: unknown;
  errors?: { location?: string; message?: string }[];
}

/** Asks the API. Resolves to the answer whatever it is; rejects with an {@link ApiError} where it is no 2xx. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { Accept: 'application/json', ...init.headers } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', '');
  }
  if (response.ok) return response;
  throw await readProblem(response);
}

/** What the API says in `data`, or all of its answer where it wraps nothing. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return unwrap(await request(path, signal ? { signal } : {}));
}

export async function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  return unwrap(await request(path, init));
}

export async function unwrap<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  const body = (await response.json()) as { success?: boolean; data?: T };
  return body.success === true && 'data' in body ? (body.data as T) : (body as T);
}

export async function readProblem(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  return problemError(response.status, body);
}

export function problemError(status: number, body: ProblemBody): ApiError {
  const fields: Record<string, string> = {};
  for (const { location, message } of body.errors ?? []) {
    // "body.likes[3]" is a matter of the field likes.
    const name = /^body\.([a-z_]+)/.exec(location ?? '')?.[1];
    if (name !== undefined) fields[name] ??= message ?? '';
  }
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return new ApiError(status, text(body.code) || 'unknown', text(body.detail) || text(body.title), fields);
}
