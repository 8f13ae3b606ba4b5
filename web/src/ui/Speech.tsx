import { useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Message, Sentence } from '../chat/conversation.ts';
import { guessDurationMs, wordAt, wordsOf, type Word } from '../chat/highlight.ts';
import { parseMarkdown, type Block, type Inline, type Leaf } from '../chat/markdown.ts';
import type { Room } from '../chat/room.ts';
import { LanguageContext, useWords } from './language.ts';

interface SpeechProps {
  room: Room;
  message: Message;
  /** The segment of this message that is sounding. */
  segment: number | null;
}

interface Range {
  start: number;
  end: number;
}

/** What is to be seen of the voice, in places of the source. */
interface Marks {
  sentences: Sentence[];
  /** The one that is being spoken, without the space around it, and the word in it. */
  now: (Range & { segment: number }) | null;
  word: Range | null;
  /** From here on nothing was heard. */
  unheardFrom: number | null;
  hear: ((segment: number) => void) | null;
}

/** A message's text, with the sentence and the word that are being spoken marked, and what was not heard paled. */
export function Speech({ room, message, segment }: SpeechProps) {
  const { text, sentences, heardChars } = message;
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  const spoken = heardChars === null ? sentences.find((sentence) => sentence.segment === segment && !sentence.failed) : undefined;
  const { now, word } = useSpoken(room, text, spoken);
  const marks: Marks = {
    sentences,
    now,
    word,
    unheardFrom: heardChars !== null && text.slice(heardChars).trim() !== '' ? heardChars : null,
    hear: message.status === 'streaming' ? null : (chosen) => void room.speak(message.id, chosen),
  };
  return <>{blocks.map((block, i) => <BlockView key={i} block={block} marks={marks} />)}</>;
}

/** Follows the voice through a sentence, frame by frame. */
function useSpoken(room: Room, text: string, sentence: Sentence | undefined): Pick<Marks, 'now' | 'word'> {
  const language = useContext(LanguageContext);
  const said = sentence ? text.slice(sentence.start, sentence.end) : '';
  const words = useMemo<Word[]>(() => (said === '' ? [] : wordsOf(said, language)), [said, language]);
  const guess = useMemo(() => guessDurationMs(said), [said]);
  const [current, setCurrent] = useState(-1);
  const segment = sentence?.segment ?? null;
  const durationMs = sentence?.durationMs ?? null;

  useEffect(() => {
    if (segment === null) return;
    let frame = 0;
    const tick = () => {
      const position = room.position();
      if (position.segment === segment) {
        const { playedMs, receivedMs, complete } = position;
        setCurrent(wordAt(words, playedMs, durationMs ?? (complete ? receivedMs : Math.max(guess, receivedMs))));
      }
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(frame);
      setCurrent(-1);
    };
  }, [room, segment, durationMs, words, guess]);

  if (!sentence) return { now: null, word: null };
  const word = words[current];
  return {
    now: {
      segment: sentence.segment,
      start: sentence.start + (words[0]?.start ?? 0),
      end: sentence.start + (words.at(-1)?.end ?? said.length),
    },
    word: word ? { start: sentence.start + word.start, end: sentence.start + word.end } : null,
  };
}

function BlockView({ block, marks }: { block: Block; marks: Marks }) {
  switch (block.kind) {
    case 'paragraph':
      return <p><Inlines pieces={block.children} marks={marks} /></p>;
    case 'heading':
      // Within a message a heading is emphasis: the page's outline is not the character's to write.
      return <p className="font-semibold"><Inlines pieces={block.children} marks={marks} /></p>;
    case 'pre':
      return (
        <pre tabIndex={0} className="overflow-x-auto rounded-lg bg-sunken px-3 py-2 text-[0.8125rem] leading-relaxed">
          <code><LeafView leaf={block.leaf} marks={marks} /></code>
        </pre>
      );
    case 'quote':
      return (
        <blockquote className="border-l-2 border-line pl-3 text-soft">
          {block.blocks.map((inner, i) => <BlockView key={i} block={inner} marks={marks} />)}
        </blockquote>
      );
    case 'list': {
      const items = block.items.map((item, i) => (
        <li key={i}>{item.map((inner, j) => <BlockView key={j} block={inner} marks={marks} />)}</li>
      ));
      return block.ordered ? (
        <ol start={block.start} className="list-decimal pl-6">{items}</ol>
      ) : (
        <ul className="list-disc pl-5">{items}</ul>
      );
    }
    case 'rule':
      return <hr className="border-line" />;
  }
}

