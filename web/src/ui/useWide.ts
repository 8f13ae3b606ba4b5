import { useSyncExternalStore } from 'react';

/** Where the character stands beside the conversation: as wide as the stylesheet's `lg`. */
const wide = matchMedia('(min-width: 64rem)');

function subscribe(callback: () => void) {
  wide.addEventListener('change', callback);
  return () => wide.removeEventListener('change', callback);
}

export const useWide = () => useSyncExternalStore(subscribe, () => wide.matches);
