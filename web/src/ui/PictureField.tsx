import { lazy, Suspense, useId, useRef, useState } from 'react';
import { ApiError } from '../api/http.ts';
import { keepPicture } from '../api/queries.ts';
import type { Character } from '../chat/character.ts';
import type { Words } from '../i18n.ts';
import { Avatar } from './Avatar.tsx';
import { errorText } from './errors.ts';
import { PictureIcon, TrashIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { PictureProblem, readPicture } from './picture.ts';
import { useFileDrop } from './useFileDrop.ts';

const PictureDialog = lazy(() => import('./PictureDialog.tsx').then(({ PictureDialog }) => ({ default: PictureDialog })));

interface PictureFieldProps {
  value: Character;
  error: string | undefined;
  /** `whole` is all of the picture that was chosen; null where it is an address that was typed. */
  onChange: (imageUrl: string, whole: ImageBitmap | null) => void;
}

/** What is wrong with a picture, in the user's own language. */
export function pictureError(error: unknown, words: Words): string {
  if (error instanceof PictureProblem) {
    return { not_picture: words.notPicture, too_large: words.pictureTooLarge, too_small: words.pictureTooSmall }[error.why];
  }
  if (error instanceof ApiError && error.status === 413) return words.pictureTooLarge;
  if (error instanceof ApiError && (error.status === 415 || error.status === 422)) return words.notPicture;
  return errorText(error, words);
}

/** A character's picture: a file of the user's, framed and sent to the server, or an address. */
export function PictureField({ value, error, onChange }: PictureFieldProps) {
  const words = useWords();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [picture, setPicture] = useState<ImageBitmap | null>(null);
  const [problem, setProblem] = useState('');
  const wrong = problem || error;

  const take = async (file: File) => {
    setProblem('');
    try {
      setPicture(await readPicture(file));
    } catch (reason) {
      setProblem(pictureError(reason, words));
    }
  };
  const over = useFileDrop((file) => void take(file));
  const use = async (portrait: Blob) => {
    try {
      onChange(await keepPicture(portrait), picture);
    } catch (reason) {
      setProblem(pictureError(reason, words));
      setPicture(null);
    }
  };

  return (
    <div className="flex flex-col gap-4 sm:flex-row sm:items-center sm:gap-6">
      <Avatar character={value} className={`aspect-square w-44 rounded-3xl ${over ? 'outline-4 outline-offset-4 outline-ember' : ''}`} />
      <div className="flex min-w-0 flex-1 flex-col gap-3">
        <input
          ref={input}
          type="file"
          accept="image/png,image/jpeg,image/webp"
          aria-label={words.pictureChoose}
          data-testid="picture-file"
          className="hidden"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) void take(file);
            event.target.value = '';
          }}
        />
        <div className="flex flex-wrap gap-2">
          <button type="button" className="button" aria-describedby={`${id}-hint`} onClick={() => input.current!.click()}>
            <PictureIcon className="size-4.5" />
            {value.image_url === '' ? words.pictureChoose : words.pictureReplace}
          </button>
          {value.image_url !== '' && (
            <button
              type="button"
              className="button"
              onClick={() => {
                setProblem('');
                onChange('', null);
              }}
            >
              <TrashIcon className="size-4" />
              {words.pictureRemove}
            </button>
          )}
        </div>
        <p id={`${id}-hint`} className="text-sm text-soft">
          {words.pictureHint}
        </p>
        {wrong && (
          <p id={`${id}-error`} role="alert" className="text-sm text-bad">
            {wrong}
          </p>
        )}
        <details className="text-sm" open={error !== undefined || undefined}>
          <summary className="w-fit cursor-pointer rounded font-semibold text-soft hover:text-ink">{words.pictureByAddress}</summary>
          <label className="field mt-2">
            <span>{words.pictureAddress}</span>
            <input
              className="input"
              value={value.image_url}
              placeholder={words.pictureAddressHint}
              maxLength={2048}
              aria-invalid={error !== undefined}
              aria-describedby={wrong ? `${id}-error` : undefined}
              onChange={(event) => onChange(event.target.value.trim(), null)}
            />
          </label>
        </details>
      </div>
      <Suspense>{picture && <PictureDialog picture={picture} onUse={use} onClose={() => setPicture(null)} />}</Suspense>
    </div>
  );
}
