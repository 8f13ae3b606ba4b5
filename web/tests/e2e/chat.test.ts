import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { launch, screenshots, Visitor, Wire } from './browser.ts';
import { url } from '../server.ts';

let browser: Browser;
let wire: Wire;
let visitor: Visitor;

beforeAll(async () => {
  browser = await launch();
  console.log(`screenshots in ${screenshots}`);
});
afterAll(() => browser.close());

beforeEach(async () => {
  wire = await Wire.to(url);
});
afterEach(async () => {
  // Nothing may go wrong unseen: a refused inline style or a failing promise is a defect wherever it happens.
  expect(visitor.complaints).toEqual([]);
  await visitor.context.close();
  await wire.close();
});

/** The sentences of the last answer as the server announced them, joined. */
function announced(v: Visitor): string {
  const last = v.received('avatarforge.sentence').at(-1)?.event?.item_id;
  return v
    .received('avatarforge.sentence')
    .filter(({ event }) => event?.item_id === last)
    .map(({ event }) => String(event?.text))
    .join('');
}

function expectEveryFrameOnce(v: Visitor) {
  const numbers = v.numbers();
  expect(numbers.length, 'frames came').toBeGreaterThan(0);
  expect(numbers, 'every number once, in order').toEqual(numbers.map((_, i) => i + 1));
}

describe('a conversation', () => {
  it('speaks Korean while it thinks, without a gap, and shows what it says', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('안녕하세요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.page.getByTestId('word').waitFor();
    await visitor.shot('korean-speaking-1440');
    await visitor.silence();

    const player = await visitor.player();
    const seconds = visitor
      .received('avatarforge.sentence.done')
      .reduce((sum, { event }) => sum + Number(event?.duration_ms) / 1000, 0);
    expect(seconds, 'there was speech').toBeGreaterThan(1);
    expect(player.played / player.sampleRate, 'all of it reached the output').toBeCloseTo(seconds, 1);
    expect(player.nonSilent, 'and it is not silence').toBeGreaterThan(player.played / 4);
    expect(player.gaps, 'no gap over 20 ms within a sentence').toBe(0);

    const [answer] = await visitor.text('assistant');
    expect(answer, 'what is shown is what was announced').toBe(announced(visitor).trimEnd());
    const firstAudio = visitor.frames.findIndex(({ type }) => type === 'audio');
    const done = visitor.frames.findIndex(({ type }) => type === 'response.done');
    expect(firstAudio, 'sound came as binary frames').toBeGreaterThan(0);
    expect(firstAudio, 'before the answer was complete').toBeLessThan(done);
    expect(visitor.sent('avatarforge.playback').length, 'the server was told of the playing').toBeGreaterThan(2);
    expectEveryFrameOnce(visitor);
  });

  it('speaks English to an English browser', async () => {
    visitor = await Visitor.open(browser, wire.url, { locale: 'en-US' });
    await visitor.page.getByRole('heading', { name: 'Who would you like to talk to?' }).waitFor();
    await visitor.pick(1);
    await visitor.say('Hello, who are you?');
    await visitor.page.getByTestId('word').waitFor();
    await expect.poll(async () => (await visitor.player()).played, { message: 'it is spoken' }).toBeGreaterThan(0);
    await expect.poll(async () => (await visitor.text('assistant'))[0]?.length, { message: 'and written' }).toBeGreaterThan(10);
  });

  it('with the voice off, writes and makes no sound', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.page.getByRole('button', { name: '음성 끄기' }).click();
    await visitor.say('안녕하세요');
    await visitor.page.locator('[data-message-status=done]').waitFor();
    expect(visitor.received('response.output_text.delta').length, 'tokens came as text').toBeGreaterThan(3);
    expect(visitor.received('audio'), 'and nothing was synthesised').toEqual([]);
  });

  it('sends a line with Shift+Enter, and not in the middle of composing a syllable', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    const input = visitor.page.getByRole('textbox');
    await input.fill('첫 줄');
    await input.press('Shift+Enter');
    await input.pressSequentially('둘째 줄');
    const cdp = await visitor.context.newCDPSession(visitor.page);
    await cdp.send('Input.imeSetComposition', { text: '이', selectionStart: 1, selectionEnd: 1 });
    // As Chromium reports an Enter that ends a composition: with the input method's key code.
    await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', windowsVirtualKeyCode: 229, key: 'Enter', code: 'Enter' });
    expect(visitor.sent('conversation.item.create'), 'the Enter was the input method’s').toEqual([]);
    await cdp.send('Input.insertText', { text: '이' });
    await input.press('Enter');
    await visitor.page.locator('[data-role=user]').waitFor();
    expect((await visitor.text('user'))[0], 'both lines and the syllable, once').toBe('첫 줄\n둘째 줄이');
    await visitor.page.getByTestId('word').waitFor();
  });
});

