import { expect, it } from 'vitest';
import { parseCharacter } from './character.ts';

it('reads the fields that the page shows', () => {
  const character = parseCharacter({
    id: 'hermione',
    name: '헤르미온느',
    description: '마법사',
    job: '학생',
    source_work: '해리포터',
    tags: ['똑똑함', 3],
    sample_dialogue: '안녕하세요!',
    image_url: '/images/characters/hermione.jpg',
    is_preset: true,
  });
  expect(character).toEqual({
    id: 'hermione',
    name: '헤르미온느',
    description: '마법사',
    job: '학생',
    sourceWork: '해리포터',
    tags: ['똑똑함'],
    sampleDialogue: '안녕하세요!',
    imageUrl: '/images/characters/hermione.jpg',
  });
});

it.each([null, 5, {}, { id: 'x', tags: 'no', image_url: null }])('makes the best of %j', (value) => {
  const character = parseCharacter(value);
  expect(character.tags).toEqual([]);
  expect(character.imageUrl).toBe('');
  expect(character.name).toBe(character.id);
});
