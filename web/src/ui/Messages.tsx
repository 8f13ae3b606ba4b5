import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Character } from '../chat/character.ts';
import type { Message } from '../chat/conversation.ts';
import type { Room, RoomState } from '../chat/room.ts';
import { Avatar } from './Avatar.tsx';
import { DownIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { Speech } from './Speech.tsx';

/** Pixels from the end within which the reader counts as being at the end. */
const NEAR_END = 80;

export function Messages({ room, state, name }: { room: Room; state: RoomState; name: string }) {
  const words = useWords();
  const { messages, awaiting, active } = state.conversation;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [away, setAway] = useState(false);

  const toEnd = () => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  };

  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
    setAway(!atEnd.current);
  };

  // Follow what comes, unless the reader has scrolled up to read.
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
  }, [messages, awaiting]);

  // One's own words are always shown.
  const lastOwn = messages.findLast(({ role }) => role === 'user')?.id;
  useLayoutEffect(() => {
    atEnd.current = true;
    toEnd();
  }, [lastOwn]);

  const last = messages.at(-1);
  const thinking = awaiting || (active !== null && (last?.role !== 'assistant' || last.text === ''));

  return (
    <main className="relative min-h-0 flex-1">
      <div ref={scroller} onScroll={onScroll} className="h-full overflow-y-auto overscroll-contain" tabIndex={-1}>
        <div className="mx-auto flex min-h-full max-w-3xl flex-col px-4 py-6 sm:px-6">
          <Opening character={state.character} name={name} small={messages.length > 0 || awaiting} />
          <ol className="flex flex-col gap-5" aria-label={words.conversation}>
            {messages.map((message) =>
              message.role === 'user' ? (
                <Own key={message.id} message={message} />
              ) : (
                message.text !== '' && (
                  <Theirs
                    key={message.id}
                    room={room}
                    message={message}
                    character={state.character}
                    segment={state.speaking?.itemId === message.id ? state.speaking.segment : null}
                  />
                )
              ),
            )}
            {thinking && (
              <li className="flex gap-3">
                <Avatar character={state.character} className="mt-0.5 hidden size-8 rounded-lg text-sm sm:grid" />
                <span className="flex h-11 items-center gap-1.5 rounded-2xl rounded-tl-md border border-line bg-raised px-4" data-testid="thinking">
                  {['[animation-delay:0ms]', '[animation-delay:150ms]', '[animation-delay:300ms]'].map((delay) => (
                    <span key={delay} className={`size-1.5 animate-pulse rounded-full bg-faint ${delay}`} />
                  ))}
                  <span className="sr-only">{words.thinking}</span>
                </span>
              </li>
            )}
          </ol>
        </div>
      </div>
      {away && (
        <button
          type="button"
          aria-label={words.latest}
          title={words.latest}
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 grid size-10 -translate-x-1/2 place-items-center rounded-full border border-line bg-raised text-soft shadow-md hover:text-ink"
        >
          <DownIcon className="size-4" />
        </button>
      )}
      <Announcer messages={messages} name={name} />
    </main>
  );
}

/** Who is speaking: the whole window while there is nothing else to see, then the head of the conversation. */
function Opening({ character, name, small }: { character: Character | null; name: string; small: boolean }) {
  return (
    <div className={`flex flex-col items-center text-center ${small ? 'pt-2 pb-10' : 'my-auto py-8'}`}>
      <Avatar character={character} className={small ? 'size-16 rounded-2xl text-2xl' : 'size-24 rounded-3xl text-4xl'} />
      <h2 className={`font-bold tracking-tight ${small ? 'mt-3' : 'mt-5 text-xl'}`}>{name}</h2>
      {character?.description && (
        <p className={`mt-2 max-w-md leading-relaxed text-pretty text-soft ${small ? 'text-sm' : ''}`}>{character.description}</p>
      )}
      {!small && character?.sampleDialogue && (
        <blockquote className="mt-6 max-w-md rounded-2xl bg-sunken px-5 py-4 text-[0.9375rem] leading-relaxed text-pretty">
          “{character.sampleDialogue}”
        </blockquote>
      )}
    </div>
  );
}

const Own = memo(function Own({ message }: { message: Message }) {
  const words = useWords();
  return (
    <li className="flex animate-rise flex-col items-end" data-role="user">
      <span className="sr-only">{words.you}: </span>
      <p
        className={`max-w-[85%] rounded-2xl rounded-br-md bg-said px-4 py-2.5 leading-relaxed whitespace-pre-wrap text-said-ink sm:max-w-[75%] ${message.status === 'sending' ? 'opacity-70' : ''}`}
      >
        {message.text}
      </p>
      {message.status === 'failed' && <p className="mt-1 text-xs text-bad">{words.sendFailed}</p>}
    </li>
  );
});

interface TheirsProps {
  room: Room;
  message: Message;
  character: Character | null;
  /** The segment of this message that is sounding. */
  segment: number | null;
}

const Theirs = memo(function Theirs({ room, message, character, segment }: TheirsProps) {
  const words = useWords();
  return (
    <li className="flex animate-rise gap-3" data-role="assistant" data-message-status={message.status}>
      <Avatar character={character} className="mt-0.5 hidden size-8 rounded-lg text-sm sm:grid" />
      <div className="min-w-0 max-w-[92%] sm:max-w-[85%]">
        <p className="rounded-2xl rounded-tl-md border border-line bg-raised px-4 py-2.5 leading-[1.75] whitespace-pre-wrap">
          <Speech room={room} message={message} segment={segment} />
        </p>
        {message.status === 'cut' && <p className="mt-1 ml-1 text-xs text-faint">{message.heardChars === null ? words.cut : words.cutUnheard}</p>}
        {message.status === 'failed' && <p className="mt-1 ml-1 text-xs text-bad">{words.responseFailed}</p>}
      </div>
    </li>
  );
});

/** Tells a screen reader what the character said, once it is all there: token by token it would stutter. */
function Announcer({ messages, name }: { messages: Message[]; name: string }) {
  const [text, setText] = useState('');
  const told = useRef(new Set(messages.map(({ id }) => id)));
  useEffect(() => {
    for (const { id, role, status, text } of messages) {
      if (role !== 'assistant' || status === 'streaming' || told.current.has(id)) continue;
      told.current.add(id);
      setText(`${name}: ${text}`);
    }
  }, [messages, name]);
  return (
    <p className="sr-only" aria-live="polite">
      {text}
    </p>
  );
}
