import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { drawingOf } from '../chat/character.ts';

const presets = fileURLToPath(new URL('../../../configs/characters/', import.meta.url));
const files = (path: string) => fileURLToPath(new URL(`../../public${path}`, import.meta.url));

describe.each(readdirSync(presets).filter((name) => name.endsWith('.json')))('the portrait of %s', (name) => {
  const { image_url } = JSON.parse(readFileSync(presets + name, 'utf8')) as { image_url: string };

  it('is there, as a picture and as a drawing', () => {
    expect(existsSync(files(image_url))).toBe(true);
    expect(existsSync(files(drawingOf(image_url)!))).toBe(true);
  });

  it('has a mouth to move, and nothing that the page’s policy refuses', () => {
    const svg = readFileSync(files(drawingOf(image_url)!), 'utf8');
    for (const part of ['open', 'closed', 'eyes', 'head']) expect(svg, part).toContain(`data-part="${part}"`);
    expect(svg).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=|href=/);
  });
});
