import { useCallback, useEffect, useState } from 'react';
import { loadPresets, type Character } from '../chat/character.ts';
import { Avatar } from './Avatar.tsx';
import { Mark } from './icons.tsx';
import { useWords } from './language.ts';

type Presets = { state: 'loading' } | { state: 'failed' } | { state: 'there'; characters: Character[] };

export function Gallery({ onPick }: { onPick: (character: Character | null) => void }) {
  const words = useWords();
  const [presets, setPresets] = useState<Presets>({ state: 'loading' });

  const load = useCallback((signal: AbortSignal) => {
    setPresets({ state: 'loading' });
    loadPresets(signal).then(
      (characters) => setPresets({ state: 'there', characters }),
      () => signal.aborted || setPresets({ state: 'failed' }),
    );
  }, []);

  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal);
    return () => controller.abort();
  }, [load]);

  return (
    <div className="min-h-full">
      <header className="mx-auto flex max-w-5xl items-center gap-3 px-5 pt-6 sm:px-8 sm:pt-8">
        <Mark />
        <p className="font-semibold tracking-tight">Avatar Forge</p>
        <p className="ml-auto hidden text-sm text-soft sm:block">{words.tagline}</p>
      </header>
      <main className="mx-auto max-w-5xl px-5 pt-10 pb-16 sm:px-8 sm:pt-16">
        <h1 className="text-[1.75rem] leading-tight font-bold tracking-tight text-balance sm:text-4xl">{words.choose}</h1>
        <p className="mt-3 max-w-xl leading-relaxed text-pretty text-soft">{words.chooseHint}</p>

        {presets.state === 'failed' && (
          <div role="alert" className="mt-10 rounded-2xl border border-line bg-raised p-6">
            <p>{words.loadFailed}</p>
            <div className="mt-4 flex flex-wrap gap-3">
              <button
                type="button"
                className="rounded-full bg-ember px-5 py-2.5 text-sm font-semibold text-ember-ink"
                onClick={() => load(new AbortController().signal)}
              >
                {words.retry}
              </button>
              <button
                type="button"
                className="rounded-full border border-line px-5 py-2.5 text-sm font-semibold hover:bg-sunken"
                onClick={() => onPick(null)}
              >
                {words.withoutCharacter}
              </button>
            </div>
          </div>
        )}

        <ul className="mt-8 grid gap-3 sm:mt-10 sm:grid-cols-2 sm:gap-4 lg:grid-cols-3" aria-busy={presets.state === 'loading'}>
          {presets.state === 'loading' &&
            Array.from({ length: 6 }, (_, i) => <li key={i} className="h-36 animate-pulse rounded-2xl bg-sunken" />)}
          {presets.state === 'there' &&
            presets.characters.map((character) => (
              <li key={character.id}>
                <CharacterCard character={character} onPick={() => onPick(character)} />
              </li>
            ))}
        </ul>
        <p className="sr-only" aria-live="polite">
          {presets.state === 'loading' ? words.loading : ''}
        </p>
      </main>
    </div>
  );
}

function CharacterCard({ character, onPick }: { character: Character; onPick: () => void }) {
  return (
    <button
      type="button"
      onClick={onPick}
      className="group flex h-full w-full gap-4 rounded-2xl border border-line bg-raised p-4 text-left transition duration-150 hover:-translate-y-0.5 hover:border-ember hover:shadow-[0_8px_24px_-12px_rgb(60_30_10/0.25)] sm:flex-col sm:p-5"
    >
      <Avatar character={character} className="size-14 rounded-2xl text-xl" />
      <span className="min-w-0 flex-1">
        <span className="block font-semibold tracking-tight group-hover:text-ember">{character.name}</span>
        {(character.job || character.sourceWork) && (
          <span className="mt-0.5 block truncate text-[0.8125rem] text-faint">
            {[character.job, character.sourceWork].filter(Boolean).join(' · ')}
          </span>
        )}
        <span className="mt-1.5 line-clamp-3 text-sm leading-relaxed text-soft">{character.description}</span>
      </span>
    </button>
  );
}
