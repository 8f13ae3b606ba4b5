export interface Character {
  id: string;
  name: string;
  description: string;
  job: string;
  sourceWork: string;
  tags: string[];
  sampleDialogue: string;
  imageUrl: string;
}

/** Loads the preset characters. Rejects when the server does not answer as it should. */
export async function loadPresets(signal: AbortSignal): Promise<Character[]> {
  const response = await fetch('/api/characters/presets', { headers: { Accept: 'application/json' }, signal });
  if (!response.ok) throw new Error(`GET /api/characters/presets: ${response.status}`);
  const body = (await response.json()) as { data?: { characters?: unknown } };
  const list = body.data?.characters;
  if (!Array.isArray(list)) throw new Error('GET /api/characters/presets: no data.characters');
  return list.map(parseCharacter).filter((character) => character.id !== '');
}

/** Reads a character of the API. What is missing or of another type is left empty: a card without a picture is still a card. */
export function parseCharacter(value: unknown): Character {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  const tags = Array.isArray(fields.tags) ? fields.tags.filter((tag) => typeof tag === 'string') : [];
  return {
    id: text('id'),
    name: text('name') || text('id'),
    description: text('description'),
    job: text('job'),
    sourceWork: text('source_work'),
    tags,
    sampleDialogue: text('sample_dialogue'),
    imageUrl: text('image_url'),
  };
}
