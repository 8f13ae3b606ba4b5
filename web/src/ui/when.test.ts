import { expect, it } from 'vitest';
import { ago } from './when.ts';

it.each([
  [5, '지금'],
  [90, '1분 전'],
  [7200, '2시간 전'],
  [86_400 * 1.5, '어제'],
  [86_400 * 40, '지난달'],
  [-30, '지금'],
])('%d seconds ago is %s', (seconds, text) => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  expect(ago(new Date(now - seconds * 1000).toISOString(), 'ko', now)).toBe(text);
});
