import { expect, it } from 'vitest';
import { parseCharacter } from './character.ts';
import { categoriesOf, searchCharacters } from './search.ts';

const all = [
  { id: 'a', name: '앨리스', category: '동화', tags: ['호기심', '모험'], job: '여행자' },
  { id: 'n', name: '누리', category: '오리지널', tags: ['SF', '우주'], description: '정거장을 돌보는 AI' },
  { id: 'd', name: '돈키호테', category: '소설', tags: ['모험'], source_work: 'Don Quixote' },
  { id: 'h', name: '하나', category: '오리지널' },
].map(parseCharacter);
const found = (query: string, category: string | null = null) => searchCharacters(all, query, category).map(({ id }) => id).join('');

it.each([
  ['', 'andh'],
  ['모험', 'ad'],
  ['#모험', 'ad'],
  ['모험 돈', 'd'],
  ['sf', 'n'],
  ['ＳＦ', 'n'],
  ['quixote', 'd'],
  ['앨리스'.normalize('NFD'), 'a'],
  ['없는말', ''],
])('%j finds %j', (query, ids) => expect(found(query)).toBe(ids));

it('keeps to a category', () => {
  expect(found('', '오리지널')).toBe('nh');
  expect(found('모험', '오리지널')).toBe('');
});

it('lists the categories, the most common first', () => {
  expect(categoriesOf(all)).toEqual(['오리지널', '동화', '소설']);
});
