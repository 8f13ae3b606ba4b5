import { useContext, useEffect, useMemo, useState } from 'react';
import type { Message, Sentence } from '../chat/conversation.ts';
import { guessDurationMs, wordAt, wordsOf } from '../chat/highlight.ts';
import type { Room } from '../chat/room.ts';
import { LanguageContext, useWords } from './language.ts';

interface SpeechProps {
  room: Room;
  message: Message;
  segment: number | null;
}

/** A message's text, with the sentence and the word that are being spoken marked, and what was not heard paled. */
export function Speech({ room, message, segment }: SpeechProps) {
  const { text, sentences } = message;
  if (message.heardChars !== null) return <Cut message={message} heard={message.heardChars} />;
  const end = sentences.at(-1)?.end ?? 0;
  return (
    <>
      {sentences.map((sentence) => {
        const said = text.slice(sentence.start, sentence.end);
        if (sentence.segment === segment && !sentence.failed) {
          return <Spoken key={sentence.segment} room={room} sentence={sentence} text={said} />;
        }
        return (
          <span key={sentence.segment} data-segment={sentence.segment}>
            {sentence.failed ? said.trimEnd() : said}
            {sentence.failed && <Unspoken />}
            {sentence.failed && said.slice(said.trimEnd().length)}
          </span>
        );
      })}
      {text.slice(end)}
    </>
  );
}

function Cut({ message, heard }: { message: Message; heard: number }) {
  const words = useWords();
  const rest = message.text.slice(heard);
  return (
    <>
      {message.text.slice(0, heard)}
      {rest.trim() !== '' && (
        <span className="text-faint opacity-75" data-testid="unheard">
          <span className="sr-only"> ({words.unheard}) </span>
          {rest}
        </span>
      )}
    </>
  );
}

function Unspoken() {
  const words = useWords();
  return (
    <span className="ml-1 inline-block align-middle text-bad" role="img" aria-label={words.speechFailed} title={words.speechFailed}>
      <svg viewBox="0 0 16 16" className="size-3.5" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" aria-hidden="true">
        <path d="M3 6.5v3h2L8 12V4L5 6.5H3ZM10.5 6.5l3 3M13.5 6.5l-3 3" />
      </svg>
    </span>
  );
}

function Spoken({ room, sentence, text }: { room: Room; sentence: Sentence; text: string }) {
  const language = useContext(LanguageContext);
  const words = useMemo(() => wordsOf(text, language), [text, language]);
  const guess = useMemo(() => guessDurationMs(text), [text]);
  const [current, setCurrent] = useState(-1);

  useEffect(() => {
    let frame = 0;
    const tick = () => {
      const { segment, playedMs, receivedMs, complete } = room.position();
      if (segment === sentence.segment) {
        const duration = sentence.durationMs ?? (complete ? receivedMs : Math.max(guess, receivedMs));
        setCurrent(wordAt(words, playedMs, duration));
      }
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [room, sentence.segment, sentence.durationMs, words, guess]);

  const word = words[current];
  const first = words[0]?.start ?? 0;
  const last = words.at(-1)?.end ?? text.length;
  // Spaces around a sentence stay outside of its mark.
  return (
    <span data-segment={sentence.segment} data-testid="speaking">
      {text.slice(0, first)}
      <span className="sentence-now">
        {word ? (
          <>
            {text.slice(first, word.start)}
            <span className="word-now" data-testid="word">
              {text.slice(word.start, word.end)}
            </span>
            {text.slice(word.end, last)}
          </>
        ) : (
          text.slice(first, last)
        )}
      </span>
      {text.slice(last)}
    </span>
  );
}
