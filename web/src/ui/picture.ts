/** Pictures that a user chooses: what of them is used, and as what they are sent. Everything stays in the browser until then. */

/** How large a file may be, in bytes: as large as the server takes it. */
export const MAX_BYTES = 20 * 1024 * 1024;
/** The least number of pixels that each side needs. */
export const MIN_SIDE = 16;
/** A portrait's side, in pixels, at most. */
const PORTRAIT_SIDE = 768;
/** The longer side of what a figure is made of, in pixels, at most: the server makes it no larger. */
const FIGURE_SIDE = 2048;
const QUALITY = 0.92;

/** Why a file is not used. */
export class PictureProblem extends Error {
  readonly why: 'not_picture' | 'too_large' | 'too_small';

  constructor(why: PictureProblem['why']) {
    super(why);
    this.name = 'PictureProblem';
    this.why = why;
  }
}

/** Reads a file, upright. Its content says what it is, whatever its name says. */
export async function readPicture(file: Blob): Promise<ImageBitmap> {
  if (file.size > MAX_BYTES) throw new PictureProblem('too_large');
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new PictureProblem('not_picture');
  });
  if (bitmap.width < MIN_SIDE || bitmap.height < MIN_SIDE) throw new PictureProblem('too_small');
  return bitmap;
}

/** What of a picture is in the frame, a square. */
export interface Framing {
  /** `fit`: all of it, with something around it. */
  way: 'crop' | 'fit';
  /** The middle of what is shown, as a share of the picture's sides. */
  x: number;
  y: number;
  /** 1: as much as there can be; 4: a quarter of that. */
  zoom: number;
}

export const MAX_ZOOM = 4;

/** As much of a picture as a square can hold, from its top where it is tall: that is where faces are. */
export const CENTRED: Framing = { way: 'crop', x: 0.5, y: 0, zoom: 1 };

/** The square of the picture that is shown, in its pixels. Wherever the framing points, it stays within the picture. */
export function cropOf(width: number, height: number, { x, y, zoom }: Framing): { left: number; top: number; side: number } {
  const side = Math.min(width, height) / Math.min(MAX_ZOOM, Math.max(1, zoom));
  const within = (middle: number, length: number) => Math.min(length - side, Math.max(0, middle * length - side / 2));
  return { left: within(x, width), top: within(y, height), side };
}

/** The framing with what is shown moved by a share of the frame, no further than there is picture. */
export function moved(framing: Framing, width: number, height: number, dx: number, dy: number): Framing {
  const { left, top, side } = cropOf(width, height, framing);
  const to = cropOf(width, height, { ...framing, x: (left + dx * side + side / 2) / width, y: (top + dy * side + side / 2) / height });
  return { ...framing, x: (to.left + side / 2) / width, y: (to.top + side / 2) / height };
}

/** Draws what is in the frame, as large as the canvas is. */
export function drawFramed(canvas: HTMLCanvasElement, picture: ImageBitmap, framing: Framing) {
  const context = canvas.getContext('2d')!;
  const { width: size } = canvas;
  const { width, height } = picture;
  context.clearRect(0, 0, size, size);
  context.imageSmoothingQuality = 'high';
  if (framing.way === 'crop') {
    const { left, top, side } = cropOf(width, height, framing);
    context.drawImage(picture, left, top, side, side, 0, 0, size, size);
    return;
  }
  const scale = size / Math.max(width, height);
  // What is around it has its colours: the picture itself, too small to be told.
  if (!hasHoles(picture)) {
    const blur = document.createElement('canvas');
    blur.width = blur.height = 8;
    blur.getContext('2d')!.drawImage(picture, 0, 0, 8, 8);
    context.drawImage(blur, 0.5, 0.5, 7, 7, 0, 0, size, size);
  }
  context.drawImage(picture, (size - width * scale) / 2, (size - height * scale) / 2, width * scale, height * scale);
}

/** The portrait, as it is sent. */
export function portraitOf(picture: ImageBitmap, framing: Framing): Promise<Blob> {
  const { side } = cropOf(picture.width, picture.height, framing);
  const natural = framing.way === 'crop' ? side : Math.max(picture.width, picture.height);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.round(Math.max(MIN_SIDE, Math.min(PORTRAIT_SIDE, natural)));
  drawFramed(canvas, picture, framing);
  return fileOf(canvas, hasHoles(picture));
}

/** All of the picture, as a figure is made of it. */
export function wholeOf(picture: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, FIGURE_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(MIN_SIDE, Math.round(picture.width * scale));
  canvas.height = Math.max(MIN_SIDE, Math.round(picture.height * scale));
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return fileOf(canvas, hasHoles(picture));
}

function fileOf(canvas: HTMLCanvasElement, transparent: boolean): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const take = (blob: Blob | null) => (blob ? resolve(blob) : reject(new PictureProblem('not_picture')));
    canvas.toBlob(take, transparent ? 'image/png' : 'image/jpeg', QUALITY);
  });
}

const holes = new WeakMap<ImageBitmap, boolean>();

/** Whether one can see through some of it. Looked at once, and small. */
function hasHoles(picture: ImageBitmap): boolean {
  let known = holes.get(picture);
  if (known === undefined) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 64;
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(picture, 0, 0, 64, 64);
    const { data } = context.getImageData(0, 0, 64, 64);
    known = false;
    for (let i = 3; i < data.length; i += 4) known ||= data[i]! < 250;
    holes.set(picture, known);
  }
  return known;
}
