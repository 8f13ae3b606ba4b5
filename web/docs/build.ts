/**
 * Builds the pages that describe the API: Swagger UI, Redoc, and the protocol of the WebSocket from docs/protocol.md. Their files come
 * from node_modules and are loaded by these pages alone; the chat page carries nothing of them.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Marked } from 'marked';
import type { Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const packages = here('../node_modules/');
const read = (path: string) => readFileSync(path, 'utf8');

const links = `<nav class="links">
  <a href="/">Avatar Forge</a>
  <a href="/docs">Try the API</a>
  <a href="/redoc">Read the API</a>
  <a href="/docs/realtime">The WebSocket protocol</a>
  <a href="/api/openapi.json">openapi.json</a>
</nav>`;

interface Parts {
  title: string;
  className: string;
  styles: string[];
  scripts?: string[];
  module?: string;
  licences?: string;
  body: string;
}

function html({ title, className, styles, scripts = [], module, licences, body }: Parts): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8" />',
    '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    `<title>${title}</title>`,
    '<link rel="icon" type="image/svg+xml" href="/favicon.svg" />',
    ...(licences === undefined ? [] : [`<link rel="license" href="/${licences}" />`]),
    ...styles.map((file) => `<link rel="stylesheet" href="/${file}" />`),
    ...scripts.map((file) => `<script defer src="/${file}"></script>`),
    ...(module === undefined ? [] : [`<script type="module" src="/${module}"></script>`]),
    '</head>',
    `<body class="${className}">`,
    body,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** Redoc's script, without the picture that it would load from its maker's server. */
function redocScript(): string {
  const script = read(`${packages}redoc/bundles/redoc.standalone.js`).replaceAll(
    'https://cdn.redoc.ly/redoc/logo-mini.svg',
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E",
  );
  if (script.includes('cdn.redoc.ly')) throw new Error('this version of Redoc loads something from elsewhere: take it out in docs/build.ts');
  return script;
}

/** The protocol's text as HTML, its headings with names to link to. */
function protocol(): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        const id = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
    },
  });
  return marked.parse(read(here('../../docs/protocol.md')), { async: false });
}

export function docsPages(): Plugin {
  const chunks = { swagger: '', redoc: '' };
  return {
    name: 'docs-pages',
    apply: 'build',
    buildStart() {
      this.addWatchFile(here('../../docs/protocol.md'));
      chunks.swagger = this.emitFile({ type: 'chunk', id: here('swagger.ts'), name: 'docs-swagger' });
      chunks.redoc = this.emitFile({ type: 'chunk', id: here('redoc.ts'), name: 'docs-redoc' });
    },
    generateBundle() {
      // Their names change with their content, as those of all assets.
      const asset = (name: string, source: string) => this.getFileName(this.emitFile({ type: 'asset', name, source }));
      const page = (name: string, parts: Parts) => this.emitFile({ type: 'asset', fileName: `docs/${name}.html`, source: html(parts) });

      const style = asset('docs.css', read(here('pages.css')));
      page('swagger', {
        title: 'Avatar Forge: the API, to be tried out',
        className: 'swagger',
        styles: [asset('swagger-ui.css', withoutMap(read(`${packages}swagger-ui-dist/swagger-ui.css`))), style],
        scripts: [asset('swagger-ui-bundle.js', withoutMap(read(`${packages}swagger-ui-dist/swagger-ui-bundle.js`)))],
        module: this.getFileName(chunks.swagger),
        licences: asset(
          'swagger-ui-licences.txt',
          ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'].map((file) => read(`${packages}swagger-ui-dist/${file}`)).join('\n'),
        ),
        body: `${links}\n<main id="docs"></main>`,
      });
      page('redoc', {
        title: 'Avatar Forge: the API, to be read',
        className: 'redoc',
        styles: [style],
        scripts: [asset('redoc.standalone.js', withoutMap(redocScript()))],
        module: this.getFileName(chunks.redoc),
        licences: asset(
          'redoc-licences.txt',
          ['LICENSE', 'bundles/redoc.standalone.js.LICENSE.txt'].map((file) => read(`${packages}redoc/${file}`)).join('\n'),
        ),
        body: '<main id="docs"></main>',
      });
      page('realtime', {
        title: 'Avatar Forge: the WebSocket protocol',
        className: 'prose',
        styles: [style],
        body: `${links}\n<main>\n${protocol()}</main>`,
      });
    },
  };
}

/** A file without the name of its source map, which is not served. */
function withoutMap(source: string): string {
  return source.replace(/\n(\/\/#|\/\*#) sourceMappingURL=\S+( \*\/)?\s*$/, '\n');
}
