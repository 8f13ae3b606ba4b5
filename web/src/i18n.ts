import { en } from './i18n/en.ts';
import { ja } from './i18n/ja.ts';
import { ko } from './i18n/ko.ts';
import type { Words } from './i18n/words.ts';

export type { FieldName, Words } from './i18n/words.ts';
export type Language = 'ko' | 'en' | 'ja';

const tables: Record<Language, Words> = { ko, en, ja };

/** The first of the user's languages that the page speaks; Korean where there is none. */
export function pickLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'ko' || language === 'en' || language === 'ja') return language;
  }
  return 'ko';
}

export function wordsFor(language: Language): Words {
  return tables[language];
}
