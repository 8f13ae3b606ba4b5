import type { Problem } from './events.ts';

/** The part of a WebSocket that the client uses. */
export interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((close: { code: number; reason: string }) => void) | null;
  send(data: string): void;
  close(code: number, reason: string): void;
}

/** What the client needs of its surroundings; in tests a fake. */
export interface Platform {
  open(url: string, protocols: string[]): Socket;
  /** Asks by plain HTTP why a handshake was refused: a browser does not show a WebSocket the status. Null: nobody answers. */
  whyRefused(url: string): Promise<(Problem & { retryAfterMs: number }) | null>;
  online(): boolean;
  /**
   * Calls back when the network comes or goes, or the page comes back to the front after `hiddenMs`. Returns the function that
   * ends it.
   */
  watch(wake: (cause: 'online' | 'offline' | 'visible', hiddenMs: number) => void): () => void;
  id(): string;
}

export function browserPlatform(): Platform {
  return {
    open: (url, protocols) => new WebSocket(url, protocols) as Socket,
    whyRefused,
    online: () => navigator.onLine,
    watch(wake) {
      let hiddenAt = 0;
      const online = () => wake('online', 0);
      const offline = () => wake('offline', 0);
      const visibility = () => {
        if (document.visibilityState === 'hidden') hiddenAt = Date.now();
        else wake('visible', hiddenAt > 0 ? Date.now() - hiddenAt : 0);
      };
      // A page that comes back from the back/forward cache had its sockets closed without an event.
      const pageshow = (event: PageTransitionEvent) => {
        if (event.persisted) wake('visible', Number.POSITIVE_INFINITY);
      };
      window.addEventListener('online', online);
      window.addEventListener('offline', offline);
      window.addEventListener('pageshow', pageshow);
      document.addEventListener('visibilitychange', visibility);
      return () => {
        window.removeEventListener('online', online);
        window.removeEventListener('offline', offline);
        window.removeEventListener('pageshow', pageshow);
        document.removeEventListener('visibilitychange', visibility);
      };
    },
    id: randomId,
  };
}

/** A random id of 20 hexadecimal digits. `crypto.randomUUID` is missing where the page comes over plain HTTP from another machine. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function whyRefused(url: string): Promise<(Problem & { retryAfterMs: number }) | null> {
  const http = url.replace(/^ws/, 'http');
  try {
    const response = await fetch(http, {
      headers: { Accept: 'application/problem+json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(5000),
    });
    const body = (await response.json().catch(() => ({}))) as Partial<Problem>;
    return {
      status: response.status,
      code: typeof body.code === 'string' ? body.code : '',
      detail: typeof body.detail === 'string' ? body.detail : '',
      retryAfterMs: 1000 * (Number(response.headers.get('Retry-After')) || 0),
    };
  } catch {
    return null;
  }
}
