import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { compress } from './compress.ts';
import { docsPages } from './docs/build.ts';
import { viewer } from './viewer.ts';

const backend = process.env.AVATARFORGE_URL ?? 'http://127.0.0.1:8000';

/**
 * The Go program embeds web/dist, so the folder has to be in a fresh clone, where nothing is built yet: .gitkeep holds it open.
 * A build empties the folder first and this puts the file back.
 */
function keepDist(): Plugin {
  return {
    name: 'keep-dist',
    apply: 'build',
    closeBundle() {
      writeFileSync(fileURLToPath(new URL('./dist/.gitkeep', import.meta.url)), '');
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), docsPages(), viewer(), keepDist(), compress()],
  build: {
    target: 'es2022',
    emptyOutDir: true,
    // The page's Content-Security-Policy is `default-src 'self'`: an asset inlined as a data: URL would be refused.
    assetsInlineLimit: 0,
    // The viewer of figures is larger than that, and comes when one is looked at.
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': backend,
      '/v1': { target: backend, ws: true },
      '/images': backend,
      '/docs': backend,
      '/redoc': backend,
    },
  },
});
