import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react';

const TOLD_FOR = 5_000;

const ToastContext = createContext<(text: string) => void>(() => undefined);

/** Says something in passing. */
export const useToast = () => useContext(ToastContext);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const tell = useCallback((said: string) => {
    clearTimeout(timer.current);
    setText(said);
    timer.current = setTimeout(() => setText(''), TOLD_FOR);
  }, []);
  return (
    <ToastContext value={tell}>
      {children}
      <div role="status" className="pointer-events-none fixed inset-x-0 bottom-6 z-50 flex justify-center px-4">
        {text !== '' && (
          <p data-testid="toast" className="animate-rise rounded-full bg-said px-5 py-3 text-sm font-medium text-said-ink shadow-xl">
            {text}
          </p>
        )}
      </div>
    </ToastContext>
  );
}
