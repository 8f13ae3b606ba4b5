import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { VISITOR } from '../oidc.ts';
import { launch, Visitor } from './browser.ts';
import { url } from '../server.ts';

let browser: Browser;
let visitor: Visitor;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(visitor.complaints).toEqual([]);
  await visitor.context.close();
});

/** A Tavern card as other programs write it. */
const card = (name: string) =>
  JSON.stringify({
    spec: 'chara_card_v2',
    spec_version: '2.0',
    data: {
      name, description: '별을 세는 등대지기.', personality: '느긋함', scenario: '', first_mes: '오늘은 별이 많군요.', mes_example: '',
      creator_notes: '', system_prompt: '', post_history_instructions: '', alternate_greetings: [], tags: ['바다'], creator: '', character_version: '', extensions: {},
    },
  });

describe('the first visit', () => {
  it('loads less than 150 kB of script, and no more for one that only looks', async () => {
    visitor = await Visitor.open(browser, 'about:blank');
    const scripts: Promise<number>[] = [];
    const foreign: string[] = [];
    visitor.page.on('response', (response) => {
      if (!response.url().startsWith(url)) foreign.push(response.url());
      if (response.request().resourceType() === 'script') scripts.push(response.body().then((body) => gzipSync(body).length));
    });
    await visitor.page.goto(url);
    await visitor.page.getByTestId('character').first().waitFor();
    await visitor.page.waitForLoadState('networkidle');
    const sizes = await Promise.all(scripts);
    expect(sizes.length, 'scripts were loaded').toBeGreaterThan(0);
    expect(sizes.reduce((a, b) => a + b, 0), 'bytes, compressed').toBeLessThan(150_000);
    expect(foreign, 'everything comes from this server').toEqual([]);
  });
});

describe.skipIf(inject('fake'))('characters of one’s own', () => {
  it('come in by a dropped card, are found, and go', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    await page.getByTestId('character').first().waitFor();
    expect(await page.locator('img[src="/images/characters/nuri.svg"]').last().evaluate((img: HTMLImageElement) => img.naturalWidth), 'portraits are there').toBeGreaterThan(0);
    const name = `등대지기 ${Date.now()}`;
    const files = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'card.json', { type: 'application/json' }));
      return transfer;
    }, card(name));
    await page.dispatchEvent('main', 'dragenter', { dataTransfer: files });
    await page.getByText('여기에 놓으면 캐릭터가 됩니다').waitFor();
    await page.dispatchEvent('main', 'drop', { dataTransfer: files });
    await page.getByTestId('toast').getByText(name).waitFor();
    await page.getByRole('button', { name, exact: true }).waitFor();

    await page.getByRole('searchbox').fill(`#바다 ${name.slice(-5)}`);
    await expect.poll(() => page.getByTestId('character').allInnerTexts(), { message: 'by its tag and its name' }).toEqual([name]);
    expect(await visitor.accessibility()).toEqual([]);
    await page.getByRole('button', { name: `${name}: 더 보기` }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: '카드로 내보내기' }).click();
    expect((await download).suggestedFilename(), 'as a picture with its card').toMatch(/\.png$/);
    await page.getByRole('button', { name: `${name}: 더 보기` }).click();
    await page.getByRole('button', { name: '지우기', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: '지우기' }).click();
    await page.getByText('맞는 캐릭터가 없어요').waitFor();
  });

  it('refuses a file that is no card, in the user’s own language', async () => {
    visitor = await Visitor.open(browser, url);
    await visitor.page.getByTestId('character').first().waitFor();
    await visitor.page.getByTestId('card-file').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await visitor.page.getByTestId('toast').getByText('캐릭터 카드가 아니에요').waitFor();
  });
});

