import { useCallback, useEffect, useState } from 'react';

/** Where in the page one is. Kept in the address, so that the browser's back button does what it says. */
export type Route = { at: 'gallery' } | { at: 'talk' } | { at: 'new' } | { at: 'edit'; id: string; copy: boolean };

export function parseRoute(hash: string): Route {
  const [, name, id] = /^#([a-z]+)(?:\/([^/]+))?$/.exec(hash) ?? [];
  if (name === 'talk' || name === 'new') return { at: name };
  if ((name === 'edit' || name === 'copy') && id !== undefined) return { at: 'edit', id: decodeURIComponent(id), copy: name === 'copy' };
  return { at: 'gallery' };
}

export function hashOf(route: Route): string {
  if (route.at === 'gallery') return '';
  if (route.at === 'edit') return `#${route.copy ? 'copy' : 'edit'}/${encodeURIComponent(route.id)}`;
  return `#${route.at}`;
}

/** The current place, and how to go to another. */
export function useRoute(): [Route, (route: Route, replace?: boolean) => void] {
  const [route, setRoute] = useState<Route>(() => parseRoute(location.hash));
  useEffect(() => {
    const moved = () => setRoute(parseRoute(location.hash));
    window.addEventListener('popstate', moved);
    window.addEventListener('hashchange', moved);
    return () => {
      window.removeEventListener('popstate', moved);
      window.removeEventListener('hashchange', moved);
    };
  }, []);
  const go = useCallback((next: Route, replace = false) => {
    const address = location.pathname + hashOf(next);
    if (replace) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    setRoute(next);
    if (!replace) window.scrollTo(0, 0);
  }, []);
  return [route, go];
}
