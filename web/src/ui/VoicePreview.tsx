import { useEffect, useRef, useState } from 'react';
import { request } from '../api/http.ts';
import { PlayIcon, StopIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { useSettings } from './settings.ts';
import { useToast } from './toast.tsx';

/** Says a line in a voice. */
export function VoicePreview({ voice, text }: { voice: string; text: string }) {
  const words = useWords();
  const toast = useToast();
  const { settings } = useSettings();
  const [state, setState] = useState<'idle' | 'making' | 'playing'>('idle');
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);

  const play = async () => {
    const controller = new AbortController();
    const sound = new Audio();
    let url = '';
    stop.current = () => {
      controller.abort();
      sound.pause();
      if (url !== '') URL.revokeObjectURL(url);
      setState('idle');
    };
    setState('making');
    try {
      const response = await request('/api/tts', {
        method: 'POST',
        body: JSON.stringify({ text: text.slice(0, 300), ...(voice === '' ? {} : { voice_id: voice }), return_binary: true }),
        headers: { 'Content-Type': 'application/json', Accept: 'audio/wav, application/problem+json' },
        signal: controller.signal,
      });
      url = URL.createObjectURL(await response.blob());
      sound.src = url;
      sound.volume = settings.volume * settings.volume;
      sound.onended = () => stop.current();
      await sound.play();
      setState('playing');
    } catch {
      if (controller.signal.aborted) return;
      stop.current();
      toast(words.previewFailed);
    }
  };

  return (
    <button type="button" className="button" data-testid="preview" data-state={state} aria-busy={state === 'making'} onClick={() => (state === 'idle' ? void play() : stop.current())}>
      {state === 'idle' ? <PlayIcon className="size-4" /> : <StopIcon className={`size-4 ${state === 'making' ? 'animate-pulse' : ''}`} />}
      {state === 'idle' ? words.previewVoice : words.stopPreview}
    </button>
  );
}
