import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useWords } from './language.ts';
import { useVoice } from './useVoice.ts';

interface FigureViewProps {
  /** The model, of this server. */
  url: string;
  name: string;
  className: string;
  /** Stands in where no model can be shown. */
  children?: ReactNode;
  /** Loudness of the character's voice. */
  level?: () => number;
}

const silent = () => 0;

/** A character's figure, to be turned and looked at. What shows it is loaded with the first. */
export function FigureView({ url, name, className, children, level = silent }: FigureViewProps) {
  const words = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<'loading' | 'shown' | 'failed'>('loading');
  const label = words.figureLabel(name);
  const turn = words.figureTurn;
  useVoice(frame, level);

  useEffect(() => {
    let gone = false;
    let viewer: HTMLElement | null = null;
    const settle = (next: 'shown' | 'failed') => {
      if (!gone) setState(next);
    };
    import('./viewer.ts').then(
      ({ makeViewer }) => {
        if (gone) return;
        viewer = makeViewer(url, { label, turn });
        viewer.className = 'block size-full';
        viewer.addEventListener('load', () => settle('shown'));
        viewer.addEventListener('error', () => settle('failed'));
        holder.current!.append(viewer);
      },
      () => settle('failed'),
    );
    return () => {
      gone = true;
      viewer?.remove();
      setState('loading');
    };
  }, [url, label, turn]);

  if (state === 'failed' && children) return children;
  return (
    <div ref={frame} data-testid="figure" data-state={state} className={`portrait relative shrink-0 bg-sunken ${className}`}>
      <div ref={holder} className={`portrait-whole size-full overflow-hidden rounded-[inherit] ${state === 'shown' ? '' : 'invisible'}`} />
      {state === 'loading' && (
        <span role="status" className="absolute inset-0 grid place-items-center">
          <span className="size-8 animate-spin rounded-full border-[3px] border-line border-t-ember" aria-hidden="true" />
          <span className="sr-only">{words.loading}</span>
        </span>
      )}
      {state === 'failed' && (
        <p role="alert" className="absolute inset-0 grid place-items-center p-4 text-center text-sm text-soft">{words.figureUnseen}</p>
      )}
    </div>
  );
}
