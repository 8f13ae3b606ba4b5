import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { launch } from './browser.ts';
import { url } from '../server.ts';

interface Operation {
  operationId: string;
  summary: string;
}
type Description = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, unknown> } };

declare global {
  interface Window {
    __refused?: string[];
  }
}

let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let requested: string[];

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

beforeEach(async () => {
  complaints = [];
  requested = [];
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(90_000);
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()} answered ${response.status()}`);
  });
  page.on('request', (request) => requested.push(request.url()));
  await page.addInitScript(() => {
    window.__refused = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.__refused?.push(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
});
afterEach(async () => {
  expect(await page.evaluate(() => window.__refused), 'the content security policy allows all that the page does').toEqual([]);
  expect(complaints, 'nothing goes wrong unseen').toEqual([]);
  const elsewhere = requested.filter((asked) => !asked.startsWith(url) && !/^(data|blob):/.test(asked));
  expect(elsewhere, 'everything comes from this server').toEqual([]);
  await context.close();
});

async function described(): Promise<{ document: Description; operations: (Operation & { method: string; path: string })[] }> {
  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as Description;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
  return { document, operations };
}

// The fake server has no API to describe.
describe.skipIf(inject('fake'))('the pages of the API', () => {
  it('Swagger UI lists every operation, and one can be tried out', async () => {
    const { operations } = await described();
    await page.goto(`${url}/docs`);
    await page.locator('.opblock').first().waitFor();
    const shown = await page.locator('.opblock').evaluateAll((blocks) => blocks.map((block) => block.id.split('-').at(-1)));
    expect(shown.sort(), 'all are listed').toEqual(operations.map(({ operationId }) => operationId).sort());

    const health = page.locator('#operations-system-getHealth');
    await health.locator('.opblock-summary-control').click();
    await health.getByRole('button', { name: 'Try it out' }).click();
    await health.getByRole('button', { name: 'Execute' }).click();
    const live = health.locator('.live-responses-table');
    await live.waitFor();
    expect(await live.locator('.response-col_status').last().innerText(), 'it was really asked').toContain('200');
    expect(await live.innerText(), 'and answered').toContain('"backend": "healthy"');

    // A body, its fields and how it fails are shown without a complaint too.
    const create = page.locator('#operations-characters-createCharacter');
    await create.locator('.opblock-summary-control').click();
    await create.getByText('나만의 캐릭터').first().waitFor();
    expect(await create.innerText()).toContain('application/problem+json');
  });

  it('Redoc lists every operation and every event, and finds them', async () => {
    const { operations, document } = await described();
    await page.goto(`${url}/redoc`);
    await page.locator('body[data-ready]').waitFor();
    const text = await page.locator('#docs').innerText();
    for (const { summary } of operations) expect(text).toContain(summary);
    const events = ['RealtimeClientEvent', 'RealtimeServerEvent', 'RealtimeSentence', 'RealtimePlayback'];
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(events));
    for (const event of events) expect(text, 'the events have a place in the menu').toContain(event);
    // The search runs in a worker of Redoc's own.
    await page.getByRole('textbox').or(page.locator('input[type=text]')).first().fill('voices');
    await page.locator('[data-role="search:results"]').getByText('The voices that can be chosen').waitFor();
  });

  it('the protocol of the WebSocket can be read', async () => {
    await page.goto(`${url}/docs/realtime`);
    expect(await page.locator('h1').innerText()).toBe('The WebSocket protocol');
    expect(await page.locator('table').count(), 'tables are tables').toBeGreaterThan(2);
    expect(await page.locator('#client-events').innerText(), 'headings can be linked to').toBe('Client events');
    const text = await page.locator('main').innerText();
    const { document: description } = await described();
    const union = description.components.schemas.RealtimeClientEvent as { discriminator: { mapping: Record<string, string> } };
    for (const event of Object.keys(union.discriminator.mapping)) {
      // "conversation.item.retrieve, .delete"
      expect(text.includes(event) || text.includes(event.replace(/.*\./, '.')), `${event} is explained`).toBe(true);
    }
    expect(await page.evaluate(() => getComputedStyle(document.body).maxWidth), 'its style is there').not.toBe('none');
  });

  it('the chat page loads nothing of them', async () => {
    await page.goto(url);
    await page.locator('main li button').first().waitFor();
    expect(requested.filter((url) => /swagger|redoc|docs/.test(url))).toEqual([]);
  });
});
