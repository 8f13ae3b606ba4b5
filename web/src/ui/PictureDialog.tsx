import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { Choice } from './Choice.tsx';
import { Dialog } from './Dialog.tsx';
import { useWords } from './language.ts';
import { CENTRED, drawFramed, MAX_ZOOM, moved, portraitOf, type Framing } from './picture.ts';

interface PictureDialogProps {
  picture: ImageBitmap;
  /** Takes what was framed. Rejects where it could not be kept, and has said why. */
  onUse: (portrait: Blob) => Promise<void>;
  onClose: () => void;
}

/** Share of the frame that a press of an arrow key moves it by. */
const STEP = 0.05;

/** Asks how much of a picture is to be seen. */
export function PictureDialog({ picture, onUse, onClose }: PictureDialogProps) {
  const words = useWords();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [framing, setFraming] = useState<Framing>(CENTRED);
  const [busy, setBusy] = useState(false);
  const grip = useRef<{ x: number; y: number } | null>(null);
  const crop = framing.way === 'crop';

  useEffect(() => drawFramed(canvas.current!, picture, framing), [picture, framing]);

  const move = (dx: number, dy: number) => setFraming((known) => moved(known, picture.width, picture.height, dx, dy));
  const zoom = (by: number) => setFraming((known) => ({ ...known, zoom: Math.min(MAX_ZOOM, Math.max(1, known.zoom + by)) }));
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!grip.current || !crop) return;
    const { width } = event.currentTarget.getBoundingClientRect();
    move((grip.current.x - event.clientX) / width, (grip.current.y - event.clientY) / width);
    grip.current = { x: event.clientX, y: event.clientY };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (step) move(step[0]!, step[1]!);
    else if (event.key === '+' || event.key === '=') zoom(0.1);
    else if (event.key === '-') zoom(-0.1);
    else return;
    event.preventDefault();
  };

  const use = async () => {
    setBusy(true);
    try {
      await onUse(await portraitOf(picture, framing));
      onClose();
    } catch {
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={words.pictureFrame}
      onClose={onClose}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="button" className="button-main" disabled={busy} onClick={() => void use()}>
            {busy ? words.pictureUploading : words.pictureUse}
          </button>
        </>
      }
    >
      <div className="flex flex-col gap-5">
        <canvas
          ref={canvas}
          width={512}
          height={512}
          role="img"
          aria-label={crop ? words.pictureFrameHint : words.pictureFitHint}
          tabIndex={crop ? 0 : undefined}
          data-testid="frame"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            grip.current = { x: event.clientX, y: event.clientY };
          }}
          onPointerMove={onPointerMove}
          onPointerUp={() => (grip.current = null)}
          onPointerCancel={() => (grip.current = null)}
          onWheel={(event) => crop && zoom(event.deltaY < 0 ? 0.1 : -0.1)}
          onKeyDown={crop ? onKeyDown : undefined}
          className={`mx-auto aspect-square w-full max-w-[min(20rem,45dvh)] rounded-3xl border border-line bg-sunken ${crop ? 'cursor-grab touch-none active:cursor-grabbing' : ''}`}
        />
        <Choice<Framing['way']>
          label={words.picture}
          value={framing.way}
          hint={crop ? words.pictureFrameHint : words.pictureFitHint}
          options={[
            { value: 'crop', label: words.pictureCrop },
            { value: 'fit', label: words.pictureFit },
          ]}
          onChange={(way) => setFraming({ ...framing, way })}
        />
        <label className={`flex items-center gap-4 text-sm font-semibold ${crop ? '' : 'invisible'}`}>
          {words.pictureZoom}
          <input
            type="range"
            min={1}
            max={MAX_ZOOM}
            step={0.05}
            value={framing.zoom}
            onChange={(event) => setFraming({ ...framing, zoom: Number(event.target.value) })}
            className="flex-1"
          />
        </label>
      </div>
    </Dialog>
  );
}
