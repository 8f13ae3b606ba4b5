import { useQuery } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { models } from '../api/queries.ts';
import type { Language } from '../i18n.ts';
import { Account } from './Account.tsx';
import { Dialog } from './Dialog.tsx';
import { useWords } from './language.ts';
import { Choice } from './Choice.tsx';
import { useSettings, type Theme } from './settings.ts';

/** Each in its own words, so that whoever landed in the wrong one finds home. */
const LANGUAGES: { value: Language; label: string }[] = [
  { value: 'ko', label: '한국어' },
  { value: 'en', label: 'English' },
  { value: 'ja', label: '日本語' },
];

/** The middle of the slider stands for the server's own temperature. */
const MIDDLE = 0.7;

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const { settings, change } = useSettings();
  const list = useQuery(models);
  const id = useId();
  const known = list.data ?? [];
  return (
    <Dialog title={words.settings} onClose={onClose}>
      <div className="flex flex-col gap-7">
        <Account />
        <Choice
          label={words.language}
          value={settings.language ?? (document.documentElement.lang as Language)}
          options={LANGUAGES}
          onChange={(language) => change({ language })}
        />
        <Choice<Theme>
          label={words.theme}
          value={settings.theme}
          options={[
            { value: 'system', label: words.themeSystem },
            { value: 'light', label: words.themeLight },
            { value: 'dark', label: words.themeDark },
          ]}
          onChange={(theme) => change({ theme })}
        />
        <Row>
          <label htmlFor={`${id}-greet`} className="flex-1 font-semibold">{words.greetSetting}</label>
          <input
            id={`${id}-greet`}
            type="checkbox"
            role="switch"
            className="switch"
            checked={settings.greet}
            onChange={(event) => change({ greet: event.target.checked })}
          />
        </Row>
        <div>
          <label className="field">
            <span>{words.model}</span>
            <select className="input" value={settings.model} onChange={(event) => change({ model: event.target.value })}>
              <option value="">{words.modelDefault}</option>
              {known.map((model) => (
                <option key={model.id} value={model.id}>
                  {model.name}
                </option>
              ))}
              {settings.model !== '' && !known.some((model) => model.id === settings.model) && (
                <option value={settings.model}>{settings.model}</option>
              )}
            </select>
          </label>
        </div>
        <div>
          <div className="flex items-baseline gap-3">
            <label htmlFor={`${id}-temperature`} className="flex-1 text-sm font-semibold">{words.temperature}</label>
            <output className="text-sm text-soft tabular-nums">{settings.temperature?.toFixed(1) ?? words.temperatureDefault}</output>
            {settings.temperature !== null && (
              <button type="button" className="text-sm font-semibold text-ember hover:underline" onClick={() => change({ temperature: null })}>
                {words.temperatureDefault}
              </button>
            )}
          </div>
          <input
            id={`${id}-temperature`}
            type="range"
            min={0}
            max={2}
            step={0.1}
            value={settings.temperature ?? MIDDLE}
            onChange={(event) => change({ temperature: Number(event.target.value) })}
            className="mt-3 w-full"
          />
          <p className="flex justify-between text-xs text-soft">
            <span>{words.temperatureLow}</span>
            <span>{words.temperatureHigh}</span>
          </p>
        </div>
        <p className="text-sm text-soft">{words.settingsHint}</p>
      </div>
    </Dialog>
  );
}

function Row({ children }: { children: ReactNode }) {
  return <div className="flex items-center gap-4 text-sm">{children}</div>;
}
