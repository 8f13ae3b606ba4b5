import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Character } from '../chat/character.ts';
import type { Message } from '../chat/conversation.ts';
import type { Room, RoomState } from '../chat/room.ts';
import { Avatar } from './Avatar.tsx';
import { ClockIcon, CopyIcon, DownIcon, PlayIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { Presence } from './Presence.tsx';
import { ResponseDetails } from './ResponseDetails.tsx';
import { Speech } from './Speech.tsx';
import { useToast } from './toast.tsx';
import { useWide } from './useWide.ts';

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
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} onScroll={onScroll} className="h-full overflow-y-auto overscroll-contain" tabIndex={0} role="region" aria-label={words.conversation}>
        <div className="mx-auto flex min-h-full max-w-3xl flex-col px-4 py-6 sm:px-6">
          <Opening room={room} character={state.character} name={name} small={messages.length > 0 || awaiting} />
          {messages.length === 0 && !awaiting && state.status.state === 'open' && <Sample character={state.character} />}
          <ol className="flex flex-col gap-5">
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
                    live={state.status.state === 'open'}
                    voice={state.voice}
                  />
                )
              ),
            )}
            {thinking && (
              <li className="flex gap-3">
                <Avatar character={state.character} className="mt-0.5 hidden size-9 rounded-xl sm:block lg:hidden" />
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
    </div>
  );
}

/** Who is speaking: the whole window while there is nothing else to see, then the head of the conversation. */
function Opening({ room, character, name, small }: { room: Room; character: Character | null; name: string; small: boolean }) {
  const wide = useWide();
  return (
    <div className={`flex flex-col items-center text-center lg:hidden ${small ? 'pt-2 pb-8' : 'my-auto py-8'}`}>
      {!wide && <Presence character={character} level={room.level} className={small ? 'size-36 rounded-[1.75rem]' : 'size-48 rounded-[2rem]'} />}
      <h2 className={`font-bold tracking-tight ${small ? 'mt-3' : 'mt-5 text-xl'}`}>{name}</h2>
      {character?.description && (
        <p className={`mt-2 max-w-md leading-relaxed text-pretty text-soft ${small ? 'text-sm' : ''}`}>{character.description}</p>
      )}
    </div>
  );
}

/** Something to begin with, while nothing has been said. */
function Sample({ character }: { character: Character | null }) {
  if (!character?.sample_dialogue) return null;
  return (
    <blockquote className="mx-auto max-w-md rounded-3xl bg-sunken px-6 py-5 text-center leading-relaxed text-pretty lg:my-auto lg:text-lg">
      “{character.sample_dialogue}”
    </blockquote>
  );
}

const Own = memo(function Own({ message }: { message: Message }) {
  const words = useWords();
  return (
    <li className="flex animate-rise flex-col items-end" data-role="user">
      <span className="sr-only">{words.you}: </span>
      <p
        data-testid="said"
        className={`max-w-[85%] rounded-2xl rounded-br-md bg-said px-4 py-2.5 leading-relaxed break-words whitespace-pre-wrap text-said-ink sm:max-w-[75%] ${message.status === 'sending' ? 'opacity-70' : ''}`}
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
  /** Nothing can be spoken without the server. */
  live: boolean;
  voice: boolean;
}

const Theirs = memo(function Theirs({ room, message, character, segment, live, voice }: TheirsProps) {
  const words = useWords();
  const toast = useToast();
  const [open, setOpen] = useState(false);
  const over = message.status !== 'streaming';
  const heard = message.sentences.length > 0;
  return (
    <li className="flex animate-rise gap-3" data-role="assistant" data-message-status={message.status}>
      <Avatar character={character} className="mt-0.5 hidden size-9 rounded-xl sm:block lg:hidden" />
      <div className="min-w-0 max-w-[92%] sm:max-w-[85%]">
        <div
          data-testid="said"
          className="flex flex-col gap-2 rounded-2xl rounded-tl-md border border-line bg-raised px-4 py-2.5 leading-[1.75] break-words"
        >
          <Speech room={room} message={message} segment={segment} />
        </div>
        {message.status === 'cut' && <p className="mt-1 ml-1 text-xs text-faint">{message.heardChars === null ? words.cut : words.cutUnheard}</p>}
        {message.status === 'failed' && <p className="mt-1 ml-1 text-xs text-bad">{words.responseFailed}</p>}
        {over && (
          <div className="mt-0.5 -ml-1.5 flex flex-wrap text-faint">
            {voice && live && (
              <ActionButton label={heard ? words.replay : words.listen} onClick={() => void room.speak(message.id)}>
                <PlayIcon className="size-4.5" />
                {!heard && <span className="text-xs font-semibold">{words.listen}</span>}
              </ActionButton>
            )}
            <ActionButton
              label={words.copy}
              onClick={() => void navigator.clipboard.writeText(message.text).then(() => toast(words.copied), () => toast(words.wentWrong))}
            >
              <CopyIcon className="size-4.5" />
            </ActionButton>
            {(message.measured || heard) && (
              <ActionButton label={words.whySlow} expanded={open} onClick={() => setOpen(!open)}>
                <ClockIcon className="size-4.5" />
              </ActionButton>
            )}
          </div>
        )}
        {open && <ResponseDetails room={room} message={message} segment={segment} />}
      </div>
    </li>
  );
});

interface ActionButtonProps {
  label: string;
  onClick: () => void;
  expanded?: boolean;
  children: React.ReactNode;
}

function ActionButton({ label, onClick, expanded, children }: ActionButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-expanded={expanded}
      onClick={onClick}
      className="flex h-9 min-w-9 items-center justify-center gap-1 rounded-full px-2 hover:bg-sunken hover:text-ink aria-expanded:bg-sunken aria-expanded:text-ink"
    >
      {children}
    </button>
  );
}

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
