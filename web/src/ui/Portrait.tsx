import { useEffect, useRef, useState } from 'react';
import { drawingOf, type Character } from '../chat/character.ts';
import { Avatar } from './Avatar.tsx';
import { Face } from './mouth.ts';
import { useVoice } from './useVoice.ts';

interface PortraitProps {
  character: Character | null;
  className: string;
  /** Loudness of what is being heard, root mean square of full scale. Asked for at each frame. */
  level: () => number;
}

const drawings = new Map<string, Promise<SVGSVGElement>>();

/** A drawing as an element of this document; the same picture is fetched once. */
function loadDrawing(url: string): Promise<SVGSVGElement> {
  let drawing = drawings.get(url);
  if (!drawing) {
    drawing = fetch(url).then(async (response) => {
      if (!response.ok) throw new Error(`GET ${url}: ${response.status}`);
      const svg = new DOMParser().parseFromString(await response.text(), 'image/svg+xml').documentElement;
      if (!(svg instanceof SVGSVGElement)) throw new Error(`GET ${url}: not a drawing`);
      return svg;
    });
    drawing.catch(() => drawings.delete(url));
    drawings.set(url, drawing);
  }
  return drawing;
}

/** A character that moves as it speaks: a drawn face its mouth, a picture as a whole. Decoration: its words are elsewhere. */
export function Portrait({ character, className, level }: PortraitProps) {
  const frame = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const face = useRef<Face | null>(null);
  const url = drawingOf(character?.image_url ?? '');
  const [drawn, setDrawn] = useState<string | null>(null);

  useEffect(() => {
    if (!url) return;
    let gone = false;
    loadDrawing(url).then(
      (svg) => {
        if (gone) return;
        const copy = document.importNode(svg, true);
        copy.setAttribute('class', 'block size-full');
        copy.removeAttribute('role');
        copy.removeAttribute('aria-label');
        holder.current?.replaceChildren(copy);
        setDrawn(url);
      },
      () => undefined, // The picture itself stands in.
    );
    return () => {
      gone = true;
      face.current = null;
      setDrawn(null);
    };
  }, [url]);

  useVoice(frame, level, (now, loud, calm) => {
    const svg = drawn ? holder.current!.querySelector('svg') : null;
    if (svg) (face.current ??= new Face(svg)).draw(now, loud, calm);
  });

  return (
    <div ref={frame} className={`portrait relative shrink-0 ${className}`} data-drawn={drawn !== null} aria-hidden="true">
      <div className={`size-full overflow-hidden rounded-[inherit] ${url && drawn ? '' : 'portrait-whole'}`}>
        <div ref={holder} className={drawn ? 'size-full' : 'hidden'} />
        {!drawn && <Avatar character={character} className="size-full" />}
      </div>
    </div>
  );
}
