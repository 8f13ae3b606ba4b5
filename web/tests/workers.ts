/** How many files of tests run at once, each with a browser and a server of its own. */
export const WORKERS = 2;
