import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { launch, screenshots, Visitor } from './browser.ts';
import { bust } from './portraits.ts';
import { url } from '../server.ts';

let browser: Browser;
let visitor: Visitor;
/** A bust on white, in the formats that a user may have. */
let pictures: Record<'png' | 'jpeg' | 'webp', Buffer>;

beforeAll(async () => {
  browser = await launch();
  console.log(`screenshots in ${screenshots}`);
  const sheet = await browser.newPage({ viewport: { width: bust.width, height: bust.height } });
  await sheet.setContent(`<style>body { margin: 0 } svg { display: block }</style>${bust.svg}`);
  const [png, jpeg] = [await sheet.screenshot({ timeout: 90_000 }), await sheet.screenshot({ type: 'jpeg', timeout: 90_000 })];
  const webp = await sheet.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext('2d')!.drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp');
  }, `data:image/png;base64,${png.toString('base64')}`);
  pictures = { png, jpeg, webp: Buffer.from(webp.split(',')[1]!, 'base64') };
  await sheet.close();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(visitor.complaints).toEqual([]);
  await visitor.context.close();
});

/** Opens the second step of a new character. */
async function begin(name: string) {
  const { page } = visitor;
  await page.getByRole('button', { name: '새 캐릭터' }).click();
  await page.getByLabel('이름').fill(name);
  await page.getByRole('button', { name: '직접 채우기' }).click();
}

const choose = (name: string, mimeType: string, buffer: Buffer) => visitor.page.getByTestId('picture-file').setInputFiles({ name, mimeType, buffer });

describe.skipIf(inject('fake'))('a picture of one’s own', () => {
  it('is framed, kept by the server and the character’s', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    const name = `초상 ${Date.now()}`;
    await begin(name);
    await choose('나.webp', 'image/webp', pictures.webp);
    const frame = page.getByTestId('frame');
    await frame.waitFor();
    const before = await frame.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    await page.getByRole('slider', { name: '크기' }).fill('2');
    await frame.press('ArrowDown');
    const box = (await frame.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2);
    await page.mouse.up();
    expect(await frame.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL()), 'another part is in the frame').not.toBe(before);
    await visitor.shot('picture-frame-1440');
    expect(await visitor.accessibility()).toEqual([]);
    await page.getByRole('button', { name: '이 사진 쓰기' }).click();
    await frame.waitFor({ state: 'detached' });
    const portrait = page.locator('main img[src^="/mnt/user_assets/anonymous/images/"]');
    await expect.poll(() => portrait.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(200);
    await visitor.shot('wizard-picture-1440');
    expect(await visitor.accessibility()).toEqual([]);
    await page.getByRole('button', { name: '저장', exact: true }).click();
    await page.getByRole('button', { name, exact: true }).waitFor();
    const shown = page.locator('li', { has: page.getByRole('button', { name, exact: true }) }).locator('img');
    expect(await shown.getAttribute('src'), 'in the gallery').toContain('/mnt/user_assets/anonymous/images/');
  });

  it('can be whole, of every format, and is refused with what is wrong', async () => {
    visitor = await Visitor.open(browser, url, { viewport: { width: 390, height: 844 } });
    const { page } = visitor;
    await begin('초상');
    await choose('x.png', 'image/png', Buffer.from('no picture'));
    await page.getByRole('alert').getByText('이 파일은 사진이 아니에요').waitFor();
    const large = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(21 << 20)], 'x.png', { type: 'image/png' }));
      return transfer;
    });
    await page.dispatchEvent('main', 'drop', { dataTransfer: large });
    await page.getByRole('alert').getByText('20MB까지').waitFor();
    expect(await visitor.accessibility()).toEqual([]);
    for (const [type, picture] of Object.entries(pictures)) {
      await choose(`x.${type}`, `image/${type}`, picture);
      await page.getByTestId('frame').waitFor();
      await page.getByText('전체 담기').click();
      await page.getByRole('button', { name: '이 사진 쓰기' }).click();
      await page.getByTestId('frame').waitFor({ state: 'detached' });
      expect(await page.getByRole('alert').count(), `${type} is taken`).toBe(0);
    }
    await page.getByRole('button', { name: '사진 빼기' }).click();
    await page.getByRole('button', { name: '사진 고르기' }).waitFor();
  });
});