describe.skipIf(inject('fake'))('a room', () => {
  it('begins with a scene and a greeting, moves its mouth, and is found again', async () => {
    visitor = await Visitor.open(browser, url, {}, { greet: true });
    const { page } = visitor;
    await page.getByRole('button', { name: '누리: 더 보기' }).click();
    await page.getByRole('button', { name: '상황 정하고 시작' }).click();
    await page.getByLabel('상황', { exact: true }).fill('목성의 폭풍이 정거장을 흔드는 밤');
    const background = page.getByLabel('배경과 줄거리');
    const before = await background.inputValue();
    await page.getByRole('button', { name: 'AI로 줄거리 쓰기' }).click();
    await page.getByRole('button', { name: 'AI로 줄거리 쓰기' }).waitFor();
    expect((await background.inputValue()).length, 'a plot was written').toBeGreaterThan(40);
    expect(await background.inputValue()).not.toBe(before);
    expect(await visitor.accessibility(), 'in the dialog').toEqual([]);
    await page.getByRole('button', { name: '대화 시작' }).click();
    await page.getByTestId('word').waitFor();
    expect((await visitor.text('assistant'))[0], 'it speaks first').toContain('보고합니다');
    const open = page.locator('aside [data-part=open]');
    await expect.poll(async () => Number(/scale\([^ ]+ ([0-9.]+)\)/.exec((await open.getAttribute('transform')) ?? '')?.[1]), { message: 'the mouth opens' }).toBeGreaterThan(0.2);
    await page.getByText('목성의 폭풍이 정거장을 흔드는 밤', { exact: true }).waitFor();

    await visitor.say('안녕하세요, **별표**도 보여 주세요');
    await page.locator('[data-role=user]').waitFor();
    await expect.poll(() => visitor.received('response.done').length).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByTestId('turns').waitFor();
    await page.getByRole('button', { name: '응답 시간' }).last().click();
    await page.getByText('왜 이만큼 걸렸을까요?').waitFor();
    expect(await visitor.accessibility(), 'in the room').toEqual([]);

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: '메뉴' }).click();
    await page.getByRole('button', { name: '글로 저장' }).click();
    expect((await download).suggestedFilename()).toBe('누리.md');

    const said = await visitor.text('user');
    await page.goBack();
    await page.getByRole('button', { name: '이어서 하기: 누리' }).first().click();
    await page.locator('[data-status=open]').waitFor();
    await expect.poll(() => visitor.text('user'), { message: 'the conversation is there again' }).toEqual(said);
    await page.getByText('목성의 폭풍이 정거장을 흔드는 밤', { exact: true }).waitFor();
    await page.getByRole('button', { name: '듣기', exact: true }).first().click();
    await page.getByTestId('word').waitFor();
    expect(visitor.sent('avatarforge.speak').length, 'what this page has not heard is spoken by the server').toBeGreaterThan(0);
  });

  it('plays again what was heard, without the server', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    await visitor.pick();
    await visitor.say('안녕하세요');
    await page.getByTestId('word').waitFor();
    await visitor.silence();
    const sent = visitor.frames.filter((frame) => frame.sent).length;
    await page.getByRole('button', { name: '다시 듣기' }).click();
    await page.getByTestId('word').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByTestId('speaking').count(), { message: 'Esc ends it' }).toBe(0);
    expect(visitor.frames.filter((frame) => frame.sent).length, 'nothing was sent').toBe(sent);
    expect((await visitor.text('assistant')).length).toBe(1);
  });

  it('speaks only on a click where that is wanted', async () => {
    visitor = await Visitor.open(browser, url, {}, { mode: 'on_click' });
    await visitor.pick();
    await visitor.say('안녕하세요');
    await visitor.page.locator('[data-message-status=done]').waitFor();
    expect(visitor.received('audio'), 'silent so far').toEqual([]);
    await visitor.page.getByRole('button', { name: '듣기', exact: true }).click();
    await visitor.page.getByTestId('word').waitFor();
  });
});

describe.skipIf(inject('fake'))('the wizard', () => {
  const answer = {
    success: true,
    data: { name: '솔', personality: '느긋함', likes: ['별', '바람'], greeting: '', speech_style: '~라네' },
    provider: 'demo',
    draft_id: 'd1',
    regenerations_left: 3,
  };
  const stream = [
    ['field', { name: 'personality', value: '느긋', done: false }],
    ['restart', { reason: 'not what was asked for' }],
    ['field', { name: 'likes', value: ['별', '바람'], done: true }],
    ['done', answer],
  ].map(([name, data]) => `event: ${String(name)}\ndata: ${JSON.stringify(data)}\n\n`);

  it('asks three things, has the rest written, and makes the character', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    const asked: unknown[] = [];
    // Whoever is logged in has it written by the server; nobody is, here.
    await page.route('**/api/ai/generate/character-details', (route) => {
      asked.push(route.request().postDataJSON());
      return route.fulfill({ contentType: 'text/event-stream', body: stream.join('') });
    });
    const name = `솔 ${Date.now()}`;
    await page.getByRole('button', { name: '새 캐릭터' }).click();
    await page.getByRole('button', { name: '다음' }).click();
    await page.getByText('꼭 적어 주세요').waitFor();
    await page.getByLabel('이름').fill(name);
    await page.getByRole('button', { name: '오리지널' }).click();
    expect(await visitor.accessibility()).toEqual([]);
    await page.getByRole('button', { name: '다음' }).click();
    await page.getByText('다시 생성 3번 남음').waitFor();
    expect(await page.getByLabel('성격').inputValue(), 'what was written').toBe('느긋함');
    expect(await page.getByLabel('좋아하는 것').inputValue(), 'a list is a line').toBe('별, 바람');
    expect(await page.getByLabel('이름').inputValue(), 'the name is the user’s').toBe(name);
    await page.getByRole('button', { name: '다시 생성' }).click();
    await expect.poll(() => asked.length).toBe(2);
    expect(asked, 'the second time by its draft').toMatchObject([{ name, category: '오리지널' }, { draft_id: 'd1' }]);

    await page.getByLabel('좋아하는 것').fill('별, 바람,  파도,');
    await page.getByTestId('preview').click();
    await page.locator('[data-testid=preview][data-state=playing]').waitFor();
    expect(await visitor.accessibility()).toEqual([]);
    await page.getByRole('button', { name: '저장', exact: true }).click();
    await page.getByRole('button', { name: `${name}: 더 보기` }).click();
    await page.getByRole('button', { name: '고치기', exact: true }).click();
    await expect.poll(() => page.getByLabel('좋아하는 것').inputValue()).toBe('별, 바람, 파도');
    await page.getByLabel('하는 일').fill('등대지기');
    await page.getByRole('button', { name: '저장하고 대화하기' }).click();
    await page.locator('[data-status=open]').waitFor();
    await page.getByText('등대지기').first().waitFor();
  });

  it('says who is not logged in that AI needs it, and lets them write', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    await page.getByRole('button', { name: '새 캐릭터' }).click();
    await page.getByLabel('이름').fill('솔');
    await page.getByRole('button', { name: '다음' }).click();
    await page.getByText('AI로 채우려면 로그인이 필요해요').waitFor();
    await page.getByLabel('성격').fill('느긋함');
    await page.getByRole('button', { name: '처음 화면' }).click();
    expect(await page.getByLabel('이름').inputValue(), 'back to the first step, nothing lost').toBe('솔');
  });
});

