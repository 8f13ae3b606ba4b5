import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import type { Room, RoomState, SpeechMode } from '../chat/room.ts';
import type { Words } from '../i18n.ts';
import { Composer } from './Composer.tsx';
import { Dialog } from './Dialog.tsx';
import { BackIcon, CloseIcon, ExportIcon, InfoIcon, MemoryIcon, MoreIcon, NewIcon, SettingsIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { Menu } from './Menu.tsx';
import { Messages } from './Messages.tsx';
import { Portrait } from './Portrait.tsx';
import { Presence } from './Presence.tsx';
import { RoomPanel } from './RoomPanel.tsx';
import { saveTranscript } from './transcript.ts';
import { StatusBar } from './StatusBar.tsx';
import { useWide } from './useWide.ts';

const MemoryDialog = lazy(() => import('./MemoryDialog.tsx').then(({ MemoryDialog }) => ({ default: MemoryDialog })));
const SettingsDialog = lazy(() => import('./SettingsDialog.tsx').then(({ SettingsDialog }) => ({ default: SettingsDialog })));

interface ChatProps {
  room: Room;
  onLeave: () => void;
  onRestart: () => void;
  onVoice: (voice: boolean) => void;
  onVolume: (volume: number) => void;
  onMode: (mode: SpeechMode) => void;
}

/** The browser's own dialogs, ours among them, take Esc for themselves. */
const inDialog = () => document.querySelector('dialog[open]') !== null;

export function Chat({ room, onLeave, onRestart, onVoice, onVolume, onMode }: ChatProps) {
  const words = useWords();
  const state = useSyncExternalStore(
    (callback) => room.subscribe(callback),
    () => room.state,
  );
  const wide = useWide();
  const [dialog, setDialog] = useState<'details' | 'memory' | 'settings' | null>(null);
  const { character, conversation, speaking } = state;
  const name = character?.name ?? words.assistant;
  const busy = speaking !== null || conversation.active !== null || conversation.awaiting;
  const ended = state.status.state === 'closed' || state.status.state === 'refused' || state.status.state === 'taken_over';
  const sessionId = conversation.session?.id ?? null;
  const turns = turnsOf(state);
  const spent = turns.max > 0 && turns.turn >= turns.max && !busy;

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Esc while composing belongs to the input method.
      if (event.key === 'Escape' && !event.isComposing && !inDialog() && room.busy) void room.interrupt();
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
    <div className="grid h-dvh grid-cols-1 lg:grid-cols-[22rem_minmax(0,1fr)] xl:grid-cols-[26rem_minmax(0,1fr)]">
      <aside aria-label={words.details} className="hidden min-h-0 flex-col overflow-y-auto border-r border-line bg-sunken p-6 lg:flex xl:p-8">
        {wide && <Presence character={character} level={room.level} className="mx-auto aspect-square w-full max-w-80 rounded-[2rem]" />}
        <RoomPanel state={state} turns={turns} onMode={onMode} />
      </aside>
      <main className="flex min-h-0 min-w-0 flex-col">
        <header className="border-b border-line bg-paper">
          <div className="mx-auto flex min-h-16 max-w-3xl items-center gap-2 px-2 sm:px-4">
            <IconButton label={words.back} onClick={onLeave}>
              <BackIcon />
            </IconButton>
            <Portrait character={character} level={room.level} className="size-11 rounded-2xl lg:hidden" />
            <div className="ml-1 min-w-0 flex-1">
              <h1 className="truncate leading-tight font-semibold tracking-tight">{name}</h1>
              <State state={state} words={words} />
            </div>
            <p className="mr-1 hidden text-sm font-medium text-faint sm:block lg:hidden">Avatar Forge</p>
            <IconButton label={words.newConversation} onClick={onRestart}>
              <NewIcon />
            </IconButton>
            <Menu
              label={words.menu}
              icon={<MoreIcon />}
              items={[
                { label: words.details, icon: <InfoIcon />, run: () => setDialog('details') },
                ...(sessionId === null ? [] : [{ label: words.remembered, icon: <MemoryIcon />, run: () => setDialog('memory') }]),
                { label: words.exportText, icon: <ExportIcon />, run: () => saveTranscript(state, name, words.you, 'md') },
                { label: words.exportJson, icon: <ExportIcon />, run: () => saveTranscript(state, name, words.you, 'json') },
                { label: words.settings, icon: <SettingsIcon />, run: () => setDialog('settings') },
              ]}
            />
          </div>
        </header>
        <DemoBanner state={state} words={words} />
        <StatusBar state={state} words={words} onReconnect={() => room.reconnect()} onRestart={onRestart} />
        <Messages room={room} state={state} name={name} />
        <Notices state={state} words={words} onDismiss={(id) => room.dismiss(id)} />
        {spent && !ended ? (
          <div className="border-t border-line bg-paper px-6 py-6 text-center" data-testid="turn-limit">
            <p className="font-semibold">{words.turnLimit}</p>
            <p className="mt-1 text-sm text-soft">{words.turnLimitHint}</p>
            <button type="button" className="button-main mt-4" onClick={onRestart}>
              {words.newConversation}
            </button>
          </div>
        ) : (
          <Composer
            name={name}
            busy={busy}
            disabled={ended}
            voice={state.voice}
            volume={state.volume}
            blocked={state.blocked}
            turns={turns}
            onSend={(text) => {
              room.unlock();
              room.say(text);
            }}
            onStop={() => void room.interrupt()}
            onUnlock={() => room.unlock()}
            onVoice={onVoice}
            onVolume={onVolume}
          />
        )}
      </main>
      {dialog === 'details' && (
        <Dialog title={words.details} onClose={() => setDialog(null)}>
          <RoomPanel state={state} turns={turns} onMode={onMode} />
        </Dialog>
      )}
      <Suspense>
        {dialog === 'settings' && <SettingsDialog onClose={() => setDialog(null)} />}
        {dialog === 'memory' && sessionId !== null && (
          <MemoryDialog session={sessionId} character={character?.id ?? ''} onClose={() => setDialog(null)} />
        )}
      </Suspense>
    </div>
  );
}

export interface Turns {
  turn: number;
  /** 0: no limit. */
  max: number;
}

/** The server tells the turns after each answer, and of a session that it has from before, with the session. */
function turnsOf({ conversation: { session, context } }: RoomState): Turns {
  return { turn: Math.max(context?.turns ?? 0, session?.avatarforge?.turn ?? 0), max: session?.avatarforge?.max_turns ?? 0 };
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
function State({ state: { status, speaking, conversation }, words }: { state: RoomState; words: Words }) {
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
      {state.notices.map(({ id, code }) => (
        // The server's own sentences are for who programs against it.
        <NoticeLine key={id} text={words.errors[code] ?? words.errors.response_failed!} onDismiss={() => onDismiss(id)} words={words} />
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
