import { useContext, useEffect, useRef, useState } from 'react';
import { MicIcon } from './icons.tsx';
import { LanguageContext, useWords } from './language.ts';
import { useToast } from './toast.tsx';

/** The part of the browser's speech recognition that is used here. TypeScript's library does not have it. */
interface Recognition {
  lang: string;
  interimResults: boolean;
  continuous: boolean;
  onresult: ((event: { resultIndex: number; results: ArrayLike<ArrayLike<{ transcript: string }> & { isFinal: boolean }> }) => void) | null;
  onerror: ((event: { error: string }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
  abort(): void;
}

const recognition = (): (new () => Recognition) | undefined => {
  const { SpeechRecognition, webkitSpeechRecognition } = window as unknown as Record<string, (new () => Recognition) | undefined>;
  return SpeechRecognition ?? webkitSpeechRecognition;
};

const TAGS = { ko: 'ko-KR', en: 'en-US', ja: 'ja-JP' } as const;

/** Writes down what is said, where the browser can; nothing elsewhere. */
export function Dictation({ disabled, onText }: { disabled: boolean; onText: (text: string) => void }) {
  const words = useWords();
  const toast = useToast();
  const language = useContext(LanguageContext);
  const [listening, setListening] = useState(false);
  const running = useRef<Recognition | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const Recogniser = recognition();
  if (!Recogniser) return null;

  const start = () => {
    const recogniser = new Recogniser();
    recogniser.lang = TAGS[language];
    recogniser.interimResults = false;
    recogniser.continuous = true;
    recogniser.onresult = ({ resultIndex, results }) => {
      for (let i = resultIndex; i < results.length; i++) {
        const said = results[i]!.isFinal ? results[i]![0]!.transcript.trim() : '';
        if (said !== '') onText(said);
      }
    };
    recogniser.onerror = ({ error }) => {
      if (error === 'not-allowed' || error === 'service-not-allowed' || error === 'audio-capture') toast(words.micDenied);
      else if (error !== 'aborted' && error !== 'no-speech') toast(words.wentWrong);
    };
    recogniser.onend = () => setListening(false);
    running.current = recogniser;
    recogniser.start();
    setListening(true);
  };

  const label = listening ? words.listening : words.speakIn;
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={listening}
      disabled={disabled}
      onClick={() => (listening ? running.current?.stop() : start())}
      className={`grid size-11 shrink-0 place-items-center rounded-full disabled:opacity-30 ${listening ? 'animate-pulse bg-bad text-paper' : 'text-soft hover:bg-sunken hover:text-ink'}`}
    >
      <MicIcon />
    </button>
  );
}
