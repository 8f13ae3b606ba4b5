/** Puts compressed copies beside the built files, which the program sends to browsers that take them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const text = /\.(html|js|css|svg|json|txt|wasm|glb)$/;
/** Below this a copy saves no packet. */
const least = 1024;
/** The last two steps, 10 and 11, take ten times as long for a tenth. */
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 } };

export function compress(): Plugin {
  let folder = '';
  return {
    name: 'compress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !text.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const content = readFileSync(file);
        if (content.length < least) continue;
        for (const [end, copy] of [
          ['br', brotliCompressSync(content, brotli)],
          ['gz', gzipSync(content, { level: 9 })],
        ] as const) {
          if (copy.length < content.length * 0.9) writeFileSync(`${file}.${end}`, copy);
        }
      }
    },
  };
}
