import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { voices } from '../api/queries.ts';
import type { Character } from '../chat/character.ts';
import type { FieldName } from '../i18n.ts';
import { useWords } from './language.ts';
import { PictureField } from './PictureField.tsx';
import { VoicePreview } from './VoicePreview.tsx';

type Texts = Exclude<FieldName, 'likes' | 'dislikes' | 'tags'>;
type Lists = 'likes' | 'dislikes' | 'tags';

const SHORT: Texts[] = ['name', 'category', 'source_work', 'job', 'gender', 'species', 'age', 'height'];
const LONG: Record<'who' | 'mind' | 'scene', (Texts | Lists)[]> = {
  who: ['description', 'appearance', 'features', 'tags'],
  mind: ['personality', 'speech_style', 'habits', 'thoughts', 'likes', 'dislikes'],
  scene: ['worldview', 'greeting', 'sample_dialogue', 'guidelines'],
};

interface CharacterFormProps {
  value: Character;
  errors: Record<string, string>;
  /** The field that is being written for the user. */
  writing: string | null;
  onChange: (fields: Partial<Character>) => void;
  /** Another picture; `whole` is all of it, where it is a file that was chosen. */
  onPicture: (imageUrl: string, whole: ImageBitmap | null) => void;
  /** What comes after the picture and the voice. */
  children: ReactNode;
}

/** Everything of a character, on one screen. */
export function CharacterForm({ value, errors, writing, onChange, onPicture, children }: CharacterFormProps) {
  const words = useWords();
  const list = useQuery(voices);
  const field = (name: Texts | Lists, rows = 0) => (
    <Field key={name} name={name} value={value[name]} error={errors[name]} writing={writing === name} rows={rows} onChange={(text) => onChange({ [name]: text })} />
  );
  return (
    <div className="mt-6 flex flex-col gap-10">
      <section className="flex flex-col gap-6">
        <PictureField value={value} error={errors.image_url} onChange={onPicture} />
        <div className="flex flex-wrap items-end gap-3">
          <label className="field min-w-48 flex-1">
            <span>{words.voice}</span>
            <select className="input" value={value.voice_id || list.data?.default_voice_id} onChange={(event) => onChange({ voice_id: event.target.value })}>
              {(list.data?.voices ?? []).map((voice) => (
                <option key={voice.id} value={voice.id}>
                  {voice.name}
                </option>
              ))}
            </select>
          </label>
          <VoicePreview voice={value.voice_id} text={value.greeting || value.sample_dialogue || words.previewText(value.name)} />
        </div>
      </section>
      {children}
      <section aria-labelledby="who">
        <h2 id="who" className="section-title">{words.sectionWho}</h2>
        <div className="mt-4 grid gap-5 sm:grid-cols-2">{SHORT.map((name) => field(name))}</div>
        <div className="mt-5 flex flex-col gap-5">{LONG.who.map((name) => field(name, name === 'tags' ? 0 : 3))}</div>
      </section>
      <section aria-labelledby="mind">
        <h2 id="mind" className="section-title">{words.sectionMind}</h2>
        <div className="mt-4 flex flex-col gap-5">{LONG.mind.map((name) => field(name, 3))}</div>
      </section>
      <section aria-labelledby="story">
        <h2 id="story" className="section-title">{words.sectionScene}</h2>
        <div className="mt-4 flex flex-col gap-5">{LONG.scene.map((name) => field(name, 3))}</div>
      </section>
    </div>
  );
}

interface FieldProps {
  name: Texts | Lists;
  value: string | string[];
  error: string | undefined;
  writing: boolean;
  /** 0: a single line. */
  rows: number;
  onChange: (value: string | string[]) => void;
}

function Field({ name, value, error, writing, rows, onChange }: FieldProps) {
  const words = useWords();
  const isList = Array.isArray(value);
  // What is typed in a list is a text until it is left: or no comma could be typed.
  const [typed, setTyped] = useState<string | null>(null);
  const text = isList ? (typed ?? value.join(', ')) : value;
  const common = {
    value: text,
    readOnly: writing,
    'aria-invalid': error !== undefined,
    'aria-describedby': error === undefined ? undefined : `${name}-error`,
    className: `input ${writing ? 'writing' : ''}`,
    placeholder: isList ? words.listHint : undefined,
    onChange: (event: { target: { value: string } }) => {
      if (isList) setTyped(event.target.value);
      onChange(isList ? entriesOf(event.target.value) : event.target.value);
    },
    onBlur: () => setTyped(null),
  };
  return (
    <label className="field">
      <span>{words.fields[name]}</span>
      {rows === 0 || isList ? <input {...common} autoComplete="off" /> : <textarea {...common} rows={rows} className={`${common.className} field-sizing-content min-h-20`} />}
      {error !== undefined && (
        <span id={`${name}-error`} role="alert" className="text-sm text-bad">
          {error}
        </span>
      )}
    </label>
  );
}

function entriesOf(text: string): string[] {
  return text.split(/[,、，\n]/).map((entry) => entry.trim()).filter(Boolean);
}
