import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useCallback, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import './index.css';
import { newQueryClient } from './api/queries.ts';
import { pickLanguage } from './i18n.ts';
import { App } from './ui/App.tsx';
import { LanguageContext } from './ui/language.ts';
import { applyTheme, readSettings, SettingsContext, storage, writeSettings, type Settings } from './ui/settings.ts';
import { ToastProvider } from './ui/toast.tsx';

const queries = newQueryClient();
const spoken = pickLanguage(navigator.languages ?? [navigator.language]);
const kept = readSettings(storage('localStorage'));
// Before anything is drawn.
document.documentElement.lang = kept.language ?? spoken;
applyTheme(kept.theme);

function Root() {
  const [settings, setSettings] = useState(kept);
  const change = useCallback((changed: Partial<Settings>) => {
    setSettings((known) => {
      const next = { ...known, ...changed };
      writeSettings(storage('localStorage'), next);
      return next;
    });
  }, []);
  const language = settings.language ?? spoken;
  useEffect(() => {
    document.documentElement.lang = language;
    applyTheme(settings.theme);
  }, [language, settings.theme]);
  const context = useMemo(() => ({ settings, change }), [settings, change]);
  return (
    <SettingsContext value={context}>
      <LanguageContext value={language}>
        <ToastProvider>
          <App />
        </ToastProvider>
      </LanguageContext>
    </SettingsContext>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Root />
    </QueryClientProvider>
  </StrictMode>,
);
