import type { components, paths } from '../../generated/openapi.d.ts';

/** The things that the API tells of, as its description has them. */
export type Schemas = components['schemas'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Paths<M extends Method> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths];
type Success<Operation> = Operation extends { responses: { 200: { content: { 'application/json': infer Body } } } } ? Body : never;
/** What an operation answers, without the envelope that most have. */
type Data<Operation> = Success<Operation> extends { success: boolean; data: infer Inner } ? Inner : Success<Operation>;
type Given<Operation> = (Operation extends { parameters: { path: infer Path } } ? { path: Path } : object) &
  (Operation extends { parameters: { query?: infer Query } } ? { query?: Query | undefined } : object) &
  (Operation extends { requestBody: { content: { 'application/json': infer Body } } } ? { body: Body } : object) & { signal?: AbortSignal };

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

/** Asks for one of the operations that the API's description has, and takes its answer out of the envelope. */
export async function ask<M extends Method, P extends Paths<M>>(method: M, path: P, given: Given<paths[P][M]>): Promise<Data<paths[P][M]>> {
  const { path: names = {}, query = {}, body, signal } = given as {
    path?: Record<string, string>;
    query?: Record<string, string | number>;
    body?: unknown;
    signal?: AbortSignal;
  };
  const where = path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(names[name]!));
  const asked = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  const init: RequestInit = { method: method.toUpperCase() };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  return unwrap(await request(asked === '' ? where : `${where}?${asked}`, init));
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
