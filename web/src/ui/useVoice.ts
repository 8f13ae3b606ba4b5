import { useEffect, useEffectEvent, type RefObject } from 'react';

/** Loudness, root mean square of full scale, at which the light around who speaks is full. */
const FULL = 0.16;

/**
 * Sets how loud the voice is on an element, as `--voice` from 0 to 1, at each frame in which it can be seen, and has what moves in
 * it drawn.
 * @param level loudness of what is being heard, root mean square of full scale
 */
export function useVoice(
  element: RefObject<HTMLElement | null>,
  level: () => number,
  draw: (now: number, loud: number, calm: boolean) => void = () => undefined,
) {
  const onFrame = useEffectEvent(draw);
  useEffect(() => {
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    let glow = 0;
    let request = 0;
    const tick = (now: number) => {
      request = requestAnimationFrame(tick);
      // One of the two portraits is hidden at any width.
      if (!element.current || element.current.offsetParent === null) return;
      const loud = level();
      onFrame(now, loud, calm.matches);
      glow += (Math.min(1, loud / FULL) - glow) * 0.2;
      element.current.style.setProperty('--voice', glow.toFixed(3));
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [element, level]);
}
