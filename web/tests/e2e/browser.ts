import { mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

declare global {
  interface Window {
    axe: typeof import('axe-core');
  }
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** Where screenshots go: `SCREENSHOTS`, or a folder of this run's below the system's temporary one. */
export const screenshots = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'avatarforge-screens-'));

/** A wire between page and server that can be cut, as a network does it: without a word. */
export class Wire {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private refusing = false;

  private constructor(target: URL) {
    this.server = createServer((near) => {
      if (this.refusing) {
        near.destroy();
        return;
      }
      const far = connect(Number(target.port), target.hostname);
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await new Promise<void>((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Breaks every connection, and refuses new ones until {@link mend}. */
  cut() {
    this.refusing = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.refusing = false;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export interface Frame {
  sent: boolean;
  /** The event's type, or `audio` for a binary frame. */
  type: string;
  number: number | null;
  event: Record<string, unknown> | null;
}

/** A page in the chat, with everything that its WebSockets carried and what it complained of. */
export class Visitor {
  readonly frames: Frame[] = [];
  readonly complaints: string[] = [];
  readonly context: BrowserContext;
  readonly page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      // A connection that is cut on purpose is complained of by the browser itself.
      const expected = /WebSocket connection|net::ERR_|Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !expected) this.complaints.push(message.text());
    });
    page.on('websocket', (ws) => {
      ws.on('framesent', ({ payload }) => this.note(true, payload));
      ws.on('framereceived', ({ payload }) => this.note(false, payload));
    });
  }

  /** @param chosen settings that are not as they come */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}, chosen: object = {}): Promise<Visitor> {
    const context = await browser.newContext({ locale: 'ko-KR', viewport: { width: 1440, height: 900 }, ...options });
    // Whoever does not come for the greeting goes without.
    const settings = { greet: false, ...chosen };
    await context.addInitScript((value) => {
      // A blank page has no storage.
      if (!location.protocol.startsWith('http')) return;
      if (localStorage.getItem('avatarforge.settings') === null) localStorage.setItem('avatarforge.settings', value);
    }, JSON.stringify(settings));
    context.setDefaultTimeout(90_000);
    const visitor = new Visitor(context, await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  private note(sent: boolean, payload: string | Buffer) {
    if (typeof payload !== 'string') {
      this.frames.push({ sent, type: 'audio', number: payload.readUInt32BE(4), event: null });
      return;
    }
    const event = JSON.parse(payload) as Record<string, unknown>;
    const number = /^event_([0-9]+)$/.exec(String(event.event_id));
    this.frames.push({ sent, type: String(event.type), number: number ? Number(number[1]) : null, event });
  }

  received(type: string): Frame[] {
    return this.frames.filter((frame) => !frame.sent && frame.type === type);
  }

  sent(type: string): Frame[] {
    return this.frames.filter((frame) => frame.sent && frame.type === type);
  }

  /** The numbers of all frames received, in order. */
  numbers(): number[] {
    return this.frames.filter((frame) => !frame.sent).map((frame) => frame.number ?? -1);
  }

  async pick(index = 0) {
    await this.page.getByTestId('character').nth(index).click();
    await this.page.locator('[data-status=open]').waitFor();
  }

  async say(text: string) {
    const input = this.page.getByRole('textbox');
    await input.fill(text);
    await input.press('Enter');
  }

  /** Waits until the last answer has been given and heard. */
  async silence() {
    await this.page.waitForFunction(
      () =>
        document.querySelector('[data-testid=stop]') === null &&
        document.querySelector('[data-testid=thinking]') === null &&
        (window.__player?.state ?? 'idle') === 'idle',
      undefined,
      { timeout: 120_000 },
    );
  }

  player() {
    return this.page.evaluate(() => window.__player!);
  }

  text(role: 'user' | 'assistant') {
    return this.page.locator(`[data-role=${role}] [data-testid=said]`).allInnerTexts();
  }

  /** What axe-core finds wrong with the page as it stands. */
  async accessibility(): Promise<string[]> {
    // Evaluated rather than added as an element: the page's policy lets in no script but its own.
    await this.page.evaluate(axeSource);
    // What is still fading in has less contrast than it will have; what moves for ever is judged as it is.
    await this.page.evaluate(async () => {
      const passing = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(passing.map((animation) => animation.finished));
    });
    const { violations } = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  }

  async shot(name: string) {
    await this.page.screenshot({ path: join(screenshots, `${name}.png`) });
  }
}
