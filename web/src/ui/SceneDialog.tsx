import { useEffect, useRef, useState } from 'react';
import { draftStory } from '../api/drafts.ts';
import type { Character } from '../chat/character.ts';
import type { Scenario } from '../chat/room.ts';
import { Avatar } from './Avatar.tsx';
import { Dialog } from './Dialog.tsx';
import { SparkIcon, StopIcon } from './icons.tsx';
import { useWords } from './language.ts';

interface SceneDialogProps {
  character: Character;
  onBegin: (scenario: Scenario) => void;
  onClose: () => void;
}

/** Who the character is, for whoever writes the plot: within what the server takes. */
function personaOf({ description, personality, speech_style, worldview }: Character): string {
  return [description, personality, speech_style, worldview].filter(Boolean).join('\n').slice(0, 4000);
}

/** Where and how a conversation begins. */
export function SceneDialog({ character, onBegin, onClose }: SceneDialogProps) {
  const words = useWords();
  const [opponent, setOpponent] = useState(character.name);
  const [situation, setSituation] = useState('');
  const [background, setBackground] = useState(character.worldview);
  const [state, setState] = useState<'idle' | 'writing' | 'failed'>('idle');
  const writing = useRef<AbortController | null>(null);
  useEffect(() => () => writing.current?.abort(), []);

  const write = async () => {
    const controller = new AbortController();
    writing.current = controller;
    setState('writing');
    const before = background;
    try {
      const idea = { situation, opponent_name: opponent, character_persona: personaOf(character) };
      const { plot } = await draftStory(
        idea,
        { field: ({ value }) => setBackground(String(value)), restart: () => setBackground('') },
        controller.signal,
      );
      setBackground(plot);
      setState('idle');
    } catch {
      if (controller.signal.aborted) return setState('idle');
      setBackground(before);
      setState('failed');
    }
  };

  return (
    <Dialog
      title={words.sceneTitle(character.name)}
      onClose={onClose}
      footer={
        <button
          type="submit"
          form="scene"
          className="button-main"
          disabled={state === 'writing'}
        >
          {words.begin}
        </button>
      }
    >
      <form
        id="scene"
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          onBegin({ opponent: opponent.trim(), situation: situation.trim(), background: background.trim() });
        }}
      >
        <div className="flex items-end gap-4">
          <Avatar character={character} className="size-16 rounded-2xl" />
          <label className="field flex-1">
            <span>{words.opponent}</span>
            <input className="input" value={opponent} maxLength={200} onChange={(event) => setOpponent(event.target.value)} />
          </label>
        </div>
        <label className="field">
          <span>{words.situation}</span>
          <textarea
            className="input min-h-20"
            autoFocus
            value={situation}
            maxLength={2000}
            placeholder={words.situationHint}
            onChange={(event) => setSituation(event.target.value)}
          />
        </label>
        <div>
          <label className="field">
            <span>{words.background}</span>
            <textarea
              className="input min-h-36"
              value={background}
              maxLength={4000}
              readOnly={state === 'writing'}
              placeholder={words.backgroundHint}
              onChange={(event) => setBackground(event.target.value)}
            />
          </label>
          <div className="mt-2 flex flex-wrap items-center gap-3">
            {state === 'writing' ? (
              <button type="button" className="button" onClick={() => writing.current?.abort()}>
                <StopIcon className="size-4" />
                {words.stopWriting}
              </button>
            ) : (
              <button type="button" className="button" disabled={situation.trim() === ''} onClick={() => void write()}>
                <SparkIcon className="size-4 text-ember" />
                {words.writeStory}
              </button>
            )}
            <p role="status" className={`text-sm ${state === 'failed' ? 'text-bad' : 'text-soft'}`}>
              {state === 'writing' ? words.writing : state === 'failed' ? words.storyFailed : ''}
            </p>
          </div>
        </div>
      </form>
    </Dialog>
  );
}
