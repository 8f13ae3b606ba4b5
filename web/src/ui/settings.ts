import { createContext, useContext } from 'react';
import type { SpeechMode } from '../chat/room.ts';
import type { Language } from '../i18n.ts';

/** How a character that has a figure is seen while one talks with it. */
export type Look = 'portrait' | 'figure';

export type Theme = 'system' | 'light' | 'dark';

/** What the user chose, kept over visits; where the browser forbids that, for as long as the page lives. */
export interface Settings {
  volume: number;
  voice: boolean;
  mode: SpeechMode;
  /** Whether a character speaks first. */
  greet: boolean;
  /** null: what the browser asks for. */
  language: Language | null;
  theme: Theme;
  look: Look;
  /** Empty: the server's. */
  model: string;
  /** 0 to 2; null: the server's. */
  temperature: number | null;
}

const KEY = 'avatarforge.settings';

const DEFAULTS: Settings = {
  volume: 1,
  voice: true,
  mode: 'realtime',
  greet: true,
  language: null,
  theme: 'system',
  look: 'portrait',
  model: '',
  temperature: null,
};

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** A tab's or a browser's storage. Merely touching it throws where cookies are blocked. */
export function storage(which: 'sessionStorage' | 'localStorage'): Store {
  try {
    return window[which];
  } catch {
    return { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  }
}

/** Reads what was written by {@link writeSettings}, by this version of the page or another. */
export function readSettings(store: Pick<Store, 'getItem'>): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    const value: unknown = JSON.parse(store.getItem(KEY) ?? '{}');
    if (typeof value === 'object' && value !== null) kept = value;
  } catch {
    // Not ours: begin anew.
  }
  const among = <T>(value: unknown, allowed: readonly T[], otherwise: T): T => (allowed.includes(value as T) ? (value as T) : otherwise);
  const within = (value: unknown, high: number): value is number => typeof value === 'number' && value >= 0 && value <= high;
  return {
    volume: within(kept.volume, 1) ? kept.volume : DEFAULTS.volume,
    voice: among(kept.voice, [true, false], DEFAULTS.voice),
    mode: among(kept.mode, ['realtime', 'delayed', 'on_click'], DEFAULTS.mode),
    greet: among(kept.greet, [true, false], DEFAULTS.greet),
    language: among(kept.language, ['ko', 'en', 'ja', null], DEFAULTS.language),
    theme: among(kept.theme, ['system', 'light', 'dark'], DEFAULTS.theme),
    look: among(kept.look, ['portrait', 'figure'], DEFAULTS.look),
    model: typeof kept.model === 'string' ? kept.model : DEFAULTS.model,
    temperature: within(kept.temperature, 2) ? kept.temperature : DEFAULTS.temperature,
  };
}

export function writeSettings(store: Pick<Store, 'setItem'>, settings: Settings) {
  try {
    store.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Full: the choice lasts for this visit.
  }
}

/** The theme is the document's, so that what the browser draws follows, too. */
export function applyTheme(theme: Theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const SettingsContext = createContext<{ settings: Settings; change: (changed: Partial<Settings>) => void }>({
  settings: DEFAULTS,
  change: () => undefined,
});

export const useSettings = () => useContext(SettingsContext);
