import { useEffect, useRef, type ReactNode } from 'react';
import { CloseIcon } from './icons.tsx';
import { useWords } from './language.ts';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** At the bottom, always in sight. */
  footer?: ReactNode;
  small?: boolean;
}

/** A modal dialog: the browser's own, which keeps the focus, gives it back, and closes by Esc. */
export function Dialog({ title, onClose, children, footer, small }: DialogProps) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        // Beside the dialog, not on it.
        if (event.target === dialog.current) onClose();
      }}
      className={`dialog m-auto w-[calc(100%-1.5rem)] rounded-3xl border border-line bg-paper text-ink shadow-2xl ${small ? 'max-w-md' : 'max-w-xl'}`}
    >
      <div className="flex max-h-[calc(100dvh-2rem)] flex-col">
        <header className="flex items-center gap-3 pt-3 pr-3 pb-2 pl-6">
          <h2 id="dialog-title" className="min-w-0 flex-1 text-lg font-bold tracking-tight text-balance">
            {title}
          </h2>
          <button
            type="button"
            aria-label={words.close}
            title={words.close}
            onClick={onClose}
            className="grid size-11 shrink-0 place-items-center rounded-full text-soft hover:bg-sunken hover:text-ink"
          >
            <CloseIcon />
          </button>
        </header>
        <div className="min-h-0 overflow-y-auto px-6 pt-1 pb-6">{children}</div>
        {footer && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-6 py-4">{footer}</footer>}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  hint: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, hint, action, onConfirm, onClose }: ConfirmProps) {
  const words = useWords();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      small
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="button" className="button-bad" onClick={onConfirm}>
            {action}
          </button>
        </>
      }
    >
      <p className="leading-relaxed text-soft">{hint}</p>
    </Dialog>
  );
}
