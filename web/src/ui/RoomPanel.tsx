import { figureOf } from '../chat/character.ts';
import type { RoomState, SpeechMode } from '../chat/room.ts';
import type { Turns } from './Chat.tsx';
import { Choice } from './Choice.tsx';
import { useWords } from './language.ts';
import { useSettings, type Look } from './settings.ts';

interface RoomPanelProps {
  state: RoomState;
  turns: Turns;
  onMode: (mode: SpeechMode) => void;
}

/** Everything about a conversation that is not said in it. */
export function RoomPanel({ state, turns, onMode }: RoomPanelProps) {
  const words = useWords();
  const { settings, change } = useSettings();
  const { character, conversation, mode } = state;
  const { session, context } = conversation;
  const scenario = session?.avatarforge?.scenario;
  const hints: Record<SpeechMode, string> = {
    realtime: words.modeRealtimeHint,
    delayed: words.modeDelayedHint,
    on_click: words.modeOnClickHint,
  };
  return (
    <div className="flex flex-col gap-6 pt-5">
      {character && (
        <div>
          <p className="text-xl font-bold tracking-tight">{character.name}</p>
          <p className="mt-0.5 text-sm text-faint">{[character.job, character.source_work].filter(Boolean).join(' · ')}</p>
          <p className="mt-3 text-sm leading-relaxed text-pretty text-soft">{character.description}</p>
        </div>
      )}
      {scenario && (scenario.situation || scenario.background) && (
        <section aria-label={words.sceneNow} className="rounded-2xl border border-line bg-raised p-4 text-sm leading-relaxed">
          <h2 className="font-semibold">{words.sceneNow}</h2>
          {scenario.situation && <p className="mt-1 whitespace-pre-wrap">{scenario.situation}</p>}
          {scenario.background && <p className="mt-1 line-clamp-6 whitespace-pre-wrap text-soft">{scenario.background}</p>}
        </section>
      )}
      {character && figureOf(character) !== null && (
        <Choice<Look>
          label={words.looks}
          value={settings.look}
          options={[
            { value: 'portrait', label: words.lookPortrait },
            { value: 'figure', label: words.lookFigure },
          ]}
          onChange={(look) => change({ look })}
        />
      )}
      <Choice<SpeechMode>
        label={words.speechMode}
        value={mode}
        hint={hints[mode]}
        options={[
          { value: 'realtime', label: words.modeRealtime },
          { value: 'delayed', label: words.modeDelayed },
          { value: 'on_click', label: words.modeOnClick },
        ]}
        onChange={onMode}
      />
      <div className="flex flex-col gap-4">
        <Meter
          label={words.turnLabel}
          value={turns.turn}
          max={turns.max}
          text={turns.max > 0 ? words.turnsOf(turns.turn, turns.max) : words.turnsSoFar(turns.turn)}
        />
        {context && context.limitTokens > 0 && (
          <Meter
            label={words.memoryUse}
            value={context.usedTokens}
            max={context.limitTokens}
            text={`${Math.round((context.usedTokens * 100) / context.limitTokens)}%`}
            note={context.summarizedTurns > 0 ? words.summarized(context.summarizedTurns) : ''}
          />
        )}
      </div>
    </div>
  );
}

interface MeterProps {
  label: string;
  value: number;
  /** 0: there is no end, and nothing to measure by. */
  max: number;
  text: string;
  note?: string;
}

function Meter({ label, value, max, text, note }: MeterProps) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <div>
      <p className="flex items-baseline justify-between gap-3 text-sm">
        <span className="font-semibold">{label}</span>
        <span className="text-soft tabular-nums">{text}</span>
      </p>
      {max > 0 && (
        <div
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={max}
          aria-valuenow={Math.min(value, max)}
          aria-valuetext={text}
          className="mt-2 h-1.5 overflow-hidden rounded-full bg-line"
        >
          <div className={`h-full rounded-full ${share >= 0.8 ? 'bg-ember' : 'bg-soft'}`} style={{ width: `${share * 100}%` }} />
        </div>
      )}
      {note && <p className="mt-1.5 text-[0.8125rem] text-soft">{note}</p>}
    </div>
  );
}
