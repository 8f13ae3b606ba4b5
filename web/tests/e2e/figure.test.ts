import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validateBytes } from 'gltf-validator';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { screenshots } from './browser.ts';
import { bust, child } from './portraits.ts';
import { url } from '../server.ts';

/** The viewer, with three.js in it, as its package ships it. */
const viewer = fileURLToPath(new URL('../../node_modules/@google/model-viewer/dist/model-viewer.min.js', import.meta.url));

const page = `<!doctype html><style>body { margin: 0 } model-viewer { width: 360px; height: 480px }</style>
<script type="module" src="/viewer.js"></script>
<model-viewer id="viewer" loading="eager" interaction-prompt="none" field-of-view="10deg"></model-viewer>`;

let browser: Browser;
let server: Server;
let address: string;
let model: Uint8Array;

beforeAll(async () => {
  // In software, since there may be no GPU.
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
  });
  server = createServer((request, response) => {
    if (request.url === '/viewer.js') response.setHeader('content-type', 'text/javascript').end(readFileSync(viewer));
    else if (request.url === '/model.glb') response.setHeader('content-type', 'model/gltf-binary').end(model);
    else response.setHeader('content-type', 'text/html').end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
});

interface Portrait {
  width: number;
  height: number;
  svg: string;
}

/** Draws a portrait as the browser does. */
async function draw({ width, height, svg }: Portrait, type: 'png' | 'jpeg', transparent: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const sheet = await browser.newPage({ viewport: { width, height } });
  await sheet.setContent(`<style>body { margin: 0; background: ${transparent ? 'transparent' : '#fff'} } svg { display: block }</style>${svg}`);
  const picture = await sheet.screenshot({ type, omitBackground: transparent, timeout: 120_000 });
  await sheet.close();
  return new Uint8Array(picture);
}

interface Status {
  status: string;
  progress: number;
  result_url: string | null;
  error: string | null;
}

/** Has the server make a figure, following it by its events. */
async function make(picture: Uint8Array<ArrayBuffer>, type: string): Promise<Uint8Array> {
  const form = new FormData();
  form.set('image', new Blob([picture], { type }), 'portrait');
  form.set('options', JSON.stringify({ triangles: 20_000 }));
  const started = await fetch(`${url}/api/generate`, { method: 'POST', body: form });
  const { data } = (await started.json()) as { data: { job_id: string } };
  expect(started.status, 'it is accepted').toBe(202);
  const events = await (await fetch(`${url}/api/generate/events/${data.job_id}`)).text();
  const seen = [...events.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!) as Status);
  const last = seen.at(-1)!;
  expect(last, 'the last event is the end').toMatchObject({ status: 'completed', progress: 100, error: null });
  return new Uint8Array(await (await fetch(`${url}${last.result_url}`)).arrayBuffer());
}

/** Renders the model from some sides, each a PNG with a transparent background. */
async function render(name: string, sides: Record<string, string>): Promise<Record<string, string>> {
  const stage = await browser.newPage({ viewport: { width: 360, height: 480 } });
  const failures: string[] = [];
  stage.on('pageerror', (error) => failures.push(String(error)));
  await stage.goto(address);
  const shots = await stage.evaluate(async (orbits) => {
    type Viewer = HTMLElement & { src: string; cameraOrbit: string; updateComplete: Promise<void>; jumpCameraToGoal(): void; toDataURL(): string };
    await customElements.whenDefined('model-viewer');
    const view = document.getElementById('viewer') as unknown as Viewer;
    await new Promise((resolve, reject) => {
      view.addEventListener('load', resolve);
      view.addEventListener('error', (event) => reject(new Error(JSON.stringify((event as unknown as CustomEvent).detail))));
      view.src = '/model.glb';
    });
    const taken: Record<string, string> = {};
    for (const [side, orbit] of Object.entries(orbits)) {
      view.cameraOrbit = orbit;
      await view.updateComplete;
      view.jumpCameraToGoal();
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      taken[side] = view.toDataURL();
    }
    return taken;
  }, sides);
  await stage.close();
  expect(failures, 'the viewer complains of nothing').toEqual([]);
  for (const [side, data] of Object.entries(shots)) {
    writeFileSync(join(screenshots, `figure-${name}-${side}.png`), Buffer.from(data.split(',')[1]!, 'base64'));
  }
  return shots;
}

