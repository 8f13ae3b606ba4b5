import { useCallback, useEffect, useState } from 'react';
import { Player } from '../audio/player.ts';
import type { Character } from '../chat/character.ts';
import { Room, SAMPLE_RATE } from '../chat/room.ts';
import * as snapshots from '../chat/snapshot.ts';
import { browserPlatform } from '../realtime/platform.ts';
import { Chat } from './Chat.tsx';
import { Gallery } from './Gallery.tsx';
import { readSettings, storage, writeSettings } from './settings.ts';

function openRoom(character: Character | null, snapshot: snapshots.Snapshot | null): Room {
  const room = new Room(
    {
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/realtime`,
      character,
      snapshot,
      ...readSettings(),
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
    const snapshot = snapshots.load(storage('sessionStorage'));
    resumed = snapshot ? openRoom(snapshot.character, snapshot) : null;
  }
  return resumed;
}

export function App() {
  const [room, setRoom] = useState<Room | null>(resumeRoom);

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

  const begin = useCallback((character: Character | null) => {
    const next = openRoom(character, null);
    next.unlock();
    setRoom(next);
  }, []);

  if (!room) return <Gallery onPick={begin} />;
  return (
    <Chat
      room={room}
      onLeave={() => {
        room.leave();
        setRoom(null);
      }}
      onRestart={() => {
        room.leave();
        begin(room.state.character);
      }}
      onVoice={(voice) => {
        writeSettings({ voice });
        room.setVoice(voice);
      }}
      onVolume={(volume) => {
        writeSettings({ volume });
        room.setVolume(volume);
      }}
    />
  );
}
