import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { correctFact, facts, forgetFact, rewriteSummary, summary, tellFact } from '../api/memory.ts';
import { Dialog } from './Dialog.tsx';
import { errorText } from './errors.ts';
import { EditIcon, TrashIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { useToast } from './toast.tsx';

/** How long they may be, in characters. */
const MAX_SUMMARY = 8000;
const MAX_FACT = 300;

interface MemoryDialogProps {
  session: string;
  /** Empty for the plain assistant. */
  character: string;
  onClose: () => void;
}

/** What the character remembers: of this conversation, and of the user from all of them. All of it can be changed. */
export function MemoryDialog({ session, character, onClose }: MemoryDialogProps) {
  const words = useWords();
  const toast = useToast();
  const queries = useQueryClient();
  const story = useQuery(summary(session));
  const known = useQuery(facts(character));
  const [told, setTold] = useState('');
  const change = useMutation({
    mutationFn: (asked: () => Promise<unknown>) => asked(),
    onError: (error) => toast(errorText(error, words)),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: summary(session).queryKey }),
        queries.invalidateQueries({ queryKey: facts(character).queryKey }),
      ]),
  });
  const pending = story.isPending || known.isPending;
  const failed = story.error ?? known.error;
  const list = known.data ?? [];
  const text = story.data?.summary ?? '';
  return (
    <Dialog title={words.remembered} onClose={onClose}>
      {pending && (
        <div role="status" className="flex flex-col gap-3">
          <span className="sr-only">{words.loading}</span>
          {['w-full', 'w-5/6', 'w-2/3'].map((width) => (
            <span key={width} className={`h-4 animate-pulse rounded bg-sunken ${width}`} />
          ))}
        </div>
      )}
      {failed && (
        <p role="alert" className="text-soft">
          {errorText(failed, words)}
        </p>
      )}
      {!pending && !failed && text === '' && list.length === 0 && known.data !== null && (
        <p className="leading-relaxed text-soft">{words.nothingRemembered}</p>
      )}
      {text !== '' && (
        <section>
          <h3 className="font-semibold">{words.summaryTitle}</h3>
          <div className="mt-2" data-testid="summary">
            <Changeable
              text={text}
              max={MAX_SUMMARY}
              label={words.correct(words.summaryTitle)}
              busy={change.isPending}
              onChange={(next) => change.mutateAsync(() => rewriteSummary(session, next))}
            />
          </div>
          <p className="mt-2 text-sm text-soft">{words.summarized(story.data?.summarized_turns ?? 0)}</p>
        </section>
      )}
      {list.length > 0 && (
        <section className={text === '' ? '' : 'mt-6'}>
          <h3 className="font-semibold">{words.factsTitle}</h3>
          <ul className="mt-2 flex flex-col divide-y divide-line">
            {list.map((fact) => (
              <li key={fact.id} className="py-1" data-testid="fact">
                <Changeable
                  text={fact.text}
                  max={MAX_FACT}
                  label={words.correct(fact.text)}
                  busy={change.isPending}
                  onChange={(next) => change.mutateAsync(() => correctFact(fact.id, next))}
                >
                  <button
                    type="button"
                    aria-label={words.forget(fact.text)}
                    title={words.remove}
                    disabled={change.isPending}
                    onClick={() => change.mutate(() => forgetFact(fact.id))}
                    className="grid size-11 shrink-0 place-items-center rounded-full text-faint hover:bg-sunken hover:text-bad"
                  >
                    <TrashIcon className="size-4.5" />
                  </button>
                </Changeable>
              </li>
            ))}
          </ul>
        </section>
      )}
      {known.data && (
        <form
          className="mt-6 flex items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (told.trim() === '') return;
            change.mutate(() => tellFact(character, told.trim()), { onSuccess: () => setTold('') });
          }}
        >
          <label className="field flex-1">
            <span>{words.factTell}</span>
            <input className="input" value={told} maxLength={MAX_FACT} placeholder={words.factTellHint} onChange={(event) => setTold(event.target.value)} />
          </label>
          <button type="submit" className="button" disabled={change.isPending || told.trim() === ''}>
            {words.factTellSend}
          </button>
        </form>
      )}
      {known.data === null && !pending && <p className="mt-4 text-sm leading-relaxed text-soft">{words.factsLogin}</p>}
    </Dialog>
  );
}

interface ChangeableProps {
  text: string;
  max: number;
  /** The button's, for who does not see it beside the text. */
  label: string;
  busy: boolean;
  onChange: (text: string) => Promise<unknown>;
  /** What else can be done with it. */
  children?: React.ReactNode;
}

/** A text that can be written anew where it stands. */
function Changeable({ text, max, label, busy, onChange, children }: ChangeableProps) {
  const words = useWords();
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null) {
    return (
      <div className="flex items-start">
        <p className="min-w-0 flex-1 py-2 leading-relaxed whitespace-pre-wrap">{text}</p>
        <button
          type="button"
          aria-label={label}
          title={words.edit}
          onClick={() => setDraft(text)}
          className="grid size-11 shrink-0 place-items-center rounded-full text-faint hover:bg-sunken hover:text-ink"
        >
          <EditIcon className="size-4.5" />
        </button>
        {children}
      </div>
    );
  }
  return (
    <form
      className="flex flex-col gap-2 py-2"
      onSubmit={(event) => {
        event.preventDefault();
        // Whoever asked has said what went wrong; what was written stays.
        onChange(draft.trim()).then(() => setDraft(null), () => undefined);
      }}
    >
      <textarea
        className="input field-sizing-content"
        aria-label={label}
        autoFocus
        rows={1}
        maxLength={max}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
      />
      <div className="flex justify-end gap-2">
        <button type="button" className="button" onClick={() => setDraft(null)}>
          {words.cancel}
        </button>
        <button type="submit" className="button-main" disabled={busy || draft.trim() === '' || draft.trim() === text}>
          {words.save}
        </button>
      </div>
    </form>
  );
}
