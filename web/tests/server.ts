import { inject } from 'vitest';

const urls = inject('urls');

/** The server of this worker: nobody else's characters and conversations are on it. */
export const url = urls[(Number(process.env.VITEST_POOL_ID ?? 1) - 1) % urls.length]!;