describe('an interruption', () => {
  it('by Esc is silent at once and tells how much was heard', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('긴 이야기를 해 주세요');
    await visitor.page.getByTestId('word').waitFor();
    // Into the speech: an interruption that comes after something was heard.
    await visitor.page.waitForFunction(() => window.__player!.played > 24_000);
    await visitor.page.keyboard.press('Escape');
    await visitor.page.waitForFunction(() => window.__player!.state === 'idle');
    const played = (await visitor.player()).played;

    await visitor.page.locator('[data-message-status=cut]').waitFor();
    await expect.poll(() => visitor.received('conversation.item.truncated').length).toBe(1);
    await visitor.page.getByTestId('unheard').waitFor();
    await visitor.shot('interrupted-1440');
    expect((await visitor.player()).played, 'not a sample after the silence').toBe(played);
    const truncate = visitor.sent('conversation.item.truncate')[0]?.event;
    const end = Number(truncate?.audio_end_ms);
    const playedMs = (played * 1000) / (await visitor.player()).sampleRate;
    expect(end, 'no more than was put out').toBeLessThanOrEqual(playedMs);
    expect(end, 'and no less than that but for the output’s latency').toBeGreaterThan(playedMs - 300);
    const done = visitor.received('response.done').map(({ event }) => (event?.response as { status: string }).status);
    expect(done, 'the response ended once').toEqual(['cancelled']);
  });

  it('by a new message ends the speech and answers that', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('긴 이야기를 해 주세요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.say('잠깐만요, 다른 이야기요');
    await expect.poll(() => visitor.received('response.created').length).toBe(2);
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.silence();
    expect((await visitor.text('user')).length, 'both messages stand').toBe(2);
    const done = visitor.received('response.done').map(({ event }) => (event?.response as { status: string }).status);
    expect(done, 'the first was cut, the second was not').toEqual(['cancelled', 'completed']);
    const order = visitor.frames.filter(({ sent }) => sent).map(({ type }) => type);
    expect(order.indexOf('response.cancel'), 'cancelled before the new message').toBeLessThan(
      order.lastIndexOf('conversation.item.create'),
    );
  });

  it('by the button works too', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('긴 이야기를 해 주세요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.page.getByTestId('stop').click();
    await visitor.page.locator('[data-message-status=cut]').waitFor();
    await visitor.silence();
  });
});

describe('a broken connection', () => {
  it('cut in the middle of an answer is resumed with every frame once', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('긴 이야기를 해 주세요');
    await visitor.page.getByTestId('speaking').waitFor();
    wire.cut();
    await visitor.page.locator('[data-status=reconnecting]').waitFor();
    await visitor.shot('reconnecting-1440');
    wire.mend();
    await visitor.page.locator('[data-status=open]').waitFor();
    await visitor.silence();
    expectEveryFrameOnce(visitor);
    const [answer] = await visitor.text('assistant');
    expect(answer, 'the text is whole').toBe(announced(visitor).trimEnd());
    const seconds = visitor
      .received('avatarforge.sentence.done')
      .reduce((sum, { event }) => sum + Number(event?.duration_ms) / 1000, 0);
    const player = await visitor.player();
    expect(player.played / player.sampleRate, 'and so is the sound').toBeCloseTo(seconds, 1);
  });

  it('a message written meanwhile is sent when it is back, once', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    wire.cut();
    await visitor.page.locator('[data-status=reconnecting]').waitFor();
    await visitor.say('거기 있어요?');
    wire.mend();
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.silence();
    expect(visitor.received('response.created').length, 'one answer').toBe(1);
    expect((await visitor.text('user')).length, 'one message').toBe(1);
  });

  it('a reload goes on where it was', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('안녕하세요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.silence();
    const before = [await visitor.text('user'), await visitor.text('assistant')];
    await visitor.page.reload();
    await visitor.page.locator('[data-status=open]').waitFor();
    expect([await visitor.text('user'), await visitor.text('assistant')], 'the same conversation').toEqual(before);
    await visitor.say('하나 더 물어볼게요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.silence();
    expect((await visitor.text('assistant')).length, 'and it goes on').toBe(2);
    expect(visitor.received('session.created').length, 'in the same session').toBe(1);
    expectEveryFrameOnce(visitor);
  });

  it('a second window takes the conversation over, and it can be taken back', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('안녕하세요');
    await visitor.silence();
    await visitor.page.evaluate(() => window.dispatchEvent(new Event('pagehide')));
    const stored = await visitor.page.evaluate(() => sessionStorage.getItem('avatarforge.room')!);
    const second = await visitor.context.newPage();
    await second.addInitScript((value) => sessionStorage.setItem('avatarforge.room', value), stored);
    await second.goto(wire.url);
    await second.locator('[data-status=open]').waitFor();
    await visitor.page.locator('[data-status=taken_over]').waitFor();
    await visitor.page.getByRole('button', { name: '여기서 계속하기' }).click();
    await visitor.page.locator('[data-status=open]').waitFor();
    await second.locator('[data-status=taken_over]').waitFor();
  });
});

