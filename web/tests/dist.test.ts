import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** A script and all that it cannot begin without, by their names below dist. */
function withImports(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const code = readFileSync(join(dist, name), 'utf8');
  // Static imports; what is loaded when it is needed is `import(…)`.
  for (const [, file] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) withImports(join('assets', file!), seen);
  return seen;
}

const weight = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name)), { level: 9 }).length, 0);

describe.runIf(existsSync(join(dist, 'index.html')))('the built page', () => {
  it('begins with less than 150 kB of script, and does without what shows figures', () => {
    const html = readFileSync(join(dist, 'index.html'), 'utf8');
    const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, name]) => name!);
    expect(first.length, 'there are scripts').toBeGreaterThan(0);
    const all = new Set(first.flatMap((name) => [...withImports(name)]));
    expect(weight(all), 'bytes, compressed').toBeLessThan(150_000);
    const code = [...all].map((name) => readFileSync(join(dist, name), 'utf8')).join('');
    expect(code.includes('WebGLRenderer'), 'the viewer comes when a figure is looked at').toBe(false);
  });
});