describe.skipIf(inject('fake'))('a figure of one’s own', () => {
  it('is made of the picture as one watches, kept with the character, and faces one in the room', { timeout: 180_000 }, async () => {
    visitor = await Visitor.open(browser, 'about:blank');
    const { page } = visitor;
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) foreign.push(request.url());
    });
    await page.goto(url);
    const name = `입체 ${Date.now()}`;
    await begin(name);
    const make = page.getByRole('button', { name: '사진으로 3D 만들기' });
    expect(await make.isDisabled(), 'there is nothing to make it of').toBe(true);
    await choose('나.jpg', 'image/jpeg', pictures.jpeg);
    await page.getByRole('button', { name: '이 사진 쓰기' }).click();
    await make.click();
    await page.getByTestId('figure-progress').waitFor();
    expect(await visitor.accessibility(), 'while it is made').toEqual([]);
    await page.getByRole('button', { name: '취소' }).click();
    await page.getByText('만들기를 그만두었어요.').waitFor();

    await page.getByRole('button', { name: '다시 만들기' }).click();
    await page.locator('[data-testid=figure][data-state=shown]').waitFor({ timeout: 180_000 });
    expect(await lit('[data-testid=figure]'), 'something of many colours is seen').toBeGreaterThan(50);
    await visitor.shot('wizard-figure-1440');
    expect(await visitor.accessibility(), 'with the figure').toEqual([]);
    await page.getByRole('button', { name: '저장하고 대화하기' }).click();
    await page.locator('[data-status=open]').waitFor();
    await page.locator('aside').getByText('3D', { exact: true }).click();
    await page.locator('aside [data-testid=figure][data-state=shown]').waitFor();
    await visitor.say('안녕하세요');
    await page.getByTestId('word').waitFor();
    const figure = page.locator('aside [data-testid=figure]');
    await expect
      .poll(() => figure.evaluate((element: HTMLElement) => Number(element.style.getPropertyValue('--voice'))), { message: 'it lights up with the voice' })
      .toBeGreaterThan(0.1);
    expect(await lit('aside [data-testid=figure]')).toBeGreaterThan(50);
    await visitor.shot('room-figure-1440');
    expect(await visitor.accessibility(), 'in the room').toEqual([]);
    await visitor.silence();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('main [data-testid=figure][data-state=shown]').waitFor();
    await visitor.shot('room-figure-390');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.locator('aside').getByText('그림', { exact: true }).click();
    await expect.poll(() => page.getByTestId('figure').count()).toBe(0);
    expect(foreign, 'everything comes from this server').toEqual([]);
  });

  it('that fails says why, and can be tried again', async () => {
    visitor = await Visitor.open(browser, url);
    const { page } = visitor;
    await begin('입체');
    await choose('나.png', 'image/png', pictures.png);
    await page.getByRole('button', { name: '이 사진 쓰기' }).click();
    const job = { job_id: 'j', status: 'failed', progress: 40, current_step: '실패', result_url: null, error: '3D 서버가 응답하지 않습니다.' };
    await page.route('**/api/generate/events/*', (route) => route.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify(job)}\n\n` }));
    await page.getByRole('button', { name: '사진으로 3D 만들기' }).click();
    await page.getByTestId('figure-failed').getByText('3D 서버가 응답하지 않습니다.').waitFor();
    await visitor.shot('wizard-figure-failed-1440');
    expect(await visitor.accessibility()).toEqual([]);
    await page.route('**/api/generate', (route) => route.abort());
    await page.getByRole('button', { name: '다시 만들기' }).click();
    await page.getByTestId('figure-failed').getByText('서버에 연결할 수 없어요').waitFor();
  });

  it('whose file is gone gives way to the portrait', async () => {
    visitor = await Visitor.open(browser, url, {}, { look: 'figure' });
    const { page } = visitor;
    const made = await page.request.post(`${url}/api/characters`, {
      data: { name: `빈자리 ${Date.now()}`, image_url: '/images/characters/nuri.jpg', model_url: '/mnt/user_assets/anonymous/models/none.glb' },
    });
    const { data } = (await made.json()) as { data: { name: string } };
    await page.reload();
    await page.getByRole('button', { name: data.name, exact: true }).click();
    await page.locator('[data-status=open]').waitFor();
    await page.locator('aside [data-drawn=true]').waitFor();
    expect(visitor.complaints.splice(0), 'the viewer complains, and nobody else').toMatchObject([expect.stringContaining('404')]);
  });
});

/** How many colours are in the middle of an element, each channel in 16 steps. */
async function lit(selector: string): Promise<number> {
  const shot = await visitor.page.locator(selector).screenshot();
  const sheet = await browser.newPage();
  const colours = await sheet.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const seen = new Set<number>();
    for (let i = 0; i < data.length; i += 4) seen.add(((data[i]! >> 4) << 8) | ((data[i + 1]! >> 4) << 4) | (data[i + 2]! >> 4));
    return seen.size;
  }, `data:image/png;base64,${shot.toString('base64')}`);
  await sheet.close();
  return colours;
}
