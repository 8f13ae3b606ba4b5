import { createContext, useContext } from 'react';
import { wordsFor, type Language, type Words } from '../i18n.ts';

export const LanguageContext = createContext<Language>('ko');

export function useWords(): Words {
  return wordsFor(useContext(LanguageContext));
}
