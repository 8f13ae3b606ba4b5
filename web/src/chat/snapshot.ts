import type { ResumePoint } from '../realtime/client.ts';
import { parseCharacter, type Character } from './character.ts';
import type { Conversation } from './conversation.ts';

const KEY = 'avatarforge.room';
const VERSION = 1;

/**
 * What a reload needs to go on where it was: the conversation as shown and the frame that it is true up to belong together, or
 * frames would be lost or told twice.
 */
export interface Snapshot {
  character: Character | null;
  resume: ResumePoint;
  conversation: Conversation;
}

/** The tab's storage, as far as it is used here. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function save(store: Store, snapshot: Snapshot) {
  try {
    store.setItem(KEY, JSON.stringify({ version: VERSION, ...snapshot }));
  } catch {
    // Full or forbidden. A stale snapshot would resume at a wrong point.
    clear(store);
  }
}

export function load(store: Store): Snapshot | null {
  try {
    const text = store.getItem(KEY);
    if (text === null) return null;
    const value = JSON.parse(text) as Snapshot & { version: number };
    const { character, resume, conversation } = value;
    if (value.version !== VERSION || typeof resume.session !== 'string' || typeof resume.lastEvent !== 'number') return null;
    if (!Array.isArray(conversation.messages)) return null;
    return { character: character && parseCharacter(character), resume, conversation };
  } catch {
    return null;
  }
}

export function clear(store: Store) {
  try {
    store.removeItem(KEY);
  } catch {
    // Forbidden: then there is nothing in it either.
  }
}
