import type { Character } from './character.ts';

/** The characters in which every word of the query occurs somewhere, in any case. Pure. */
export function searchCharacters(characters: Character[], query: string, category: string | null): Character[] {
  const wanted = fold(query).split(/\s+/).filter(Boolean);
  return characters.filter((character) => {
    if (category !== null && character.category !== category) return false;
    if (wanted.length === 0) return true;
    const { name, description, job, source_work, category: kind, tags } = character;
    const text = fold([name, description, job, source_work, kind, ...tags].join('\n'));
    return wanted.every((word) => text.includes(word));
  });
}

/** The categories that there are, the most common first. */
export function categoriesOf(characters: Character[]): string[] {
  const counts = new Map<string, number>();
  for (const { category } of characters) if (category !== '') counts.set(category, (counts.get(category) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b, 'ko')).map(([category]) => category);
}

/** Whatever the keyboard makes of it: composed or not, wide or not, in any case. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll('#', ' ');
}
