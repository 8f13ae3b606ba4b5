import { describe, expect, it } from 'vitest';
import { EMPTY } from './conversation.ts';
import { clear, load, save, type Store } from './snapshot.ts';

function memory(): Store & { text: string | null; full: boolean } {
  return {
    text: null,
    full: false,
    getItem() {
      return this.text;
    },
    setItem(_, value) {
      if (this.full) throw new DOMException('full', 'QuotaExceededError');
      this.text = value;
    },
    removeItem() {
      this.text = null;
    },
  };
}

const snapshot = { character: null, resume: { session: 'S', lastEvent: 12 }, conversation: EMPTY };

describe('a snapshot', () => {
  it('comes back as it was', () => {
    const store = memory();
    save(store, snapshot);
    expect(load(store)).toEqual(snapshot);
    clear(store);
    expect(load(store)).toBeNull();
  });

  it('is not kept stale when there is no room for the new one: it would resume at a wrong frame', () => {
    const store = memory();
    save(store, snapshot);
    store.full = true;
    save(store, { ...snapshot, resume: { session: 'S', lastEvent: 13 } });
    expect(load(store)).toBeNull();
  });

  it.each(['{', '{}', '{"version":0}', '{"version":1,"resume":{"session":5,"lastEvent":1}}', 'null'])('passes over %s', (text) => {
    const store = memory();
    store.text = text;
    expect(load(store)).toBeNull();
  });
});
