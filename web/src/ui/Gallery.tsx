import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useDeferredValue, useRef, useState } from 'react';
import { ApiError } from '../api/http.ts';
import { deleteCharacter, importCard, ownCharacters, presets } from '../api/queries.ts';
import type { Character } from '../chat/character.ts';
import { categoriesOf, searchCharacters } from '../chat/search.ts';
import type { Beginning } from './App.tsx';
import { Avatar } from './Avatar.tsx';
import { Confirm } from './Dialog.tsx';
import { errorText } from './errors.ts';
import { CopyIcon, EditIcon, ExportIcon, ImportIcon, Mark, MoreIcon, PlusIcon, SceneIcon, SearchIcon, SettingsIcon, TrashIcon, CloseIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { Menu, type MenuItem } from './Menu.tsx';
import { PastTalks } from './PastTalks.tsx';
import type { Route } from './route.ts';
import { useToast } from './toast.tsx';
import { useFileDrop } from './useFileDrop.ts';

const SceneDialog = lazy(() => import('./SceneDialog.tsx').then(({ SceneDialog }) => ({ default: SceneDialog })));
const SettingsDialog = lazy(() => import('./SettingsDialog.tsx').then(({ SettingsDialog }) => ({ default: SettingsDialog })));

interface GalleryProps {
  onBegin: (beginning: Beginning) => void;
  onGo: (route: Route) => void;
}

type Asked = { what: 'scene' | 'remove'; character: Character } | { what: 'settings' } | null;

export function Gallery({ onBegin, onGo }: GalleryProps) {
  const words = useWords();
  const toast = useToast();
  const queries = useQueryClient();
  const ready = useQuery(presets);
  const own = useQuery(ownCharacters);
  const [query, setQuery] = useState('');
  const [category, setCategory] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked>(null);
  const wanted = useDeferredValue(query);

  const refresh = () => queries.invalidateQueries({ queryKey: ownCharacters.queryKey });
  const bring = useMutation({
    mutationFn: importCard,
    onSuccess: (character) => {
      toast(words.imported(character.name));
      return refresh();
    },
    onError: (error) => toast(error instanceof ApiError && (error.status === 415 || error.status === 422 || error.status === 400) ? words.notCard : errorText(error, words)),
  });
  const remove = useMutation({
    mutationFn: (character: Character) => deleteCharacter(character.id),
    onError: (error) => toast(errorText(error, words)),
    onSettled: refresh,
  });
  const dropping = useFileDrop((file) => bring.mutate(file));

  const mine = own.data ?? [];
  const all = [...mine, ...(ready.data ?? [])];
  const categories = categoriesOf(all);
  const chosen = category !== null && categories.includes(category) ? category : null;
  const shownMine = searchCharacters(mine, wanted, chosen);
  const shownPresets = searchCharacters(ready.data ?? [], wanted, chosen);
  const narrowed = wanted.trim() !== '' || chosen !== null;
  const loading = ready.isPending;
  const byId = (id: string) => all.find((character) => character.id === id);

  const card = (character: Character) => (
    <CharacterCard
      key={character.id}
      character={character}
      onPick={() => onBegin({ character })}
      items={[
        { label: words.scene, icon: <SceneIcon />, run: () => setAsked({ what: 'scene', character }) },
        character.is_preset
          ? { label: words.copyToMine, icon: <CopyIcon />, run: () => onGo({ at: 'edit', id: character.id, copy: true }) }
          : { label: words.edit, icon: <EditIcon />, run: () => onGo({ at: 'edit', id: character.id, copy: false }) },
        { label: words.exportCard, icon: <ExportIcon />, run: () => saveCard(character) },
        ...(character.is_preset ? [] : [{ label: words.remove, icon: <TrashIcon />, bad: true, run: () => setAsked({ what: 'remove', character }) }]),
      ]}
    />
  );

  const presetSection = (loading || ready.isError || shownPresets.length > 0) && (
    <section aria-labelledby="presets" className="mt-12">
      <h2 id="presets" className="section-title">{words.presetsTitle}</h2>
      {ready.isError ? (
        <LoadFailed onRetry={() => void ready.refetch()} onWithout={() => onBegin({ character: null })} />
      ) : (
        <ul className="cards" aria-busy={loading}>
          {loading
            ? Array.from({ length: 8 }, (_, i) => <li key={i} className="aspect-[4/5] animate-pulse rounded-3xl bg-sunken" />)
            : shownPresets.map(card)}
        </ul>
      )}
    </section>
  );

  const mineSection = (!narrowed || shownMine.length > 0) && !own.isError && (
    <section aria-labelledby="mine" className="mt-12">
      <div className="flex flex-wrap items-center gap-2">
        <h2 id="mine" className="section-title mr-auto">{words.mine}</h2>
        <ImportButton busy={bring.isPending} onFile={(file) => bring.mutate(file)} />
        <button type="button" className="button" onClick={() => onGo({ at: 'new' })}>
          <PlusIcon className="size-4" />
          {words.create}
        </button>
      </div>
      {mine.length === 0 ? (
        <div className="mt-4 rounded-3xl border-2 border-dashed border-line px-6 py-8 text-center">
          <p className="font-semibold">{words.noneOwn}</p>
          <p className="mx-auto mt-1 max-w-md text-sm leading-relaxed text-pretty text-soft">{words.noneOwnHint}</p>
        </div>
      ) : (
        <ul className="cards">{shownMine.map(card)}</ul>
      )}
    </section>
  );

  return (
    <div className="min-h-full">
      <header className="mx-auto flex max-w-6xl items-center gap-3 px-5 pt-5 sm:px-8 sm:pt-7">
        <Mark />
        <p className="font-semibold tracking-tight">Avatar Forge</p>
        <p className="ml-3 hidden border-l border-line pl-4 text-sm text-soft sm:block">{words.tagline}</p>
        <button
          type="button"
          aria-label={words.settings}
          title={words.settings}
          onClick={() => setAsked({ what: 'settings' })}
          className="-mr-2 ml-auto grid size-11 place-items-center rounded-full text-soft hover:bg-sunken hover:text-ink"
        >
          <SettingsIcon />
        </button>
      </header>
      <main className="mx-auto max-w-6xl px-5 pt-8 pb-20 sm:px-8 sm:pt-14">
        <div className="grid items-end gap-6 lg:grid-cols-[1fr_20rem]">
          <div>
            <h1 className="text-[1.875rem] leading-tight font-bold tracking-tight text-balance sm:text-[2.75rem]">{words.choose}</h1>
            <p className="mt-3 max-w-xl leading-relaxed text-pretty text-soft">{words.chooseHint}</p>
          </div>
          <search className="relative">
            <SearchIcon className="pointer-events-none absolute top-1/2 left-4 size-5 -translate-y-1/2 text-faint" />
            <input
              type="search"
              value={query}
              onChange={(event) => setQuery(event.target.value)}
              aria-label={words.search}
              placeholder={words.search}
              className="input h-12 rounded-full pr-12 pl-12"
            />
            {query !== '' && (
              <button
                type="button"
                aria-label={words.clearSearch}
                onClick={() => setQuery('')}
                className="absolute top-0.5 right-0.5 grid size-11 place-items-center rounded-full text-soft hover:text-ink"
              >
                <CloseIcon className="size-4" />
              </button>
            )}
          </search>
        </div>

        {categories.length > 1 && (
          <div role="group" aria-label={words.categories} className="-mx-5 mt-6 flex gap-2 overflow-x-auto px-5 py-1 sm:mx-0 sm:flex-wrap sm:px-0">
            {[null, ...categories].map((name) => (
              <button
                key={name ?? ''}
                type="button"
                aria-pressed={chosen === name}
                onClick={() => setCategory(name)}
                className="chip"
              >
                {name ?? words.allCategories}
              </button>
            ))}
          </div>
        )}

        {!narrowed && <PastTalks byId={byId} onContinue={(session, character) => onBegin({ session, character })} />}
        {mine.length > 0 && mineSection}
        {presetSection}
        {mine.length === 0 && mineSection}
        {narrowed && !loading && !ready.isError && shownMine.length + shownPresets.length === 0 && (
          <div className="mt-16 text-center">
            <p className="text-soft">{words.nothingFound(wanted.trim() || (chosen ?? ''))}</p>
            <button
              type="button"
              className="button mt-4"
              onClick={() => {
                setQuery('');
                setCategory(null);
              }}
            >
              {words.showAll}
            </button>
          </div>
        )}
        <p className="sr-only" aria-live="polite">
          {loading ? words.loading : ''}
        </p>
      </main>

      {dropping && (
        <div className="pointer-events-none fixed inset-3 z-40 grid place-items-center rounded-3xl border-4 border-dashed border-ember bg-paper/90">
          <p className="flex flex-col items-center gap-3 text-xl font-bold">
            <ImportIcon className="size-10 text-ember" />
            {words.dropCard}
          </p>
        </div>
      )}
      <Suspense>
        {asked?.what === 'scene' && (
          <SceneDialog character={asked.character} onBegin={(scenario) => onBegin({ character: asked.character, scenario })} onClose={() => setAsked(null)} />
        )}
        {asked?.what === 'settings' && <SettingsDialog onClose={() => setAsked(null)} />}
      </Suspense>
      {asked?.what === 'remove' && (
        <Confirm
          title={words.removeCharacter(asked.character.name)}
          hint={words.removeCharacterHint}
          action={words.remove}
          onClose={() => setAsked(null)}
          onConfirm={() => {
            remove.mutate(asked.character);
            setAsked(null);
          }}
        />
      )}
    </div>
  );
}

/** The file's name is the server's to give. */
function saveCard({ id }: Character) {
  const link = document.createElement('a');
  link.href = `/api/characters/${encodeURIComponent(id)}/export?format=png`;
  link.download = '';
  link.click();
}

function ImportButton({ busy, onFile }: { busy: boolean; onFile: (file: File) => void }) {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".png,.json,image/png,application/json"
        aria-label={words.importCard}
        data-testid="card-file"
        className="hidden"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) onFile(file);
          event.target.value = '';
        }}
      />
      <button type="button" className="button" disabled={busy} onClick={() => input.current!.click()}>
        <ImportIcon className="size-4" />
        {words.importCard}
      </button>
    </>
  );
}

