import { useState } from 'react';
import type { Character } from '../chat/character.ts';

/** Pairs that carry white letters at a contrast of 4.5 or more, light theme and dark. */
const HUES = ['bg-[#8a4b2a]', 'bg-[#5c6233]', 'bg-[#2f6560]', 'bg-[#3d5a80]', 'bg-[#6b4a7a]', 'bg-[#8c3b4a]', 'bg-[#6d5a2f]'];

/** Where the presets' portraits will be. None is drawn yet, so none is asked for. */
const UNDRAWN = '/images/characters/';

/** A character's picture, or its first letter where there is none to be had. */
export function Avatar({ character, className }: { character: Character | null; className: string }) {
  const [broken, setBroken] = useState('');
  const url = character?.imageUrl ?? '';
  if (url !== '' && url !== broken && !url.startsWith(UNDRAWN)) {
    return <img src={url} alt="" className={`${className} shrink-0 object-cover`} onError={() => setBroken(url)} />;
  }
  const name = character?.name ?? 'AF';
  const hue = HUES[hash(character?.id ?? '') % HUES.length]!;
  return (
    <span className={`${className} ${hue} grid shrink-0 place-items-center font-semibold text-white select-none`} aria-hidden="true">
      {Array.from(name)[0]}
    </span>
  );
}

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (value * 31 + char.codePointAt(0)!) >>> 0;
  return value;
}
