import type { Sentence } from './conversation.ts';

export interface Word {
  /** Range in the sentence's text, the space after it not included. */
  start: number;
  end: number;
  /** Share of the sentence's time at which it begins and ends, 0 to 1. */
  from: number;
  to: number;
}

/** Milliseconds that one unit of weight takes at an ordinary pace: a Hangul syllable, of weight 2, some 150. */
const MS_PER_WEIGHT = 75;

/**
 * The words of a sentence and when they are spoken. GPT-SoVITS tells no timings, so time is shared out by what there is to
 * pronounce; over the few seconds of a sentence that is right to about a word.
 */
export function wordsOf(text: string, language: string): Word[] {
  const words: { start: number; end: number; weight: number }[] = [];
  for (const { index, segment } of pieces(text, language)) {
    const weight = weigh(segment);
    const last = words.at(-1);
    if (/^\s*$/.test(segment)) continue;
    if (last && !/[\p{L}\p{N}]/u.test(segment)) {
      // A mark belongs to the word before it, and its pause too.
      last.end = index + segment.length;
      last.weight += weight;
    } else {
      words.push({ start: index, end: index + segment.length, weight });
    }
  }
  const total = words.reduce((sum, word) => sum + word.weight, 0) || 1;
  let passed = 0;
  return words.map(({ start, end, weight }) => {
    const from = passed / total;
    passed += weight;
    return { start, end, from, to: passed / total };
  });
}

/** How long a text takes to say, in milliseconds; for as long as the synthesiser has not said. */
export function guessDurationMs(text: string): number {
  return weigh(text) * MS_PER_WEIGHT;
}

/** The word being spoken, or -1. */
export function wordAt(words: Word[], playedMs: number, durationMs: number): number {
  if (durationMs <= 0) return -1;
  const share = Math.min(playedMs / durationMs, 1);
  const index = words.findIndex((word) => share < word.to);
  return index < 0 ? words.length - 1 : index;
}

/** How many characters of a message have been heard after `audioEndMs` of its sound. A word counts once it was spoken to its end. */
export function heardChars(text: string, sentences: Sentence[], audioEndMs: number, language: string): number {
  let left = audioEndMs;
  let heard = 0;
  for (const sentence of sentences) {
    const said = text.slice(sentence.start, sentence.end);
    const duration = sentence.durationMs ?? guessDurationMs(said);
    if (left >= duration) {
      left -= duration;
      heard = sentence.end;
      continue;
    }
    const word = wordsOf(said, language).findLast(({ to }) => to <= left / duration);
    if (word) heard = sentence.start + word.end;
    break;
  }
  return heard;
}

function* pieces(text: string, language: string): Iterable<{ index: number; segment: string }> {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) && typeof Intl.Segmenter === 'function') {
    yield* new Intl.Segmenter(language, { granularity: 'word' }).segment(text);
    return;
  }
  // Where words are parted by spaces, those are the words that a reader's eye follows; in Korean, a noun with its particles.
  for (const match of text.matchAll(/\s+|[^\s]+/g)) yield { index: match.index, segment: match[0] };
}

function weigh(text: string): number {
  let weight = 0;
  for (const char of text) {
    if (/[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{N}]/u.test(char)) weight += 2;
    else if (/\p{L}/u.test(char)) weight += 1;
    else if (/[.!?…。！？]/u.test(char)) weight += 3;
    else if (/[,;:、，]/u.test(char)) weight += 2;
  }
  return weight;
}
