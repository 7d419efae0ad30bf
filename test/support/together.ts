/** `node together.js <folder>`: runs all test files of a compiled folder in one process, over one world. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// uvu reads these when it is loaded: nothing runs before `exec`, and each file has a place in the queue.
const uvu = globalThis as unknown as { UVU_DEFER: number; UVU_INDEX: number; UVU_QUEUE: unknown[][] };
uvu.UVU_DEFER = 1;
uvu.UVU_QUEUE = [];
const { exec } = await import('uvu');
const { closeWorld } = await import('./world.js');

const folder = process.argv[2]!;
const files = readdirSync(folder).filter((file) => file.endsWith('.test.js'));
for (const [index, file] of files.entries()) {
  uvu.UVU_QUEUE.push([file]);
  uvu.UVU_INDEX = index;
  await import(pathToFileURL(join(folder, file)).href);
}
await exec();
await closeWorld();
