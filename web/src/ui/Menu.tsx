import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

export interface MenuItem {
  label: string;
  icon: ReactNode;
  run: () => void;
  bad?: boolean;
}

interface MenuProps {
  label: string;
  icon: ReactNode;
  items: MenuItem[];
  className?: string;
}

/** A button that opens a short list of things to do. */
export function Menu({ label, icon, items, className = 'relative' }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
    };
  }, [open]);

  return (
    <div
      ref={root}
      className={className}
      onKeyDown={(event) => {
        if (!open) return;
        const entries = [...root.current!.querySelectorAll<HTMLElement>('li button')];
        const at = entries.indexOf(document.activeElement as HTMLElement);
        if (event.key === 'Escape') {
          event.stopPropagation();
          event.nativeEvent.stopImmediatePropagation();
          setOpen(false);
          button.current?.focus();
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault();
          const step = event.key === 'ArrowDown' ? 1 : -1;
          entries[(at + step + entries.length) % entries.length]?.focus();
        }
      }}
    >
      <button
        ref={button}
        type="button"
        aria-label={label}
        title={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        className="grid size-11 place-items-center rounded-full text-soft hover:bg-sunken hover:text-ink"
      >
        {icon}
      </button>
      {open && (
        <ul id={id} className="absolute right-0 max-sm:-right-5 z-20 mt-1 w-max min-w-48 animate-rise overflow-hidden rounded-2xl border border-line bg-raised py-1.5 shadow-xl">
          {items.map((item) => (
            <li key={item.label}>
              <button
                type="button"
                onClick={() => {
                  setOpen(false);
                  button.current?.focus();
                  item.run();
                }}
                className={`flex min-h-11 w-full items-center gap-3 px-4 text-left text-sm hover:bg-sunken ${item.bad ? 'text-bad' : ''}`}
              >
                {item.icon}
                {item.label}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
