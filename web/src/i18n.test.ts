import { expect, it } from 'vitest';
import { pickLanguage, wordsFor, type Words } from './i18n.ts';

it.each([
  [['ko-KR', 'en'], 'ko'],
  [['en-GB'], 'en'],
  [['fr-FR', 'ja-JP', 'en'], 'ja'],
  [['fr', 'de'], 'ko'],
  [[], 'ko'],
])('%j → %s', (preferred, language) => {
  expect(pickLanguage(preferred)).toBe(language);
});

it('says everything in every language', () => {
  const ko = wordsFor('ko');
  for (const words of [wordsFor('en'), wordsFor('ja')]) {
    expect(Object.keys(words.errors)).toEqual(Object.keys(ko.errors));
    for (const key of Object.keys(ko) as (keyof Words)[]) expect(words[key], key).not.toBe('');
  }
});
