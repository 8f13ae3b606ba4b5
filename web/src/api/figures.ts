import { ApiError, ask, request, unwrap, type Schemas } from './http.ts';
import { events } from './sse.ts';

/** A job as it is: a picture that becomes a 3D figure. */
export type FigureJob = Schemas['FigureStatus'];

/** Milliseconds until a job is asked for again whose events have broken off. */
const AGAIN_AFTER = 2_000;

/** Begins a figure of a picture, a PNG or JPEG. It goes on without the page. */
export async function startFigure(picture: Blob, signal: AbortSignal): Promise<Schemas['StartedFigure']> {
  const form = new FormData();
  form.append('image', picture);
  return unwrap(await request('/api/generate', { method: 'POST', body: form, signal }));
}

/**
 * A job as it changes, to its end. A connection that breaks is made anew, for as long as the server can be hoped for; rejects where
 * there is no such job, or the signal says so.
 */
export async function* followFigure(id: string, signal: AbortSignal): AsyncGenerator<FigureJob> {
  for (;;) {
    try {
      // Each time, the first event says how things are.
      const path = `/api/generate/events/${encodeURIComponent(id)}`;
      for await (const { data } of events(await request(path, { headers: { Accept: 'text/event-stream' }, signal }))) {
        const job = JSON.parse(data) as FigureJob;
        yield job;
        if (isOver(job)) return;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) throw error;
    }
    await pause(signal);
  }
}

export const isOver = ({ status }: FigureJob) => status === 'completed' || status === 'failed' || status === 'cancelled';

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, AGAIN_AFTER);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
  });
}

export const cancelFigure = (id: string) => ask('delete', '/api/generate/{job_id}', { path: { job_id: id } });