describe('settings', () => {
  it('are kept: language and theme', async () => {
    visitor = await Visitor.open(browser, url, { viewport: { width: 390, height: 844 } });
    const { page } = visitor;
    await page.getByRole('button', { name: '설정' }).click();
    await page.getByText('日本語').click();
    await page.getByText('ダーク').click();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('heading', { name: '誰と話しますか？' }).waitFor();
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme])).toEqual(['ja', 'dark']);
    expect(await visitor.accessibility(), 'in the dark').toEqual([]);
  });
});

describe('a login', () => {
  it.runIf(inject('login'))('leads to the provider and back, makes AI write, and ends', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    await page.getByRole('button', { name: '설정' }).click();
    await page.getByRole('link', { name: 'Google로 로그인' }).click();
    await page.waitForURL(`${url}/**`);
    await page.getByRole('button', { name: '설정' }).click();
    await page.getByText(VISITOR.name).waitFor();
    expect(await visitor.accessibility()).toEqual([]);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: '새 캐릭터' }).click();
    await page.getByLabel('이름').fill('등대지기 솔');
    await page.getByRole('button', { name: '오리지널' }).click();
    await page.getByRole('button', { name: '다음' }).click();
    await page.getByText('다시 생성 3번 남음').waitFor();
    for (const field of ['성격', '말투', '좋아하는 것', '연기 지침']) {
      expect((await page.getByRole('textbox', { name: field, exact: true }).inputValue()).length, `${field} is written`).toBeGreaterThan(2);
    }
    await page.getByRole('button', { name: '저장', exact: true }).click();
    await page.getByRole('button', { name: '등대지기 솔', exact: true }).waitFor();

    await page.getByRole('button', { name: '설정' }).click();
    await page.getByRole('button', { name: '로그아웃' }).click();
    await page.getByRole('link', { name: 'Google로 로그인' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '등대지기 솔', exact: true }).waitFor({ state: 'detached' });
  });

  it('that failed is told of, once', async () => {
    visitor = await Visitor.open(browser, `${url}/?error=access_denied`);
    await visitor.page.getByTestId('toast').getByText('로그인을 그만두었어요').waitFor();
    expect(new URL(visitor.page.url()).search).toBe('');
  });
});

describe('a server that is not there', () => {
  it('is told of, and asked again on request', async () => {
    visitor = await Visitor.open(browser, 'about:blank');
    const { page } = visitor;
    let there = false;
    await page.route('**/api/characters/presets*', (route) => (there ? route.continue() : route.abort()));
    await page.goto(url);
    await page.getByRole('alert').waitFor();
    expect(await visitor.accessibility()).toEqual([]);
    there = true;
    await page.getByRole('button', { name: '다시 시도' }).click();
    await page.getByTestId('character').first().waitFor();
  });
});

describe('at 200 % zoom', () => {
  it('nothing is cut off', async () => {
    // A window of 1280 pixels, zoomed twice.
    visitor = await Visitor.open(browser, url, { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
    await visitor.page.getByTestId('character').first().waitFor();
    const overflow = () => visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow(), 'in the gallery').toBeLessThanOrEqual(0);
    await visitor.pick();
    expect(await overflow(), 'in the room').toBeLessThanOrEqual(0);
    expect(await visitor.page.getByRole('textbox').isVisible()).toBe(true);
  });
});
