import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program, where it has been built. */
export const binary = fileURLToPath(new URL('../../bin/avatarforge', import.meta.url));

/** Starts the program on a free port and waits for the line in which it says its address. */
export function startBinary(dataDir: string, flags: string[]): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(
    binary,
    ['serve', '--listen-addr', '127.0.0.1:0', '--data-dir', dataDir, '--llm-service', 'demo', '--tts-service', 'demo', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      // The demo model and voice say their addresses too.
      const url = /Avatar Forge is at (https?:\/\/127\.0\.0\.1:[0-9]+)/.exec(output)?.[1];
      if (url !== undefined) resolve({ url, process: child });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new Error(`avatarforge ended with ${code} before it said its address:\n${output}`)));
    child.on('error', reject);
  });
}

/** Ends it, and waits until it has ended. */
export function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.removeAllListeners('exit');
    child.on('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
