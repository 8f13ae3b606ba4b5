import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { LOGIN, loginOffered } from '../api/account.ts';
import { draftCharacter, type DraftField } from '../api/drafts.ts';
import { ApiError, request } from '../api/http.ts';
import { character as characterQuery, ownCharacters, saveCharacter, setFigure } from '../api/queries.ts';
import { BLANK, parseCharacter, type Character } from '../chat/character.ts';
import { FigureMaking } from '../chat/figure.ts';
import { CharacterForm } from './CharacterForm.tsx';
import { Confirm } from './Dialog.tsx';
import { errorText } from './errors.ts';
import { FigureMaker } from './FigureMaker.tsx';
import { BackIcon, SparkIcon, StopIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { readPicture, wholeOf } from './picture.ts';
import { storage } from './settings.ts';
import { useToast } from './toast.tsx';

/** What a character's first step asks for; the rest can be made up from it. */
const CATEGORIES = { ko: ['애니메이션', '게임', '소설', '영화', '오리지널'], en: ['Anime', 'Game', 'Novel', 'Film', 'Original'], ja: ['アニメ', 'ゲーム', '小説', '映画', 'オリジナル'] };

interface EditorProps {
  /** The character to change; null for a new one. */
  id: string | null;
  /** A new one is made of it, instead. */
  copy: boolean;
  onLeave: () => void;
  onTalk: (character: Character) => void;
}

/** Makes a character, or changes one. */
export function Editor(props: EditorProps) {
  const words = useWords();
  const known = useQuery({ ...characterQuery(props.id ?? ''), enabled: props.id !== null, refetchOnWindowFocus: false });
  if (props.id === null) return <Wizard {...props} start={BLANK} />;
  if (known.data) return <Wizard {...props} start={props.copy ? { ...known.data, id: '', is_preset: false } : known.data} />;
  return (
    <Frame title="" onBack={props.onLeave}>
      {known.isError ? (
        <p role="alert" className="mt-10 text-soft">{errorText(known.error, words)}</p>
      ) : (
        <div role="status" className="mt-8 h-96 animate-pulse rounded-3xl bg-sunken">
          <span className="sr-only">{words.loading}</span>
        </div>
      )}
    </Frame>
  );
}

type Drafting = 'idle' | 'writing' | 'failed' | 'login';

function Wizard({ id, start, onLeave, onTalk }: EditorProps & { start: Character }) {
  const words = useWords();
  const toast = useToast();
  const queries = useQueryClient();
  const [value, setValue] = useState(start);
  const [step, setStep] = useState(id === null ? 1 : 2);
  const [drafting, setDrafting] = useState<Drafting>('idle');
  const [writing, setWriting] = useState<string | null>(null);
  const [draftId, setDraftId] = useState('');
  const [left, setLeft] = useState<number | null>(null);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [saving, setSaving] = useState(false);
  const [leaving, setLeaving] = useState(false);
  /** All of the picture that was chosen here, of which a portrait may be a part. */
  const [whole, setWhole] = useState<ImageBitmap | null>(null);
  const [making] = useState(
    () =>
      new FigureMaking(start.id, storage('sessionStorage'), (model_url) => {
        setValue((known) => ({ ...known, model_url }));
        toast(words.figureDone);
      }),
  );
  const controller = useRef<AbortController | null>(null);
  const changed = value !== start;

  useEffect(() => () => controller.current?.abort(), []);
  useEffect(() => {
    making.enter();
    return () => making.leave();
  }, [making]);
  useEffect(() => {
    if (!changed) return;
    const keep = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', keep);
    return () => window.removeEventListener('beforeunload', keep);
  }, [changed]);

  const change = (fields: Partial<Character>) => {
    setValue((known) => ({ ...known, ...fields }));
    setErrors((known) => Object.fromEntries(Object.entries(known).filter(([name]) => !(name in fields))));
  };

  const fillIn = async () => {
    const before = value;
    const abort = new AbortController();
    controller.current = abort;
    setStep(2);
    setDrafting('writing');
    const take = ({ name, value: text }: DraftField) => {
      // The name is the user's.
      if (name !== 'name' && name in BLANK) setValue((known) => ({ ...known, [name]: text }));
      setWriting(name);
    };
    try {
      const { name, category, source_work, description, worldview } = before;
      const idea = { name, category, source_work, ...(draftId === '' ? {} : { description, worldview, draft_id: draftId }) };
      const answer = await draftCharacter(idea, { field: take, restart: () => setValue(before) }, abort.signal);
      setValue((known) => parseCharacter({ ...known, ...answer.data, name: before.name }));
      setDraftId(answer.draft_id);
      setLeft(answer.regenerations_left);
      setDrafting('idle');
    } catch (error) {
      if (abort.signal.aborted) return setDrafting('idle');
      // Half a character is worse than the one before.
      setValue(before);
      setDrafting(error instanceof ApiError && (error.status === 401 || error.status === 403) ? 'login' : 'failed');
      if (error instanceof ApiError && error.status === 429) setLeft(0);
    } finally {
      setWriting(null);
    }
  };

  const save = async (talk: boolean) => {
    if (value.name.trim() === '') return setErrors({ name: words.required });
    setSaving(true);
    try {
      const saved = await saveCharacter(value);
      await queries.invalidateQueries({ queryKey: ownCharacters.queryKey });
      queries.setQueryData(characterQuery(saved.id).queryKey, saved);
      if (making.busy) making.handOver((model_url) => void giveFigure(saved.id, model_url));
      toast(words.saved(saved.name));
      if (talk) onTalk(saved);
      else onLeave();
    } catch (error) {
      setSaving(false);
      if (error instanceof ApiError && Object.keys(error.fields).length > 0) {
        setErrors(Object.fromEntries(Object.keys(error.fields).map((name) => [name, words.fieldWrong])));
      }
      toast(errorText(error, words));
    }
  };

  /** A figure that was not ready when its character was saved. */
  const giveFigure = async (id: string, model_url: string) => {
    try {
      queries.setQueryData(characterQuery(id).queryKey, await setFigure(id, model_url));
      await queries.invalidateQueries({ queryKey: ownCharacters.queryKey });
    } catch (error) {
      toast(errorText(error, words));
    }
  };

  const back = () => {
    if (step === 2 && id === null && drafting !== 'writing' && start === BLANK) setStep(1);
    else if (changed) setLeaving(true);
    else onLeave();
  };

  const busy = drafting === 'writing';
  return (
    <Frame title={start.id !== '' ? words.editTitle(start.name) : step === 1 ? words.newTitle : value.name} step={start === BLANK ? step : null} onBack={back}>
      {step === 1 ? (
        <form
          className="mt-8 flex flex-col gap-5"
          onSubmit={(event) => {
            event.preventDefault();
            if (value.name.trim() === '') setErrors({ name: words.required });
            else void fillIn();
          }}
        >
          <p className="leading-relaxed text-pretty text-soft">{words.newHint}</p>
          <FirstStep value={value} errors={errors} onChange={change} />
          <div className="mt-2 flex flex-wrap justify-end gap-2">
            <button
              type="button"
              className="button"
              onClick={() => (value.name.trim() === '' ? setErrors({ name: words.required }) : setStep(2))}
            >
              {words.fillMyself}
            </button>
            <button type="submit" className="button-main">
              <SparkIcon className="size-4" />
              {words.next}
            </button>
          </div>
        </form>
      ) : (
        <>
          <DraftLine
            state={drafting}
            field={writing}
            left={left}
            offered={id === null}
            onStop={() => controller.current?.abort()}
            onAgain={() => void fillIn()}
          />
          <CharacterForm
            value={value}
            errors={errors}
            writing={busy ? writing : null}
            onChange={change}
            onPicture={(image_url, picture) => {
              change({ image_url });
              setWhole(picture);
            }}
          >
            <FigureMaker value={value} making={making} picture={pictureOf(whole, value.image_url)} onRemove={() => change({ model_url: '' })} />
          </CharacterForm>
          <div className="sticky bottom-0 z-10 -mx-5 mt-10 flex flex-wrap justify-end gap-2 border-t border-line bg-paper/95 px-5 py-4 backdrop-blur sm:-mx-8 sm:px-8">
            <button type="button" className="button" disabled={saving || busy} onClick={() => void save(false)}>
              {saving ? words.saving : words.save}
            </button>
            <button type="button" className="button-main" disabled={saving || busy} onClick={() => void save(true)}>
              {words.saveAndTalk}
            </button>
          </div>
        </>
      )}
      {leaving && (
        <Confirm title={words.leaveUnsaved} hint="" action={words.leave} onClose={() => setLeaving(false)} onConfirm={onLeave} />
      )}
    </Frame>
  );
}

/** What a figure is made of: all of the picture that was chosen, else the one that the character has at this server. */
function pictureOf(whole: ImageBitmap | null, imageUrl: string): (() => Promise<Blob>) | null {
  if (whole) return () => wholeOf(whole);
  // Pictures of other servers are shown, and not to be had.
  if (!imageUrl.startsWith('/')) return null;
  return async () => wholeOf(await readPicture(await (await request(imageUrl, { headers: { Accept: 'image/*' } })).blob()));
}

interface FrameProps {
  title: string;
  step?: number | null;
  onBack: () => void;
  children: ReactNode;
}

function Frame({ title, step, onBack, children }: FrameProps) {
  const words = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  // Another step is another page: whoever listens to it hears where they are.
  useEffect(() => heading.current?.focus(), [step]);
  return (
    <main className="mx-auto max-w-3xl px-5 pt-4 sm:px-8 sm:pt-8">
      <div className="-ml-3 flex items-center gap-2">
        <button
          type="button"
          aria-label={words.home}
          title={words.home}
          onClick={onBack}
          className="grid size-11 place-items-center rounded-full text-soft hover:bg-sunken hover:text-ink"
        >
          <BackIcon />
        </button>
        {step && <p className="text-sm font-semibold text-faint">{words.stepOf(step, 2)}</p>}
      </div>
      <h1 ref={heading} tabIndex={-1} className="mt-2 text-2xl font-bold tracking-tight text-balance outline-none sm:text-[2rem]">
        {title}
      </h1>
      {children}
    </main>
  );
}

interface FirstStepProps {
  value: Character;
  errors: Record<string, string>;
  onChange: (fields: Partial<Character>) => void;
}

function FirstStep({ value, errors, onChange }: FirstStepProps) {
  const words = useWords();
  const language = document.documentElement.lang as keyof typeof CATEGORIES;
  return (
    <>
      <label className="field">
        <span>{words.fields.name}</span>
        <input
          className="input text-lg"
          autoFocus
          autoComplete="off"
          maxLength={100}
          value={value.name}
          aria-invalid={errors.name !== undefined}
          aria-describedby={errors.name === undefined ? undefined : 'name-error'}
          onChange={(event) => onChange({ name: event.target.value })}
        />
        {errors.name !== undefined && (
          <span id="name-error" role="alert" className="text-sm text-bad">
            {errors.name}
          </span>
        )}
      </label>
      <div className="field">
        <label className="field">
          <span>{words.fields.category}</span>
          <input className="input" autoComplete="off" maxLength={200} value={value.category} onChange={(event) => onChange({ category: event.target.value })} />
        </label>
        <div role="group" aria-label={words.categories} className="mt-1 flex flex-wrap gap-2">
          {(CATEGORIES[language] ?? CATEGORIES.ko).map((category) => (
            <button
              key={category}
              type="button"
              aria-pressed={value.category === category}
              className="chip"
              onClick={() => onChange({ category })}
            >
              {category}
            </button>
          ))}
        </div>
      </div>
      <label className="field">
        <span>{words.fields.source_work}</span>
        <input className="input" autoComplete="off" maxLength={200} value={value.source_work} onChange={(event) => onChange({ source_work: event.target.value })} />
      </label>
    </>
  );
}

interface DraftLineProps {
  state: Drafting;
  field: string | null;
  /** How often it can be made up anew; null while nobody has said. */
  left: number | null;
  offered: boolean;
  onStop: () => void;
  onAgain: () => void;
}

/** What AI is doing for the character, and what it could do. */
function DraftLine({ state, field, left, offered, onStop, onAgain }: DraftLineProps) {
  const words = useWords();
  const login = useQuery({ ...loginOffered, enabled: state === 'login' });
  if (!offered) return null;
  const now = field !== null && field in words.fields ? words.fields[field as keyof typeof words.fields] : '';
  const says = {
    idle: left === null ? words.fillOffer : words.regenerationsLeft(left),
    writing: `${words.fillingIn}${now === '' ? '' : ` · ${now}`}`,
    failed: words.draftFailed,
    login: words.draftLogin,
  }[state];
  return (
    <div className={`mt-6 flex flex-wrap items-center gap-3 rounded-2xl p-4 ${state === 'writing' ? 'bg-ember-wash' : 'bg-sunken'}`}>
      <SparkIcon className={`size-5 text-ember ${state === 'writing' ? 'animate-pulse' : ''}`} />
      <p role="status" className="min-w-40 flex-1 text-sm leading-relaxed">
        {says}
      </p>
      {state === 'writing' ? (
        <button type="button" className="button" onClick={onStop}>
          <StopIcon className="size-4" />
          {words.stopWriting}
        </button>
      ) : (
        <>
          {state === 'login' && login.data && (
            <a href={LOGIN} className="button">
              {words.login}
            </a>
          )}
          <button type="button" className="button" disabled={left === 0} onClick={onAgain}>
            {left !== null ? words.regenerate : state === 'idle' ? words.fillIt : words.tryAgain}
          </button>
        </>
      )}
    </div>
  );
}