function LoadFailed({ onRetry, onWithout }: { onRetry: () => void; onWithout: () => void }) {
  const words = useWords();
  return (
    <div role="alert" className="mt-4 rounded-3xl border border-line bg-raised p-6">
      <p>{words.loadFailed}</p>
      <div className="mt-4 flex flex-wrap gap-3">
        <button type="button" className="button-main" onClick={onRetry}>
          {words.retry}
        </button>
        <button type="button" className="button" onClick={onWithout}>
          {words.withoutCharacter}
        </button>
      </div>
    </div>
  );
}

interface CharacterCardProps {
  character: Character;
  onPick: () => void;
  items: MenuItem[];
}

function CharacterCard({ character, onPick, items }: CharacterCardProps) {
  const words = useWords();
  const { name, job, source_work, description, tags } = character;
  return (
    <li className="group relative flex flex-col rounded-3xl border border-line bg-raised transition duration-200 focus-within:z-10 hover:-translate-y-1 hover:border-ember hover:shadow-[0_18px_40px_-24px_rgb(60_30_10/0.45)] motion-reduce:hover:translate-y-0">
      <div className="overflow-hidden rounded-t-[calc(1.5rem-1px)]">
        <Avatar character={character} className="aspect-square w-full transition duration-300 group-hover:scale-[1.03] motion-reduce:group-hover:scale-100" />
      </div>
      <div className="flex min-w-0 flex-1 flex-col p-3.5 sm:p-4">
        <h3 className="pr-7 font-bold tracking-tight break-words group-hover:text-ember sm:text-lg sm:leading-snug">
          {/* The whole card is the button. */}
          <button type="button" data-testid="character" onClick={onPick} className="text-left outline-none after:absolute after:inset-0 after:rounded-3xl focus-visible:after:outline-2 focus-visible:after:outline-offset-2 focus-visible:after:outline-ember">
            {name}
          </button>
        </h3>
        {(job || source_work) && (
          <p className="mt-0.5 truncate text-[0.8125rem] text-faint">{[job, source_work].filter(Boolean).join(' · ')}</p>
        )}
        <p className="mt-2 line-clamp-2 text-sm leading-relaxed text-soft max-sm:text-[0.8125rem]">{description}</p>
        {tags.length > 0 && (
          <p className="mt-auto flex h-5 flex-wrap gap-x-2 overflow-hidden pt-0 text-xs leading-5 text-faint max-sm:hidden sm:mt-3">
            {tags.map((tag) => (
              <span key={tag}>#{tag}</span>
            ))}
          </p>
        )}
      </div>
      <Menu label={words.moreAbout(name)} icon={<MoreIcon />} items={items} className="card-menu" />
    </li>
  );
}
