import type { components } from '../../generated/openapi.d.ts';

/** A character as the API has it, with nothing left out. */
export type Character = Required<Omit<components['schemas']['Character'], 'persona'>>;

const TEXTS = [
  'id', 'name', 'description', 'gender', 'species', 'age', 'height', 'job', 'personality', 'appearance', 'speech_style', 'thoughts',
  'features', 'habits', 'guidelines', 'voice_id', 'category', 'sample_dialogue', 'image_url', 'model_url', 'source_work', 'worldview',
  'greeting',
] as const;
const LISTS = ['likes', 'dislikes', 'tags'] as const;

/** The character that a form begins with. */
export const BLANK: Character = parseCharacter({});

/** Reads a character of the API. What is missing or of another type is left empty: a card without a picture is still a card. */
export function parseCharacter(value: unknown): Character {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const texts = Object.fromEntries(TEXTS.map((name) => [name, typeof fields[name] === 'string' ? fields[name] : '']));
  const lists = Object.fromEntries(
    LISTS.map((name) => [name, Array.isArray(fields[name]) ? fields[name].filter((entry) => typeof entry === 'string') : []]),
  );
  const character = { ...texts, ...lists, is_preset: fields.is_preset === true } as unknown as Character;
  return { ...character, name: character.name || character.id };
}

/** The drawing that animates, where the picture is one of those that come with the page. */
export function drawingOf(imageUrl: string): string | null {
  const name = /^\/images\/characters\/([a-z0-9-]+)\.jpg$/.exec(imageUrl)?.[1];
  return name === undefined ? null : `/images/characters/${name}.svg`;
}

/** The figure, where it is this server's: the page's policy loads models from nowhere else. */
export function figureOf({ model_url }: Pick<Character, 'model_url'>): string | null {
  return model_url.startsWith('/mnt/user_assets/') ? model_url : null;
}
