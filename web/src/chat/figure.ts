import { cancelFigure, followFigure, isOver, startFigure, type FigureJob } from '../api/figures.ts';

/** What is going on about a figure. */
export type Making =
  | { state: 'idle' }
  | { state: 'sending' }
  /** `step` is the server's own word for what it does; `estimate` the seconds that it may take in all, 0 where nobody has said. */
  | { state: 'making'; progress: number; step: string; estimate: number }
  /** `said` is the server's own sentence where it is the job that failed; `error` what kept the page from it otherwise. */
  | { state: 'failed'; said: string; error: unknown }
  | { state: 'cancelled' };

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Has a figure made for a character, and tells how far it is. One for a character that is stored goes on while nobody looks, and is
 * followed again by who comes back; one for a character that is yet to be ends when it is left.
 */
export class FigureMaking {
  /** What subscribers are called for. A new object each time. */
  state: Making = { state: 'idle' };
  private readonly key: string | null;
  private readonly store: Store;
  private onDone: (url: string) => void;
  /** Nobody is to look any more, and it goes on all the same. */
  private handedOver = false;
  private readonly subscribers = new Set<() => void>();
  private controller = new AbortController();
  private job: string | null = null;

  /** @param character its id; empty for one that is yet to be */
  constructor(character: string, store: Store, onDone: (url: string) => void) {
    this.key = character === '' ? null : `avatarforge.figure.${character}`;
    this.store = store;
    this.onDone = onDone;
  }

  readonly subscribe = (callback: () => void) => {
    this.subscribers.add(callback);
    return () => void this.subscribers.delete(callback);
  };

  /** Goes on with what was left. */
  enter() {
    const left = this.key === null ? null : this.store.getItem(this.key);
    if (left !== null) void this.run(() => Promise.resolve({ id: left, estimate: 0 }));
  }

  get busy(): boolean {
    return this.state.state === 'sending' || this.state.state === 'making';
  }

  /** Goes on without who began it: the figure is told of elsewhere when it is ready. */
  handOver(onDone: (url: string) => void) {
    this.onDone = onDone;
    this.handedOver = true;
  }

  leave() {
    if (this.handedOver) return;
    this.controller.abort();
    // Nobody would ever see it.
    if (this.key === null) this.cancelJob();
    this.set({ state: 'idle' });
  }

  /** Begins anew, with a picture that may have to be fetched first. */
  start(picture: () => Promise<Blob>) {
    this.set({ state: 'sending' });
    void this.run(async (signal) => {
      const { job_id, estimated_time } = await startFigure(await picture(), signal);
      return { id: job_id, estimate: estimated_time };
    });
  }

  stop() {
    this.controller.abort();
    this.cancelJob();
    this.note(null);
    this.set({ state: 'cancelled' });
  }

  private async run(begin: (signal: AbortSignal) => Promise<{ id: string; estimate: number }>) {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    try {
      const { id, estimate } = await begin(signal);
      if (signal.aborted) return void cancelFigure(id).catch(() => undefined);
      this.note(id);
      this.set({ state: 'making', progress: 0, step: '', estimate });
      for await (const job of followFigure(id, signal)) {
        if (isOver(job)) this.finish(job);
        else this.set({ state: 'making', progress: job.progress, step: job.current_step, estimate });
      }
    } catch (error) {
      if (signal.aborted) return;
      this.note(null);
      this.set({ state: 'failed', said: '', error });
    }
  }

  private finish({ status, result_url, error }: FigureJob) {
    this.note(null);
    if (status === 'completed' && result_url !== null) {
      this.set({ state: 'idle' });
      this.onDone(result_url);
    } else if (status === 'cancelled') {
      this.set({ state: 'cancelled' });
    } else {
      this.set({ state: 'failed', said: error ?? '', error: null });
    }
  }

  private cancelJob() {
    if (this.job !== null) cancelFigure(this.job).catch(() => undefined);
    this.job = null;
  }

  private note(job: string | null) {
    this.job = job;
    if (this.key === null) return;
    try {
      if (job === null) this.store.removeItem(this.key);
      else this.store.setItem(this.key, job);
    } catch {
      // Full or forbidden: then it is not found again.
    }
  }

  private set(state: Making) {
    this.state = state;
    for (const subscriber of this.subscribers) subscriber();
  }
}
