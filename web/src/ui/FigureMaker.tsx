import { useSyncExternalStore } from 'react';
import { figureOf, type Character } from '../chat/character.ts';
import type { FigureMaking, Making } from '../chat/figure.ts';
import type { Words } from '../i18n.ts';
import { FigureView } from './FigureView.tsx';
import { CubeIcon, StopIcon, TrashIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { pictureError } from './PictureField.tsx';

/** What the server says that it does (avatar/work.go), in the user's own language. */
const STEPS: Record<string, keyof Words & `figure${string}`> = {
  '': 'figureWaiting',
  '대기 중...': 'figureWaiting',
  '이미지 확인 중...': 'figurePicture',
  '이미지 스타일 변환 중...': 'figureStyle',
  '3D 메쉬 생성 중...': 'figureMesh',
  '모델 저장 중...': 'figureStoring',
  '잠시 후 다시 시도합니다...': 'figureRetrying',
};

interface FigureMakerProps {
  value: Character;
  making: FigureMaking;
  /** The picture that it is made of; null where there is none that the page can have. */
  picture: (() => Promise<Blob>) | null;
  onRemove: () => void;
}

/** A character's figure, and how it comes to be. */
export function FigureMaker({ value, making, picture, onRemove }: FigureMakerProps) {
  const words = useWords();
  const state = useSyncExternalStore(making.subscribe, () => making.state);
  const figure = figureOf(value);
  const busy = state.state === 'sending' || state.state === 'making';
  const again = figure !== null || state.state === 'failed' || state.state === 'cancelled';
  return (
    <section aria-labelledby="figure">
      <h2 id="figure" className="section-title">{words.figureTitle}</h2>
      <div className="mt-4 flex flex-col gap-4 sm:flex-row sm:items-center sm:gap-6">
        {figure !== null && <FigureView url={figure} name={value.name} className="aspect-square w-full max-w-72 rounded-3xl sm:w-72" />}
        <div className="flex min-w-0 flex-1 flex-col gap-4">
          {figure !== null ? (
            <p className="text-sm leading-relaxed text-soft">{words.figureTurn}</p>
          ) : (
            <p className="text-sm leading-relaxed text-pretty text-soft">
              {value.model_url !== '' ? words.figureElsewhere : words.figureHint} {picture === null && words.figureNeedsPicture}
            </p>
          )}
          <Progress state={state} />
          <div className="flex flex-wrap gap-2">
            {busy ? (
              <button type="button" className="button" onClick={() => making.stop()}>
                <StopIcon className="size-4" />
                {words.cancel}
              </button>
            ) : (
              <button type="button" className="button" disabled={picture === null} onClick={() => picture && making.start(picture)}>
                <CubeIcon className="size-4.5" />
                {again ? words.figureAgain : words.figureMake}
              </button>
            )}
            {value.model_url !== '' && !busy && (
              <button type="button" className="button" onClick={onRemove}>
                <TrashIcon className="size-4" />
                {words.figureRemove}
              </button>
            )}
          </div>
        </div>
      </div>
    </section>
  );
}

function Progress({ state }: { state: Making }) {
  const words = useWords();
  if (state.state === 'failed') {
    const why = state.error === null ? '' : pictureError(state.error, words);
    return (
      <div role="alert" className="text-sm leading-relaxed text-bad" data-testid="figure-failed">
        <p className="font-semibold">{words.figureFailed}</p>
        {why !== '' && <p>{why}</p>}
        {state.said !== '' && <p lang="ko">{state.said}</p>}
      </div>
    );
  }
  const percent = state.state === 'making' ? state.progress : 0;
  const known = state.state === 'making' ? STEPS[state.step] : undefined;
  const says = {
    idle: '',
    sending: words.figureSending,
    making: known ? (words[known] as string) : state.state === 'making' ? state.step : '',
    cancelled: words.figureCancelled,
  }[state.state];
  const estimate = state.state === 'making' && state.estimate > 0 && percent < 50 ? ` · ${words.figureAbout(state.estimate)}` : '';
  const moving = state.state === 'sending' || state.state === 'making';
  return (
    <div>
      {moving && (
        <div
          role="progressbar"
          aria-label={words.figureTitle}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
          data-testid="figure-progress"
          className="mb-2 h-2 overflow-hidden rounded-full bg-line"
        >
          <div className="h-full rounded-full bg-ember transition-[width] duration-500" style={{ width: `${Math.max(2, percent)}%` }} />
        </div>
      )}
      <p role="status" className={`flex justify-between gap-3 text-sm text-soft ${says === '' ? 'sr-only' : ''}`}>
        <span>
          {says}
          {estimate}
        </span>
        {state.state === 'making' && <span className="tabular-nums">{percent}%</span>}
      </p>
    </div>
  );
}
