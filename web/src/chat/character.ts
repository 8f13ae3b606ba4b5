/** A character as the API has it. */
export interface Character {
  id: string;
  name: string;
  description: string;
  gender: string;
  species: string;
  age: string;
  height: string;
  job: string;
  personality: string;
  appearance: string;
  likes: string[];
  dislikes: string[];
  speech_style: string;
  thoughts: string;
  features: string;
  habits: string;
  guidelines: string;
  voice_id: string;
  category: string;
  tags: string[];
  sample_dialogue: string;
  image_url: string;
  is_preset: boolean;
  source_work: string;
  worldview: string;
  greeting: string;
}

const TEXTS = [
  'id', 'name', 'description', 'gender', 'species', 'age', 'height', 'job', 'personality', 'appearance', 'speech_style', 'thoughts',
  'features', 'habits', 'guidelines', 'voice_id', 'category', 'sample_dialogue', 'image_url', 'source_work', 'worldview', 'greeting',
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
