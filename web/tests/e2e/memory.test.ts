import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { startBinary, stop } from '../binary.ts';
import { launch, Visitor } from './browser.ts';

// A server of their own: one whose characters remember everybody, summarise after two turns, and stop after three.
describe.runIf(inject('login'))('a short conversation', () => {
  let browser: Browser;
  let server: { url: string; process: ChildProcess };
  let visitor: Visitor;
  const folder = mkdtempSync(join(tmpdir(), 'avatarforge-memory-'));

  beforeAll(async () => {
    browser = await launch();
    server = await startBinary(folder, ['--max-turns', '3', '--context-keep-turns', '1', '--context-trigger', '0.1']);
  });
  afterAll(async () => {
    await browser.close();
    await stop(server.process);
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  /** Says something and hears all of the answer, in as little time as it takes to write it. */
  async function turn(text: string, number: number) {
    await visitor.say(text);
    await expect.poll(() => visitor.received('response.done').length).toBe(number);
  }

  it('is remembered, and what is remembered can be read, corrected, added to and forgotten', async () => {
    visitor = await Visitor.open(browser, server.url, {}, { voice: false });
    const { page } = visitor;
    await visitor.pick();
    await turn('제 이름은 지수예요. 고양이를 좋아해요.', 1);
    await turn('오늘은 비가 와요.', 2);
    const session = (visitor.received('session.created')[0]?.event?.session as { id: string }).id;
    const summarised = async () => {
      const answer = await page.request.get(`${server.url}/api/sessions/${session}/summary`);
      return ((await answer.json()) as { data: { summary: string } }).data.summary;
    };
    await expect.poll(summarised, { message: 'the first turn is summarised behind one’s back' }).not.toBe('');

    await page.getByRole('button', { name: '메뉴' }).click();
    await page.getByRole('button', { name: '기억하는 것' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByTestId('summary').innerText(), 'what it is').toBe(await summarised());
    expect(await visitor.accessibility()).toEqual([]);
    await dialog.getByRole('button', { name: '고치기: 지금까지의 이야기' }).click();
    await dialog.getByRole('textbox', { name: '고치기: 지금까지의 이야기' }).fill('지수는 고양이를 좋아한다.');
    expect(await visitor.accessibility(), 'while it is changed').toEqual([]);
    await dialog.getByRole('button', { name: '저장' }).click();
    await dialog.getByTestId('summary').getByText('지수는 고양이를 좋아한다.', { exact: true }).waitFor();
    // The page shows it while it is being saved.
    await expect.poll(summarised, { message: 'at the server, too' }).toBe('지수는 고양이를 좋아한다.');

    await dialog.getByLabel('더 알려 주기').fill('사용자는 여름에 태어났다.');
    await dialog.getByLabel('더 알려 주기').press('Enter');
    const fact = dialog.getByTestId('fact').filter({ hasText: '태어났다' });
    await fact.getByText('여름에').waitFor();
    await fact.getByRole('button', { name: /^고치기/ }).click();
    await dialog.getByRole('textbox', { name: /^고치기/ }).fill('사용자는 겨울에 태어났다.');
    await dialog.getByRole('button', { name: '저장' }).click();
    await fact.getByText('겨울에').waitFor();
    expect(await visitor.accessibility(), 'with a fact').toEqual([]);
    await visitor.shot('memory-1440');
    await dialog.getByRole('button', { name: '잊기: 사용자는 겨울에 태어났다.' }).click();
    await fact.waitFor({ state: 'detached' });
    const left = async () => {
      const answer = (await (await page.request.get(`${server.url}/api/facts`)).json()) as { data: { facts: { text: string }[] } };
      return answer.data.facts.filter(({ text }) => text.includes('태어났다'));
    };
    await expect.poll(left, { message: 'at the server, too' }).toEqual([]);
    await dialog.getByRole('button', { name: '닫기' }).click();
    await dialog.waitFor({ state: 'detached' });

    await turn('이제 마지막이에요.', 3);
    const end = page.getByTestId('turn-limit');
    await end.waitFor();
    expect(await visitor.accessibility(), 'at the end').toEqual([]);
    await visitor.shot('turn-limit-1440');
    await end.getByRole('button', { name: '새 대화' }).click();
    await page.getByRole('textbox', { name: '메시지' }).waitFor();
    await expect.poll(() => page.locator('[data-role]').count(), { message: 'and it begins anew' }).toBe(0);
  });

  it('is spoken a little later where that is wanted', async () => {
    visitor = await Visitor.open(browser, server.url);
    const { page } = visitor;
    await visitor.pick();
    await page.locator('aside').getByText('조금 뒤에').click();
    await page.getByText('글이 먼저, 목소리는 뒤따라요').waitFor();
    await visitor.say('안녕하세요');
    await page.getByTestId('word').waitFor();
    const updated = visitor.received('session.updated').at(-1)?.event?.session as { avatarforge: { tts: object } };
    expect(updated.avatarforge.tts, 'the server knows').toMatchObject({ mode: 'delayed', delay_ms: 1500 });
    const first = visitor.frames.findIndex(({ type }) => type === 'audio');
    const before = visitor.frames.slice(0, first);
    expect(before.filter(({ type }) => type === 'response.output_audio_transcript.delta').length, 'there is something to read first').toBeGreaterThan(5);
    expect(await visitor.accessibility()).toEqual([]);
    await visitor.silence();
    expect((await visitor.player()).nonSilent, 'and it is heard').toBeGreaterThan(0);
  });
});
