import { useState } from 'react';
import { drawingOf, type Character } from '../chat/character.ts';

/** Pairs that carry white letters at a contrast of 4.5 or more, light theme and dark. */
const HUES = ['bg-[#8a4b2a]', 'bg-[#5c6233]', 'bg-[#2f6560]', 'bg-[#3d5a80]', 'bg-[#6b4a7a]', 'bg-[#8c3b4a]', 'bg-[#6d5a2f]'];

type Pictured = Pick<Character, 'id' | 'name' | 'image_url'>;

/** A character's picture, or its first letter where there is none to be had. */
export function Avatar({ character, className }: { character: Pictured | null; className: string }) {
  const [broken, setBroken] = useState<string[]>([]);
  const url = character?.image_url ?? '';
  const source = [drawingOf(url), url].find((candidate) => candidate !== null && candidate !== '' && !broken.includes(candidate));
  if (source) {
    return (
      <img
        src={source}
        alt=""
        decoding="async"
        className={`${className} shrink-0 bg-sunken object-cover`}
        onError={() => setBroken((known) => [...known, source])}
      />
    );
  }
  const name = character?.name ?? 'AF';
  const hue = HUES[hash(character?.id || name) % HUES.length]!;
  return (
    <span className={`${className} ${hue} @container grid shrink-0 place-items-center text-white select-none`} aria-hidden="true">
      <span className="text-[44cqw] leading-none font-semibold">{Array.from(name)[0]}</span>
    </span>
  );
}

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (value * 31 + char.codePointAt(0)!) >>> 0;
  return value;
}
