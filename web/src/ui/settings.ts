/** What the user chose, kept over visits; where the browser forbids that, for as long as the page lives. */

const VOLUME = 'avatarforge.volume';
const VOICE = 'avatarforge.voice';

/** A tab's or a browser's storage. Merely touching it throws where cookies are blocked. */
export function storage(which: 'sessionStorage' | 'localStorage'): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  try {
    return window[which];
  } catch {
    return { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  }
}

export function readSettings(): { volume: number; voice: boolean } {
  const store = storage('localStorage');
  const volume = Number.parseFloat(store.getItem(VOLUME) ?? '1');
  return { volume: volume >= 0 && volume <= 1 ? volume : 1, voice: store.getItem(VOICE) !== 'off' };
}

export function writeSettings(settings: { volume?: number; voice?: boolean }) {
  const store = storage('localStorage');
  try {
    if (settings.volume !== undefined) store.setItem(VOLUME, String(settings.volume));
    if (settings.voice !== undefined) store.setItem(VOICE, settings.voice ? 'on' : 'off');
  } catch {
    // Full: the choice lasts for this visit.
  }
}