function Inlines({ pieces, marks }: { pieces: Inline[]; marks: Marks }): ReactNode {
  return pieces.map((piece, i) => {
    switch (piece.kind) {
      case 'break':
        return <br key={i} />;
      case 'text':
        return <LeafView key={i} leaf={piece} marks={marks} />;
      case 'code':
        return <code key={i} className="rounded bg-sunken px-1 text-[0.875em]"><LeafView leaf={piece} marks={marks} /></code>;
      case 'strong':
        return <strong key={i}><Inlines pieces={piece.children} marks={marks} /></strong>;
      case 'em':
        // What a character does rather than says.
        return <em key={i} className="text-soft"><Inlines pieces={piece.children} marks={marks} /></em>;
      case 'del':
        return <del key={i}><Inlines pieces={piece.children} marks={marks} /></del>;
      case 'link':
        return (
          <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow" className="text-ember underline underline-offset-2">
            <Inlines pieces={piece.children} marks={marks} />
          </a>
        );
    }
  });
}

/** Text, cut where sentences end. */
function LeafView({ leaf, marks }: { leaf: Leaf; marks: Marks }): ReactNode {
  const { start, end, text } = leaf;
  const at = (place: number) => Math.max(0, Math.min(text.length, place - start));
  const pieces: ReactNode[] = [];
  let done = start;
  for (const sentence of marks.sentences) {
    if (sentence.end <= done || sentence.start >= end) continue;
    const from = Math.max(done, sentence.start);
    const to = Math.min(end, sentence.end);
    if (from > done) pieces.push(<Plain key={`before ${from}`} text={text.slice(at(done), at(from))} start={done} marks={marks} />);
    pieces.push(<Said key={sentence.segment} sentence={sentence} start={from} text={text.slice(at(from), at(to))} marks={marks} />);
    done = to;
  }
  if (done < end) pieces.push(<Plain key="rest" text={text.slice(at(done))} start={done} marks={marks} />);
  return pieces;
}

/** Text of no sentence, or of one that is not being spoken. */
function Plain({ text, start, marks }: { text: string; start: number; marks: Marks }): ReactNode {
  if (marks.unheardFrom === null || marks.unheardFrom >= start + text.length) return text;
  const heard = Math.max(0, marks.unheardFrom - start);
  return (
    <>
      {text.slice(0, heard)}
      <Unheard first={marks.unheardFrom >= start}>{text.slice(heard)}</Unheard>
    </>
  );
}

interface SaidProps {
  sentence: Sentence;
  start: number;
  text: string;
  marks: Marks;
}

function Said({ sentence, start, text, marks }: SaidProps) {
  const { now, word, hear } = marks;
  const end = start + text.length;
  const at = (place: number) => Math.max(0, Math.min(text.length, place - start));
  if (now?.segment === sentence.segment && now.start < end && now.end > start) {
    const [from, to] = [at(now.start), at(now.end)];
    const within = word && word.start < end && word.end > start ? { from: at(word.start), to: at(word.end) } : null;
    return (
      <span data-segment={sentence.segment} data-testid={now.start >= start ? 'speaking' : undefined}>
        {text.slice(0, from)}
        <span className="sentence-now">
          {within ? (
            <>
              {text.slice(from, within.from)}
              <span className="word-now" data-testid={word!.start >= start ? 'word' : undefined}>
                {text.slice(within.from, within.to)}
              </span>
              {text.slice(within.to, to)}
            </>
          ) : (
            text.slice(from, to)
          )}
        </span>
        {text.slice(to)}
      </span>
    );
  }
  const last = sentence.failed && sentence.end <= end;
  const shown = last ? text.trimEnd() : text;
  return (
    // For the pointer alone: the keyboard has the list of sentences below the message.
    <span
      data-segment={sentence.segment}
      className={hear && !sentence.failed ? 'sentence-again' : undefined}
      onClick={hear && !sentence.failed ? () => (getSelection()?.isCollapsed ?? true) && hear(sentence.segment) : undefined}
    >
      <Plain text={shown} start={start} marks={marks} />
      {last && <Unspoken />}
      {last && text.slice(shown.length)}
    </span>
  );
}

function Unheard({ children, first }: { children: ReactNode; first: boolean }) {
  const words = useWords();
  return (
    <span className="text-faint" data-testid={first ? 'unheard' : undefined}>
      {first && <span className="sr-only"> ({words.unheard}) </span>}
      {children}
    </span>
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
