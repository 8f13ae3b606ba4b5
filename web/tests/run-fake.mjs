// Serves the built page with the fake server, for looking at it: `npm run build && npm run fake`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('./fake-server.ts', import.meta.url)));
const server = await module.FakeServer.start({ port: Number(process.env.PORT ?? 8000) });
console.log(`fake server at ${server.url}`);
