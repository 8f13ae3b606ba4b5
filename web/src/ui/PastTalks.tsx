import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useContext, useState } from 'react';
import { character as characterQuery, deleteSession, openingWords, pastSessions, type PastSession } from '../api/queries.ts';
import type { Character } from '../chat/character.ts';
import { Avatar } from './Avatar.tsx';
import { Confirm } from './Dialog.tsx';
import { errorText } from './errors.ts';
import { TrashIcon } from './icons.tsx';
import { LanguageContext, useWords } from './language.ts';
import { useToast } from './toast.tsx';
import { ago } from './when.ts';

/** How many are in sight at first. */
const SHOWN = 3;

interface PastTalksProps {
  byId: (id: string) => Character | undefined;
  onContinue: (session: string, character: Character | null) => void;
}

/** The conversations of before, to go on with or to delete. Nothing while there are none. */
export function PastTalks({ byId, onContinue }: PastTalksProps) {
  const words = useWords();
  const toast = useToast();
  const queries = useQueryClient();
  const sessions = useQuery(pastSessions);
  const [all, setAll] = useState(false);
  const [doomed, setDoomed] = useState<PastSession | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) => deleteSession(id),
    onError: (error) => toast(errorText(error, words)),
    onSettled: () => queries.invalidateQueries({ queryKey: pastSessions.queryKey, exact: true }),
  });
  // Who only looked in has nothing to go on with.
  const talks = (sessions.data ?? []).filter(({ turn, id }) => turn > 0 && id !== remove.variables);
  if (talks.length === 0) return null;
  return (
    <section aria-labelledby="past" className="mt-10">
      <div className="flex items-center gap-3">
        <h2 id="past" className="section-title mr-auto">{words.pastTitle}</h2>
        {!all && talks.length > SHOWN && (
          <button type="button" className="button" onClick={() => setAll(true)}>
            {words.showAll}
          </button>
        )}
      </div>
      <ul className="mt-4 grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
        {talks.slice(0, all ? undefined : SHOWN).map((talk) => (
          <PastTalk key={talk.id} talk={talk} known={byId(talk.character_id)} onContinue={onContinue} onRemove={() => setDoomed(talk)} />
        ))}
      </ul>
      {doomed && (
        <Confirm
          title={words.removeTalk}
          hint={words.removeTalkHint}
          action={words.remove}
          onClose={() => setDoomed(null)}
          onConfirm={() => {
            remove.mutate(doomed.id);
            setDoomed(null);
          }}
        />
      )}
    </section>
  );
}

interface PastTalkProps {
  talk: PastSession;
  known: Character | undefined;
  onContinue: PastTalksProps['onContinue'];
  onRemove: () => void;
}

function PastTalk({ talk, known, onContinue, onRemove }: PastTalkProps) {
  const words = useWords();
  const language = useContext(LanguageContext);
  const opening = useQuery(openingWords(talk.id));
  const other = useQuery({ ...characterQuery(talk.character_id), enabled: !known && talk.character_id !== '' });
  const character = known ?? other.data ?? null;
  const name = character?.name ?? (talk.character_id === '' ? words.assistant : words.unknownCharacter);
  return (
    <li className="group relative flex items-center gap-3 rounded-2xl border border-line bg-raised p-3 pr-1 hover:border-ember">
      <Avatar character={character} className="size-12 rounded-xl" />
      <div className="min-w-0 flex-1">
        <h3 className="truncate text-sm font-semibold">
          <button
            type="button"
            data-testid="past"
            aria-label={`${words.continueTalk}: ${name}`}
            onClick={() => onContinue(talk.id, character)}
            className="outline-none after:absolute after:inset-0 after:rounded-2xl focus-visible:after:outline-2 focus-visible:after:outline-offset-2 focus-visible:after:outline-ember"
          >
            {name}
          </button>
        </h3>
        <p className="truncate text-[0.8125rem] text-soft">{opening.data || (opening.isPending ? '…' : words.noWords)}</p>
        <p className="mt-0.5 text-xs text-faint">
          {ago(talk.updated_at, language)} · {words.turns(talk.turn)}
        </p>
      </div>
      <button
        type="button"
        aria-label={`${words.remove}: ${name}`}
        title={words.remove}
        onClick={onRemove}
        className="relative z-10 grid size-11 shrink-0 place-items-center rounded-full text-faint hover:bg-sunken hover:text-bad"
      >
        <TrashIcon className="size-4.5" />
      </button>
    </li>
  );
}
