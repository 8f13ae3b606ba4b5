import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { url } from '../server.ts';

const sample = fileURLToPath(new URL('./sample.ts', import.meta.url));

/** Compiles programs against generated types, as strictly as our own code is; what is wrong with each. */
function compile(folder: string, sources: string[]): string[][] {
  const files = sources.map((source, i) => {
    const file = join(folder, `sample-${i}.ts`);
    writeFileSync(file, source);
    return file;
  });
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  return files.map((file) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
}

// The fake server has no API to describe.
describe.skipIf(inject('fake'))('the description of the API', () => {
  let document: OpenAPI3;
  let folder: string;

  beforeAll(async () => {
    const response = await fetch(`${url}/api/openapi.json`);
    expect(response.headers.get('content-type')).toContain('application/json');
    document = (await response.json()) as OpenAPI3;
    folder = mkdtempSync(join(tmpdir(), 'avatarforge-openapi-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is OpenAPI 3.0, as a public validator sees it', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.0');
  });

  it('is refused by that validator where it is wrong', async () => {
    const broken = structuredClone(document) as unknown as { paths: Record<string, { get: { responses?: unknown } }> };
    delete broken.paths['/api/health']!.get.responses;
    expect((await new Validator().validate(broken as unknown as Record<string, unknown>)).valid).toBe(false);
  });

  it('makes a typed client', async () => {
    writeFileSync(join(folder, 'api.ts'), astToString(await openapiTS(document)));
    const source = readFileSync(sample, 'utf8');
    // The types are narrow: what is not in the description does not compile.
    const mistakes = [
      ['health.data.llm', 'health.data.gpu'],
      ["name: '나만의 캐릭터'", 'name: 7'],
      ["type: 'response.create'", "type: 'response.begin'"],
      ['event.delta', 'event.text'],
    ] as const;
    for (const [right] of mistakes) expect(source).toContain(right);
    const [wrong, ...refused] = compile(folder, [source, ...mistakes.map(([right, mistake]) => source.replace(right, mistake))]);
    expect(wrong).toEqual([]);
    mistakes.forEach(([, mistake], i) => expect(refused[i], mistake).not.toEqual([]));
  }, 120_000);

  it('whose program runs', async () => {
    const { outputText } = ts.transpileModule(readFileSync(sample, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const file = join(folder, 'sample.mjs');
    writeFileSync(file, outputText);
    const { ask } = (await import(pathToFileURL(file).href)) as { ask: (base: string) => Promise<string> };
    expect(await ask(url)).toBe('healthy Gemma 3 27B IT (Default) default');
  });
});
