/**
 * Finds or starts the servers that the end-to-end tests talk to:
 * - `AVATARFORGE_URL` (and `AVATARFORGE_TLS_URL` for stock Realtime clients, which insist on WSS): running servers;
 * - else `bin/avatarforge`, if it has been built, with its demo model and voice;
 * - else, or with `AVATARFORGE_FAKE=1`, the fake server.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { binary, startBinary, stop } from './binary.ts';
import { FakeServer } from './fake-server.ts';
import { CLIENT, LoginProvider } from './oidc.ts';
import { WORKERS } from './workers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the servers, one for each worker, or one for all. */
    urls: string[];
    /** Empty where there is none. */
    tlsUrl: string;
    fake: boolean;
    /** Whether one can log in, at a provider of the tests' own. */
    login: boolean;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.AVATARFORGE_URL;
  if (given !== undefined) {
    project.provide('urls', [given]);
    project.provide('tlsUrl', process.env.AVATARFORGE_TLS_URL ?? '');
    project.provide('fake', false);
    project.provide('login', false);
    return async () => undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'avatarforge-e2e-'));
  if (process.env.AVATARFORGE_FAKE !== '1' && existsSync(binary)) {
    const provider = await LoginProvider.start();
    const login = ['--google-client-id', CLIENT.id, '--google-client-secret', CLIENT.secret, '--oidc-issuer-url', provider.url];
    const starting = [
      startBinary(join(folder, 'tls'), ['--tls-self-signed']),
      ...Array.from({ length: WORKERS }, (_, i) => startBinary(join(folder, `plain-${i}`), login)),
    ];
    const end = async () => {
      const started = await Promise.allSettled(starting);
      await Promise.all(started.map((server) => (server.status === 'fulfilled' ? stop(server.value.process) : undefined)));
      await provider.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    const [tls, ...plain] = await Promise.all(starting).catch(async (error: unknown) => {
      await end();
      throw error;
    });
    project.provide('urls', plain.map(({ url }) => url));
    project.provide('tlsUrl', tls!.url);
    project.provide('fake', false);
    project.provide('login', true);
    return end;
  }
  const plain = await FakeServer.start();
  const tls = await FakeServer.start({ tls: certificate(folder) });
  project.provide('urls', [plain.url]);
  project.provide('tlsUrl', tls.url);
  project.provide('fake', true);
  project.provide('login', false);
  return async () => {
    await Promise.all([plain.stop(), tls.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
}

function certificate(folder: string): { key: string; cert: string } {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
      '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    { stdio: 'pipe' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
