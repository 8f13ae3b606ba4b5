import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useEffectEvent, useRef, useState } from 'react';
import { Player } from '../audio/player.ts';
import type { Character } from '../chat/character.ts';
import { Room, SAMPLE_RATE, type Scenario } from '../chat/room.ts';
import * as snapshots from '../chat/snapshot.ts';
import { browserPlatform } from '../realtime/platform.ts';
import { Gallery } from './Gallery.tsx';
import { useWords } from './language.ts';
import { useRoute } from './route.ts';
import { readSettings, storage, useSettings } from './settings.ts';
import { useToast } from './toast.tsx';

// What the gallery does not need comes when it is needed.
const Chat = lazy(() => import('./Chat.tsx').then(({ Chat }) => ({ default: Chat })));
const Editor = lazy(() => import('./Editor.tsx').then(({ Editor }) => ({ default: Editor })));

/** What a conversation begins with. */
export interface Beginning {
  character: Character | null;
  scenario?: Scenario | null;
  /** Goes on with this one instead. */
  session?: string;
}

function openRoom({ character, scenario, session }: Beginning, snapshot: snapshots.Snapshot | null): Room {
  const settings = readSettings(storage('localStorage'));
  const fresh = snapshot === null && session === undefined;
  const room = new Room(
    {
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/realtime`,
      character,
      snapshot,
      ...(session === undefined ? {} : { session }),
      scenario: scenario ?? null,
      greeting: fresh && settings.greet ? (character?.greeting ?? '') : '',
      ...settings,
      language: document.documentElement.lang,
    },
    (listener) => new Player(SAMPLE_RATE, listener),
    browserPlatform(),
    storage('sessionStorage'),
  );
  room.start();
  return room;
}

/** The room of before a reload; made once, outside React's double mounting. */
let resumed: Room | null | undefined;
function resumeRoom(): Room | null {
  if (resumed === undefined) {
    // Leaving the room forgets it, so whatever is there was not left.
    const snapshot = snapshots.load(storage('sessionStorage'));
    if (snapshot) history.replaceState(null, '', `${location.pathname}#talk`);
    resumed = snapshot ? openRoom({ character: snapshot.character }, snapshot) : null;
  }
  return resumed;
}

export function App() {
  const queries = useQueryClient();
  const { change } = useSettings();
  const words = useWords();
  const toast = useToast();
  // The room first: it decides where one is.
  const [room, setRoom] = useState<Room | null>(resumeRoom);
  const [route, go] = useRoute();
  const beginning = useRef<Beginning | null>(null);

  useEffect(() => {
    if (!room) return;
    const save = () => room.save();
    const hidden = () => document.visibilityState === 'hidden' && room.save();
    // Browsers let sound begin only in a gesture, and any will do.
    const gesture = () => room.unlock();
    window.addEventListener('pagehide', save);
    document.addEventListener('visibilitychange', hidden);
    document.addEventListener('pointerdown', gesture);
    document.addEventListener('keydown', gesture);
    return () => {
      window.removeEventListener('pagehide', save);
      document.removeEventListener('visibilitychange', hidden);
      document.removeEventListener('pointerdown', gesture);
      document.removeEventListener('keydown', gesture);
    };
  }, [room]);

  // A login that failed comes back with why.
  const tellLogin = useEffectEvent((error: string) => {
    toast(error === 'access_denied' ? words.loginDenied : error === 'login_expired' ? words.loginExpired : words.loginFailed);
  });
  useEffect(() => {
    const error = new URLSearchParams(location.search).get('error');
    if (error === null) return;
    history.replaceState(null, '', location.pathname + location.hash);
    tellLogin(error);
  }, []);

  const begin = useCallback(
    (how: Beginning) => {
      beginning.current = how;
      const next = openRoom(how, null);
      next.unlock();
      setRoom(next);
      go({ at: 'talk' });
    },
    [go],
  );

  // Wherever the room is left from, by the page's button or the browser's, its place is free.
  useEffect(() => {
    if (route.at === 'talk' && !room) go({ at: 'gallery' }, true);
    if (route.at === 'talk' || !room) return;
    room.leave();
    setRoom(null);
    void queries.invalidateQueries({ queryKey: ['sessions'] });
  }, [route, room, go, queries]);

  if (route.at === 'talk' && room) {
    return (
      <Suspense fallback={<Waiting />}>
        <Chat
          room={room}
          onLeave={() => go({ at: 'gallery' })}
          onRestart={() => {
            room.leave();
            const { character, scenario = null } = beginning.current ?? { character: room.state.character };
            begin({ character, scenario });
          }}
          onVoice={(voice) => {
            change({ voice });
            room.setVoice(voice);
          }}
          onVolume={(volume) => {
            change({ volume });
            room.setVolume(volume);
          }}
          onMode={(mode) => {
            change({ mode });
            room.setMode(mode);
          }}
        />
      </Suspense>
    );
  }
  if (route.at === 'new' || route.at === 'edit') {
    return (
      <Suspense fallback={<Waiting />}>
        <Editor
          key={route.at === 'edit' ? route.id : ''}
          id={route.at === 'edit' ? route.id : null}
          copy={route.at === 'edit' && route.copy}
          onLeave={() => go({ at: 'gallery' })}
          onTalk={(character) => begin({ character })}
        />
      </Suspense>
    );
  }
  return <Gallery onBegin={begin} onGo={go} />;
}

function Waiting() {
  const words = useWords();
  return (
    <div className="grid h-dvh place-items-center" role="status">
      <span className="size-8 animate-spin rounded-full border-[3px] border-line border-t-ember" aria-hidden="true" />
      <span className="sr-only">{words.loading}</span>
    </div>
  );
}
