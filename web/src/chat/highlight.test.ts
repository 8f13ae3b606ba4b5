import { describe, expect, it } from 'vitest';
import { between, seeded } from '../testing.ts';
import type { Sentence } from './conversation.ts';
import { guessDurationMs, heardChars, wordAt, wordsOf } from './highlight.ts';

const cut = (text: string, language = 'ko') => wordsOf(text, language).map(({ start, end }) => text.slice(start, end));

describe('wordsOf', () => {
  it.each([
    ['안녕하세요! 만나서 반가워요.', 'ko', ['안녕하세요!', '만나서', '반가워요.']],
    ['Hello there, my friend.', 'en', ['Hello', 'there,', 'my', 'friend.']],
    ['  네 — 알겠어요. ', 'ko', ['네 —', '알겠어요.']],
    ['今日は、いい天気。', 'ja', ['今日', 'は、', 'いい', '天気。']],
    ['…', 'ko', ['…']],
    ['', 'ko', []],
  ])('%s', (text, language, words) => {
    expect(cut(text, language)).toEqual(words);
  });

  it('shares out the whole of the time, in order, whatever the text', () => {
    const letters = Array.from('가나 다.?! ,ab1今日ーは…\n"(🙂');
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const text = Array.from({ length: between(random, 0, 30) }, () => letters[between(random, 0, letters.length - 1)]).join('');
      const words = wordsOf(text, 'ko');
      for (const [i, { start, end, from, to }] of words.entries()) {
        expect(start, text).toBeGreaterThanOrEqual(words[i - 1]?.end ?? 0);
        expect(end, text).toBeGreaterThan(start);
        expect(from, text).toBe(words[i - 1]?.to ?? 0);
        expect(to, text).toBeGreaterThanOrEqual(from);
      }
      if (words.length > 0 && words.at(-1)!.to > 0) expect(words.at(-1)!.to, text).toBeCloseTo(1);
    }
  });
});

describe('wordAt', () => {
  const words = wordsOf('하나 둘셋 넷', 'ko'); // two, two and one syllables

  it.each([
    [0, 0],
    [399, 0],
    [401, 1],
    [801, 2],
    [1000, 2],
    [5000, 2],
  ])('after %i of 1000 ms: word %i', (playedMs, word) => {
    expect(wordAt(words, playedMs, 1000)).toBe(word);
  });

  it('knows nothing of a sentence without length or words', () => {
    expect(wordAt(words, 5, 0)).toBe(-1);
    expect(wordAt([], 5, 1000)).toBe(-1);
  });
});

describe('heardChars', () => {
  const text = '하나 둘. 셋 넷 다섯.';
  const sentences: Sentence[] = [
    { segment: 1, start: 0, end: 6, durationMs: 1000, failed: false },
    { segment: 2, start: 6, end: text.length, durationMs: 2000, failed: false },
  ];
  const heard = (ms: number) => text.slice(0, heardChars(text, sentences, ms, 'ko'));

  it('goes to the end of the last word that was spoken to its end', () => {
    expect(heard(0)).toBe('');
    expect(heard(300)).toBe('');
    expect(heard(700)).toBe('하나');
    expect(heard(1000)).toBe('하나 둘. ');
    expect(heard(1100)).toBe('하나 둘. ');
    expect(heard(1600)).toBe('하나 둘. 셋');
    expect(heard(3000)).toBe(text);
    expect(heard(9000)).toBe(text);
  });

  it('guesses the length of a sentence that is still coming', () => {
    const open = [sentences[0]!, { ...sentences[1]!, durationMs: null }];
    const ms = 1000 + guessDurationMs(text.slice(6));
    expect(heardChars(text, open, ms, 'ko')).toBe(text.length);
    expect(heardChars(text, open, ms - 1, 'ko')).toBe(text.lastIndexOf(' '));
  });
});
