/**
 * How a drawn portrait moves: its `data-part` groups, set from the level of the voice. Only attributes are set, so the page's
 * Content-Security-Policy has nothing to object to.
 */

/** Loudness of speech, root mean square of full scale, that opens the mouth all the way. */
const LOUD = 0.16;
/** Share of the way to its goal that the mouth goes in a frame of 60 a second: it opens faster than it closes. */
const OPENING = 0.55;
const CLOSING = 0.28;
const BLINK_MS = 140;

/** 0 closed to 1 open, from the level, following the mouth of a moment ago. Quiet speech moves it visibly, too. */
export function nextOpening(opening: number, level: number): number {
  const goal = Math.min(1, Math.sqrt(Math.max(0, level) / LOUD));
  const next = opening + (goal - opening) * (goal > opening ? OPENING : CLOSING);
  return next < 0.02 ? 0 : next;
}

/** How far the eyes are open, 0 to 1, `sinceBlink` milliseconds after a blink began. */
export function eyesOpen(sinceBlink: number): number {
  if (sinceBlink < 0 || sinceBlink >= BLINK_MS) return 1;
  return Math.abs(1 - (2 * sinceBlink) / BLINK_MS);
}

interface Parts {
  open: SVGGraphicsElement | null;
  closed: SVGGraphicsElement | null;
  eyes: SVGGraphicsElement | null;
  head: SVGGraphicsElement | null;
}

/** The moving parts of one drawing. */
export class Face {
  private readonly parts: Parts;
  private readonly at: string;
  private readonly eyeLine: number;
  private opening = 0;
  private nextBlink = performance.now() + 1500;

  constructor(svg: SVGSVGElement) {
    const part = (name: string) => svg.querySelector<SVGGraphicsElement>(`[data-part=${name}]`);
    this.parts = { open: part('open'), closed: part('closed'), eyes: part('eyes'), head: part('head') };
    this.at = this.parts.open?.getAttribute('data-at') ?? '0 0';
    const box = this.parts.eyes?.getBBox();
    this.eyeLine = box ? box.y + box.height / 2 : 0;
  }

  /** @param level the voice's, root mean square of full scale; @param still for who wants no motion but the mouth's */
  draw(now: number, level: number, still: boolean) {
    this.opening = nextOpening(this.opening, level);
    const { open, closed, eyes, head } = this.parts;
    open?.setAttribute('transform', `translate(${this.at}) scale(${(0.82 + 0.18 * this.opening).toFixed(3)} ${this.opening.toFixed(3)})`);
    closed?.setAttribute('opacity', this.opening > 0.08 ? '0' : '1');
    if (still) return;
    if (now > this.nextBlink + BLINK_MS) this.nextBlink = now + 2200 + ((now * 7919) % 2600);
    const lids = eyesOpen(now - this.nextBlink);
    eyes?.setAttribute('transform', lids === 1 ? '' : `translate(0 ${(this.eyeLine * (1 - lids)).toFixed(1)}) scale(1 ${lids.toFixed(3)})`);
    const breath = Math.sin(now / 1400) * 1.6 - this.opening * 3;
    head?.setAttribute('transform', `translate(0 ${breath.toFixed(2)}) rotate(${(Math.sin(now / 2300) * 0.7).toFixed(2)} 240 330)`);
  }
}
