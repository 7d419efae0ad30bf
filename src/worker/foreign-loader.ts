/** Whether something that was preloaded loads TypeScript in this thread. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** As projects are written: Node itself, which only strips types, refuses the `enum` and finds no `part.mjs`. */
const files = {
  'part.mts': 'export enum Part { one = 1 }\n',
  'whole.mts': "import { Part } from './part.mjs';\nexport default Part.one;\n",
};
let known: Promise<boolean> | undefined;

/**
 * Try it once: what a preload does is not told by its name. Without a place for the files nothing is known to load
 * them.
 */
export function foreignLoaderWorks(): Promise<boolean> {
  return (known ??= tryIt());
}

async function tryIt(): Promise<boolean> {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'shoal-loader-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { default: one } = (await import(pathToFileURL(join(folder, 'whole.mts')).href)) as { default?: unknown };
    return one === 1;
  } catch {
    return false; // it loads no TypeScript, or there is no room for files
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether Node's arguments or options name a loader that may handle TypeScript. */
export function namesLoader(execArgv: readonly string[]): boolean {
  const words = [...execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return words.some((word) => /^(--import|--loader|--experimental-loader|--require|-r)(=|$)/.test(word));
}
