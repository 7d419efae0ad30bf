/** Examples as their readers run them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { mustRun, root } from './spawn.js';

const jiti = join(root, 'node_modules/jiti/lib/jiti-cli.mjs');

/**
 * Run the command of an example's README in an empty folder, and compare what it prints with the README. There `…`
 * stands for any text of a line.
 *
 * @param figure - What the example writes, and the README shows.
 * @returns The figure as written, and as the README has it.
 */
export function runExample(name: string, figure: string): { written: Buffer; shown: Buffer } {
  const readme = readFileSync(join(root, 'examples', name, 'README.md'), 'utf8');
  assert.match(readme, `npx jiti examples/${name}/main.ts\n`);
  assert.match(readme, `(../../docs/figures/examples/${figure})`);
  const folder = mkdtempSync(join(tmpdir(), 'shoal-example-'));
  try {
    const printed = mustRun(process.execPath, [jiti, join(root, 'examples', name, 'main.ts')], folder);
    assertPrinted(printed, readme);
    return {
      written: readFileSync(join(folder, figure)),
      shown: readFileSync(join(root, 'docs/figures/examples', figure)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compare what a command has printed with the first block `text` of a README. */
export function assertPrinted(printed: string, readme: string): void {
  const says = /```text\n([^]*?)```/.exec(readme)![1]!;
  const parts = says.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  assert.match(printed, new RegExp(`^${parts.join('.*')}$`), `printed\n${printed}\nREADME says\n${says}`);
}
