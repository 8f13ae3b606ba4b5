import { describe, expect, it } from 'vitest';
import { drawingOf, figureOf, parseCharacter } from './character.ts';

describe('parseCharacter', () => {
  it('reads what the API gives', () => {
    const character = parseCharacter({ id: 'nuri', name: '누리', tags: ['SF', 3], likes: ['전파'], image_url: '/images/characters/nuri.jpg', is_preset: true });
    expect(character).toMatchObject({ id: 'nuri', name: '누리', likes: ['전파'], image_url: '/images/characters/nuri.jpg', is_preset: true });
    expect(character.tags, 'what is no text is no tag').toEqual(['SF']);
  });

  it('leaves empty what is missing or of another type', () => {
    const character = parseCharacter({ id: 'x', description: 4, tags: 'none', is_preset: 'yes' });
    expect(character).toMatchObject({ name: 'x', description: '', tags: [], greeting: '', is_preset: false });
    expect(parseCharacter(null).id, 'and makes something of nothing').toBe('');
  });
});

describe('drawingOf', () => {
  it('knows the pictures that come with the page, and no others', () => {
    expect(drawingOf('/images/characters/don-quixote.jpg')).toBe('/images/characters/don-quixote.svg');
    expect(drawingOf('/images/characters/../../x.jpg'), 'no path of another folder').toBeNull();
    expect(drawingOf('https://example.com/images/characters/nuri.jpg')).toBeNull();
    expect(drawingOf('')).toBeNull();
  });
});

describe('figureOf', () => {
  it('is a model of this server’s, and of no other', () => {
    const model_url = '/mnt/user_assets/anonymous/models/a.glb';
    expect(figureOf(parseCharacter({ model_url }))).toBe(model_url);
    expect(figureOf({ model_url: 'https://example.com/a.glb' })).toBeNull();
    expect(figureOf(parseCharacter({}))).toBeNull();
  });
});
