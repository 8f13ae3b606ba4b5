import { useEffect, useRef } from 'react';
import type { Message } from '../chat/conversation.ts';
import type { Room } from '../chat/room.ts';
import { phasesOf, type Phase } from '../chat/stopwatch.ts';
import { PlayIcon } from './icons.tsx';
import { useWords } from './language.ts';

const COLOURS: Record<Phase, string> = {
  wait: 'bg-faint',
  token: 'bg-[#5b7fb5]',
  sentence: 'bg-[#5c8a64]',
  speech: 'bg-ember',
  buffer: 'bg-[#a0729f]',
};

interface ResponseDetailsProps {
  room: Room;
  message: Message;
  segment: number | null;
}

/** Where an answer's time went, and its sentences, to be heard one by one. */
export function ResponseDetails({ room, message, segment }: ResponseDetailsProps) {
  const words = useWords();
  const root = useRef<HTMLDivElement>(null);
  // Opened at the end of the conversation, it would be out of sight.
  useEffect(() => {
    root.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }, []);
  const { measured, sentences, text } = message;
  const names: Record<Phase, string> = {
    wait: words.phaseWait,
    token: words.phaseToken,
    sentence: words.phaseSentence,
    speech: words.phaseSpeech,
    buffer: words.phaseBuffer,
  };
  const seconds = (ms: number) => words.seconds((ms / 1000).toFixed(ms < 1000 ? 2 : 1));
  const phases = measured ? phasesOf(measured) : [];
  const total = phases.reduce((sum, { ms }) => sum + ms, 0);
  const heard = sentences.filter(({ failed }) => !failed);
  return (
    <div ref={root} className="mt-2 flex animate-rise flex-col gap-5 rounded-2xl border border-line bg-sunken p-4 text-sm" data-testid="details">
      {measured && total > 0 && (
        <section>
          <h2 className="flex flex-wrap items-baseline justify-between gap-x-3 font-semibold">
            {words.whySlowTitle}
            <span className="font-normal text-soft">
              {measured.heardMs === null ? '' : `${words.firstHeard} `}
              <b className="font-semibold text-ink tabular-nums">{seconds(total)}</b>
            </span>
          </h2>
          <div className="mt-3 flex h-3 gap-0.5 overflow-hidden rounded-full" aria-hidden="true">
            {phases.map(({ phase, ms }) => (
              <div key={phase} className={`min-w-0.5 ${COLOURS[phase]}`} style={{ flexGrow: ms, flexBasis: 0 }} />
            ))}
          </div>
          <ul className="mt-3 flex flex-col gap-1.5">
            {phases.map(({ phase, ms }) => (
              <li key={phase} className="flex items-center gap-2">
                <span className={`size-2.5 rounded-full ${COLOURS[phase]}`} aria-hidden="true" />
                <span className="flex-1">{names[phase]}</span>
                <span className="text-soft tabular-nums">{seconds(ms)}</span>
              </li>
            ))}
          </ul>
          <p className="mt-3 border-t border-line pt-3 text-[0.8125rem] leading-relaxed text-soft">
            {measured.totalMs !== null && (
              <span className="block">
                {words.wholeAnswer} {seconds(measured.totalMs)}
              </span>
            )}
            {measured.inputTokens !== null && measured.outputTokens !== null && (
              <span className="block">{words.tokensUsed(measured.inputTokens, measured.outputTokens)}</span>
            )}
            {measured.heardMs !== null && (
              <span className="block">{measured.stutters > 0 ? words.stutters(measured.stutters) : words.noStutters}</span>
            )}
            {measured.summarized && <span className="block">{words.summarizedNow}</span>}
          </p>
        </section>
      )}
      {heard.length > 0 && (
        <section>
          <h2 className="font-semibold">{words.sentences}</h2>
          <ul className="mt-2 flex flex-col">
            {heard.map((sentence) => {
              const said = text.slice(sentence.start, sentence.end).trim();
              return (
                <li key={sentence.segment}>
                  <button
                    type="button"
                    title={words.replaySentence}
                    onClick={() => void room.speak(message.id, sentence.segment, true)}
                    className={`flex min-h-11 w-full items-center gap-3 rounded-xl px-2 text-left hover:bg-raised ${segment === sentence.segment ? 'text-ember' : ''}`}
                  >
                    <PlayIcon className="size-4 shrink-0" />
                    <span className="min-w-0 flex-1 truncate">{said}</span>
                    {sentence.durationMs !== null && <span className="text-xs text-soft tabular-nums">{seconds(sentence.durationMs)}</span>}
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </div>
  );
}
