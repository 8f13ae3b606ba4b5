import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { facts, forgetFact, summary } from '../api/memory.ts';
import { Dialog } from './Dialog.tsx';
import { errorText } from './errors.ts';
import { TrashIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { useToast } from './toast.tsx';

interface MemoryDialogProps {
  session: string;
  /** Empty for the plain assistant. */
  character: string;
  onClose: () => void;
}

/** What the character remembers: of this conversation, and of the user from all of them. */
export function MemoryDialog({ session, character, onClose }: MemoryDialogProps) {
  const words = useWords();
  const toast = useToast();
  const queries = useQueryClient();
  const story = useQuery(summary(session));
  const known = useQuery(facts(character));
  const forget = useMutation({
    mutationFn: forgetFact,
    onError: (error) => toast(errorText(error, words)),
    onSettled: () => queries.invalidateQueries({ queryKey: facts(character).queryKey }),
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
          <p className="mt-2 leading-relaxed whitespace-pre-wrap">{text}</p>
          <p className="mt-2 text-sm text-soft">{words.summarized(story.data?.summarized_turns ?? 0)}</p>
        </section>
      )}
      {list.length > 0 && (
        <section className={text === '' ? '' : 'mt-6'}>
          <h3 className="font-semibold">{words.factsTitle}</h3>
          <ul className="mt-2 flex flex-col divide-y divide-line">
            {list.map((fact) => (
              <li key={fact.id} className="flex items-center gap-3 py-1">
                <span className="min-w-0 flex-1 leading-relaxed">{fact.text}</span>
                <button
                  type="button"
                  aria-label={words.forget(fact.text)}
                  title={words.remove}
                  disabled={forget.isPending}
                  onClick={() => forget.mutate(fact.id)}
                  className="grid size-11 shrink-0 place-items-center rounded-full text-faint hover:bg-sunken hover:text-bad"
                >
                  <TrashIcon className="size-4.5" />
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {known.data === null && !pending && <p className="mt-4 text-sm leading-relaxed text-soft">{words.factsLogin}</p>}
    </Dialog>
  );
}
