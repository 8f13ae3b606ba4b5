import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Room, RoomState } from '../chat/room.ts';
import type { Words } from '../i18n.ts';
import { Avatar } from './Avatar.tsx';
import { Composer } from './Composer.tsx';
import { BackIcon, CloseIcon, NewIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { Messages } from './Messages.tsx';
import { StatusBar } from './StatusBar.tsx';

interface ChatProps {
  room: Room;
  onLeave: () => void;
  onRestart: () => void;
  onVoice: (voice: boolean) => void;
  onVolume: (volume: number) => void;
}

export function Chat({ room, onLeave, onRestart, onVoice, onVolume }: ChatProps) {
  const words = useWords();
  const state = useSyncExternalStore(
    (callback) => room.subscribe(callback),
    () => room.state,
  );
  const { character, conversation, speaking } = state;
  const name = character?.name ?? words.assistant;
  const busy = speaking !== null || conversation.active !== null || conversation.awaiting;

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Esc while composing belongs to the input method.
      if (event.key === 'Escape' && !event.isComposing && room.busy) void room.interrupt();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [room]);

  useEffect(() => {
    document.title = `${name} · Avatar Forge`;
    return () => {
      document.title = 'Avatar Forge';
    };
  }, [name]);

  return (
    <div className="flex h-dvh flex-col">
      <header className="border-b border-line bg-paper">
        <div className="mx-auto flex h-16 max-w-3xl items-center gap-2 px-2 sm:px-4">
          <IconButton label={words.back} onClick={onLeave}>
            <BackIcon />
          </IconButton>
          <Avatar
            character={character}
            className={`size-9 rounded-xl text-base ${speaking ? 'animate-breathe' : ''}`}
          />
          <div className="ml-1 min-w-0 flex-1">
            <h1 className="truncate leading-tight font-semibold tracking-tight">{name}</h1>
            <Presence state={state} words={words} />
          </div>
          <p className="mr-1 hidden text-sm font-medium text-faint sm:block">Avatar Forge</p>
          <IconButton label={words.newConversation} onClick={onRestart}>
            <NewIcon />
          </IconButton>
        </div>
      </header>
      <DemoBanner state={state} words={words} />
      <StatusBar state={state} words={words} onReconnect={() => room.reconnect()} onRestart={onRestart} />
      <Messages room={room} state={state} name={name} />
      <Notices state={state} words={words} onDismiss={(id) => room.dismiss(id)} />
      <Composer
        name={name}
        busy={busy}
        disabled={state.status.state === 'closed' || state.status.state === 'refused' || state.status.state === 'taken_over'}
        voice={state.voice}
        volume={state.volume}
        blocked={state.blocked}
        onSend={(text) => {
          room.unlock();
          room.say(text);
        }}
        onStop={() => void room.interrupt()}
        onUnlock={() => room.unlock()}
        onVoice={onVoice}
        onVolume={onVolume}
      />
    </div>
  );
}

function IconButton({ label, onClick, children }: { label: string; onClick: () => void; children: React.ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      className="grid size-11 shrink-0 place-items-center rounded-full text-soft hover:bg-sunken hover:text-ink"
    >
      {children}
    </button>
  );
}

/** What the other side is doing, in a word. */
function Presence({ state: { status, speaking, conversation }, words }: { state: RoomState; words: Words }) {
  const live = status.state === 'open';
  let text = words.connecting;
  if (live) {
    text = speaking ? words.speakingNow : conversation.active !== null || conversation.awaiting ? words.thinking : words.open;
  } else if (status.state === 'closed' || status.state === 'refused') {
    text = words.ended;
  }
  return (
    <p className="flex items-center gap-1.5 text-xs text-faint" data-status={status.state}>
      <span className={`size-1.5 rounded-full ${live ? (speaking ? 'bg-ember' : 'bg-[#4d8f4a]') : 'bg-faint'}`} />
      {text}
      <span className="sm:hidden">· Avatar Forge</span>
    </p>
  );
}

/** Loud on purpose: what is heard here says nothing about what the real model and voice can do. */
function DemoBanner({ state, words }: { state: RoomState; words: Words }) {
  const demo = state.conversation.session?.avatarforge?.demo;
  if (!demo || (!demo.llm && !demo.tts)) return null;
  const text = demo.llm && demo.tts ? words.demoBoth : demo.llm ? words.demoLlm : words.demoTts;
  return (
    <p role="note" data-testid="demo" className="bg-ember px-4 py-2 text-center text-[0.8125rem] font-medium text-pretty text-ember-ink">
      {text}
    </p>
  );
}

function Notices({ state, words, onDismiss }: { state: RoomState; words: Words; onDismiss: (id: number) => void }) {
  return (
    <div role="status" className="mx-auto w-full max-w-3xl px-3 sm:px-6">
      {state.notices.map(({ id, code, message }) => (
        <NoticeLine key={id} text={words.errors[code] ?? (message || words.errors.response_failed!)} onDismiss={() => onDismiss(id)} words={words} />
      ))}
    </div>
  );
}

function NoticeLine({ text, onDismiss, words }: { text: string; onDismiss: () => void; words: Words }) {
  const [shown] = useState(text);
  return (
    <p className="mb-2 flex animate-rise items-center gap-3 rounded-xl border border-line bg-raised py-1.5 pr-1.5 pl-4 text-sm">
      <span className="size-1.5 shrink-0 rounded-full bg-bad" />
      <span className="flex-1">{shown}</span>
      <button
        type="button"
        aria-label={words.dismiss}
        className="grid size-9 place-items-center rounded-full text-faint hover:bg-sunken"
        onClick={onDismiss}
      >
        <CloseIcon className="size-4" />
      </button>
    </p>
  );
}