describe.runIf(inject('fake'))('what only the fake server does on request', () => {
  const ask = (what: string) => fetch(`${url}/__fake/${what}`, { method: 'POST' });

  it('waits in line and begins by itself', async () => {
    visitor = await Visitor.open(browser, wire.url, { viewport: { width: 390, height: 844 } });
    await ask('queue');
    await visitor.page.getByTestId('character').first().click();
    await visitor.page.getByText('3번째로 기다리고 있어요').waitFor();
    await visitor.shot('queue-390');
    await ask('move-up');
    await visitor.page.getByText('2번째로 기다리고 있어요').waitFor();
    await ask('move-up');
    await visitor.page.getByText('1번째로 기다리고 있어요').waitFor();
    await ask('move-up');
    await visitor.page.locator('[data-status=open]').waitFor();
  });

  it('rebuilds the conversation where the replay log does not reach back', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('안녕하세요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.silence();
    const before = [await visitor.text('user'), await visitor.text('assistant')];
    wire.cut();
    await visitor.page.locator('[data-status=reconnecting]').waitFor();
    // More has happened meanwhile than the log holds.
    await ask('forget-log');
    wire.mend();
    await visitor.page.locator('[data-status=open]').waitFor();
    expect(visitor.received('session.created').length, 'the session was told anew').toBe(2);
    expect([await visitor.text('user'), await visitor.text('assistant')], 'to the same conversation').toEqual(before);
  });

  it('begins a new session where the old one is gone, and says so', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    wire.cut();
    await visitor.page.locator('[data-status=reconnecting]').waitFor();
    await ask('forget-sessions');
    wire.mend();
    await visitor.page.locator('[data-status=open]').waitFor();
    await visitor.page.getByText('이전 대화가 만료되어').waitFor();
    await visitor.say('다시 안녕하세요');
    await visitor.page.getByTestId('speaking').waitFor();
    await visitor.silence();
  });

  it('comes back after the server goes away', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await ask('going-away');
    await visitor.page.locator('[data-status=reconnecting]').waitFor();
    await visitor.page.locator('[data-status=open]').waitFor();
  });

  it('marks a sentence that could not be spoken and goes on', async () => {
    visitor = await Visitor.open(browser, wire.url);
    await visitor.pick();
    await visitor.say('안녕하세요 fail-speech');
    await visitor.page.getByRole('img', { name: '이 문장은 음성으로 만들지 못했어요' }).waitFor();
    await visitor.silence();
    await visitor.page.locator('[data-message-status=done]').waitFor();
    await visitor.shot('speech-failed-1440');
  });
});

describe('how it looks', () => {
  const sizes = [
    { width: 390, height: 844 },
    { width: 1440, height: 900 },
  ];
  for (const viewport of sizes) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const name = `${viewport.width}-${colorScheme}`;
      it(`${name}: nothing is cut off`, async () => {
        visitor = await Visitor.open(browser, wire.url, { viewport, colorScheme });
        await visitor.page.getByTestId('character').first().waitFor();
        await visitor.shot(`gallery-${name}`);
        await visitor.pick();
        await visitor.shot(`opening-${name}`);
        await visitor.say('안녕하세요, 오늘 기분이 어때요?');
        await visitor.page.getByTestId('word').waitFor();
        await visitor.say('긴 이야기를 들려주세요');
        await visitor.page.waitForFunction(() => document.querySelectorAll('[data-segment]').length > 6);
        await visitor.page.getByTestId('word').waitFor();
        await visitor.shot(`chat-${name}`);
        const overflow = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, 'no sideways scrolling').toBeLessThanOrEqual(0);
        await visitor.page.getByTestId('stop').click();
        await visitor.silence();
      });
    }
  }
});