interface Likeness {
  /** How much of both shapes, laid over each other, is in both: 0 to 1. */
  overlap: number;
  /** By how much colours differ on average where both are, 0 to 255. */
  difference: number;
}

/**
 * Lays what is seen of a model over the picture, both cut to what is in them, and compares. Of the picture, what is like its
 * upper left corner is background.
 */
async function compare(shot: string, picture: Uint8Array, type: string): Promise<Likeness> {
  const sheet = await browser.newPage();
  const likeness = await sheet.evaluate(
    async ([a, b]) => {
      async function pixels(source: string, transparent: boolean) {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.width, image.height];
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        const all = context.getImageData(0, 0, image.width, image.height).data;
        const corner = [all[0]!, all[1]!, all[2]!];
        const box = { left: image.width, top: image.height, right: 0, bottom: 0 };
        const solid = (i: number) =>
          transparent ? all[i + 3]! > 128 : Math.max(...corner.map((c, k) => Math.abs(all[i + k]! - c))) > 39;
        for (let y = 0; y < image.height; y++) {
          for (let x = 0; x < image.width; x++) {
            if (!solid((y * image.width + x) * 4)) continue;
            box.left = Math.min(box.left, x);
            box.right = Math.max(box.right, x + 1);
            box.top = Math.min(box.top, y);
            box.bottom = Math.max(box.bottom, y + 1);
          }
        }
        return {
          at(u: number, v: number): number[] | null {
            const x = Math.floor(box.left + u * (box.right - box.left));
            const y = Math.floor(box.top + v * (box.bottom - box.top));
            const i = (y * image.width + x) * 4;
            return solid(i) ? [all[i]!, all[i + 1]!, all[i + 2]!] : null;
          },
        };
      }
      const seen = await pixels(a!, true);
      const drawn = await pixels(b!, b!.startsWith('data:image/png'));
      let both = 0;
      let either = 0;
      let off = 0;
      for (let v = 0.002; v < 1; v += 0.004) {
        for (let u = 0.002; u < 1; u += 0.004) {
          const p = seen.at(u, v);
          const q = drawn.at(u, v);
          if (p || q) either++;
          if (!p || !q) continue;
          both++;
          off += (Math.abs(p[0]! - q[0]!) + Math.abs(p[1]! - q[1]!) + Math.abs(p[2]! - q[2]!)) / 3;
        }
      }
      return { overlap: both / either, difference: off / both };
    },
    [shot, `data:${type};base64,${Buffer.from(picture).toString('base64')}`],
  );
  await sheet.close();
  return likeness;
}

describe.skipIf(inject('fake'))('a figure', () => {
  const sides = { front: '0deg 90deg auto', aslant: '35deg 80deg auto', side: '90deg 90deg auto', back: '180deg 90deg auto' };
  for (const { name, portrait, type, transparent } of [
    { name: 'bust', portrait: bust, type: 'jpeg', transparent: false },
    { name: 'child', portrait: child, type: 'png', transparent: true },
  ] as const) {
    it(`${name}: is a valid model that looks like its picture`, { timeout: 300_000 }, async () => {
      const picture = await draw(portrait, type, transparent);
      model = await make(picture, `image/${type}`);
      const { issues, info } = await validateBytes(model);
      expect(issues.messages.filter(({ severity }) => severity < 2), 'neither errors nor warnings').toEqual([]);
      expect(info.totalTriangleCount, 'within its budget').toBeLessThanOrEqual(20_000);
      const shots = await render(name, sides);
      console.log(`${name}: screenshots in ${screenshots}`);
      const front = await compare(shots.front!, picture, `image/${type}`);
      expect(front.overlap, 'seen from the front it has the shape of the picture').toBeGreaterThan(0.95);
      expect(front.difference, 'and its colours').toBeLessThan(24);
      const back = await compare(shots.back!, picture, `image/${type}`);
      expect(back.difference, 'it has no second face on its back').toBeGreaterThan(front.difference + 8);
    });
  }
});
