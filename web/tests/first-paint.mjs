// Measures how soon the gallery is seen: `node tests/first-paint.mjs http://127.0.0.1:8000 [visits]`. The processor is slowed down four
// times, as a cheap phone's; nothing is cached. Prints milliseconds from the request, the median of the visits.
import { chromium } from 'playwright-core';

const [url = 'http://127.0.0.1:8000', visits = '9'] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
const seen = { 'first paint': [], 'first contentful paint': [], 'all characters': [] };
for (let i = 0; i < Number(visits); i++) {
  const context = await browser.newContext({ locale: 'ko-KR', viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.goto(url);
  await page.getByTestId('character').first().waitFor();
  const characters = await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now()))));
  const paints = await page.evaluate(() => performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime]));
  seen['all characters'].push(characters);
  for (const [name, time] of paints) seen[name.replaceAll('-', ' ')].push(time);
  await context.close();
}
await browser.close();
for (const [what, times] of Object.entries(seen)) {
  times.sort((a, b) => a - b);
  console.log(`${what}: ${Math.round(times[times.length >> 1])} ms (${Math.round(times[0])} to ${Math.round(times.at(-1))})`);
}
