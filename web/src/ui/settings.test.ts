import { expect, it } from 'vitest';
import { readSettings, writeSettings, type Settings } from './settings.ts';

function store(value: string | null = null) {
  let kept = value;
  return { getItem: () => kept, setItem: (_: string, text: string) => void (kept = text) };
}

it('keeps what was chosen', () => {
  const chosen: Settings = {
    volume: 0.4, voice: false, mode: 'on_click', greet: false, language: 'ja', theme: 'dark', look: 'figure', model: 'm', temperature: 1.2,
  };
  const s = store();
  writeSettings(s, chosen);
  expect(readSettings(s)).toEqual(chosen);
});

it.each([null, '', 'null', '[1]', '{"volume":7,"mode":"shout","language":"fr","temperature":-1,"voice":"no"}'])('makes the best of %j', (kept) => {
  expect(readSettings(store(kept))).toMatchObject({ volume: 1, voice: true, mode: 'realtime', language: null, temperature: null });
});
