import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './index.css';
import { pickLanguage } from './i18n.ts';
import { App } from './ui/App.tsx';
import { LanguageContext } from './ui/language.ts';

const language = pickLanguage(navigator.languages ?? [navigator.language]);
document.documentElement.lang = language;

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <LanguageContext value={language}>
      <App />
    </LanguageContext>
  </StrictMode>,
);
