import { useLayoutEffect, useRef, useState } from 'react';
import type { Turns } from './Chat.tsx';
import { Dictation } from './Dictation.tsx';
import { SendIcon, StopIcon, VoiceOffIcon, VoiceOnIcon } from './icons.tsx';
import { useWords } from './language.ts';

/** Characters; the protocol's limit for a message. */
const MAX_LENGTH = 8_000;
const MAX_HEIGHT = 180;
/** The key code of every key that an input method takes for itself; Safari ends the composition before the Enter arrives. */
const KEY_OF_INPUT_METHOD = 229;

interface ComposerProps {
  name: string;
  busy: boolean;
  disabled: boolean;
  voice: boolean;
  volume: number;
  blocked: boolean;
  turns: Turns;
  onSend: (text: string) => void;
  onStop: () => void;
  onUnlock: () => void;
  onVoice: (voice: boolean) => void;
  onVolume: (volume: number) => void;
}

export function Composer({ name, busy, disabled, voice, volume, blocked, turns, ...on }: ComposerProps) {
  const words = useWords();
  const [text, setText] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);
  const empty = text.trim() === '';
  const tooLong = Array.from(text).length > MAX_LENGTH;

  // As high as its text, up to a limit.
  useLayoutEffect(() => {
    const element = input.current!;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, MAX_HEIGHT)}px`;
  }, [text]);

  const send = () => {
    if (empty || tooLong || disabled) return;
    on.onSend(text.trim());
    setText('');
    input.current?.focus();
  };

  return (
    <form
      className="border-t border-line bg-paper pb-[env(safe-area-inset-bottom)]"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="mx-auto max-w-3xl px-3 pt-3 pb-2 sm:px-6">
        {blocked && voice && (
          <button
            type="button"
            data-testid="blocked"
            onClick={on.onUnlock}
            className="mx-auto mb-3 flex animate-rise items-center gap-2 rounded-full bg-ember px-5 py-2.5 text-sm font-semibold text-ember-ink"
          >
            <VoiceOnIcon className="size-4" />
            {words.blocked}
          </button>
        )}
        <div className="flex items-end gap-2 rounded-3xl border border-line bg-raised p-1.5 pl-4 focus-within:border-ember">
          <textarea
            ref={input}
            rows={1}
            value={text}
            disabled={disabled}
            autoFocus
            enterKeyHint="send"
            aria-label={words.message}
            aria-invalid={tooLong}
            placeholder={words.placeholder(name)}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              const composing = event.nativeEvent.isComposing || event.keyCode === KEY_OF_INPUT_METHOD;
              if (event.key !== 'Enter' || event.shiftKey || composing) return;
              event.preventDefault();
              send();
            }}
            className="max-h-[180px] min-w-0 flex-1 resize-none bg-transparent py-2.5 text-base leading-6 outline-none placeholder:truncate placeholder:text-faint"
          />
          <Dictation disabled={disabled} onText={(said) => setText((known) => (known.trim() === '' ? said : `${known.trimEnd()} ${said}`))} />
          {busy && (
            <RoundButton label={words.stop} onClick={on.onStop} className="bg-said text-said-ink" testId="stop">
              <StopIcon />
            </RoundButton>
          )}
          {(!busy || !empty) && (
            <RoundButton label={words.send} submit disabled={empty || tooLong || disabled} className="bg-ember text-ember-ink" testId="send">
              <SendIcon />
            </RoundButton>
          )}
        </div>
        <div className="mt-1 flex min-h-11 items-center gap-1">
          <button
            type="button"
            aria-pressed={voice}
            aria-label={voice ? words.voiceOff : words.voiceOn}
            title={voice ? words.voiceOff : words.voiceOn}
            onClick={() => on.onVoice(!voice)}
            className={`grid size-11 place-items-center rounded-full hover:bg-sunken ${voice ? 'text-ember' : 'text-faint'}`}
          >
            {voice ? <VoiceOnIcon /> : <VoiceOffIcon />}
          </button>
          <input
            type="range"
            min={0}
            max={1}
            step={0.02}
            value={volume}
            disabled={!voice}
            aria-label={words.volume}
            onChange={(event) => on.onVolume(Number(event.target.value))}
            className="w-24 disabled:opacity-40"
          />
          <p className={`ml-auto pr-2 text-xs ${tooLong ? 'text-bad' : 'hidden text-faint md:block'}`}>
            {tooLong ? words.tooLong : words.keys}
          </p>
          {!tooLong && turns.max > 0 && turns.turn > 0 && (
            <p className={`pr-2 text-xs whitespace-nowrap tabular-nums max-md:ml-auto ${turns.max - turns.turn <= 3 ? 'font-semibold text-ember' : 'text-faint'}`} data-testid="turns">
              {turns.max - turns.turn <= 3 ? words.turnsLeft(Math.max(0, turns.max - turns.turn)) : words.turnsOf(turns.turn, turns.max)}
            </p>
          )}
        </div>
      </div>
    </form>
  );
}

interface RoundButtonProps {
  label: string;
  className: string;
  children: React.ReactNode;
  testId: string;
  submit?: boolean;
  disabled?: boolean;
  onClick?: () => void;
}

function RoundButton({ label, className, children, testId, submit, disabled, onClick }: RoundButtonProps) {
  return (
    <button
      type={submit ? 'submit' : 'button'}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
      data-testid={testId}
      className={`grid size-11 shrink-0 place-items-center rounded-full transition disabled:opacity-30 ${className}`}
    >
      {children}
    </button>
  );
}
