/** Makes `<model-viewer>` fit the page: its policy, which lets in neither styles nor code that a script makes, and its accessibility. */
import type { Plugin } from 'vite';

const template = /\/@google\/model-viewer\/lib\/template\.js$/;
const meshopt = 'three/examples/jsm/libs/meshopt_decoder.module.js';

export function viewer(): Plugin {
  return {
    name: 'viewer',
    apply: 'build',
    enforce: 'pre',
    // It begins to compile its WebAssembly when it is loaded, used or not. Nothing here uses it.
    resolveId: (id) => (id === meshopt ? '\0meshopt' : null),
    load: (id) => (id === '\0meshopt' ? 'export const MeshoptDecoder = undefined;' : null),
    transform(code, id) {
      if (!template.test(id)) return null;
      const style = /<style>([^`$\\]*)<\/style>/.exec(code)?.[1];
      const render = 'render(templateResult, shadowRoot);';
      if (style === undefined || !code.includes(render)) {
        throw new Error('this version of model-viewer keeps its styles elsewhere: see viewer.ts');
      }
      // Its style sheet becomes one that the script adopts, as the policy allows. Its buttons for augmented reality are never seen, and
      // would be in the order of the Tab key, before everything else.
      const element = code.replace(`<style>${style}</style>`, '').replaceAll(/\s+tabindex="[1-9]"/g, '');
      const adopted = [
        'const sheet = new CSSStyleSheet();',
        `sheet.replaceSync(${JSON.stringify(style)});`,
        element.replace(render, `${render} shadowRoot.adoptedStyleSheets = [sheet];`),
      ];
      return { code: adopted.join('\n'), map: null };
    },
  };
}
