import { createJiti } from 'jiti';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plugNPlay } from '../../src/worker/plug-n-play.js';

const test = suite("Plug'n'Play");
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shoal-pnp-')));
const task = join(folder, 'task.ts');
const yarn = nodeModule as { findPnpApi?: unknown };

test.before(() => {
  writeFileSync(join(folder, 'zipped.js'), 'export const a = 1, b = 2;');
  writeFileSync(join(folder, 'part.ts'), "export { b } from '@of/package/part';");
  writeFileSync(
    task,
    `import { a } from 'package';
    import { b } from './part.js';
    import { sep } from 'node:path';
    const lazy = await import('package/lazy');
    const absent = await import('absent').catch((error: Error) => error.message);
    export default [a, b, sep, lazy.a, absent, "import 'package'"];`,
  );
});
test.after(() => rmSync(folder, { recursive: true }));
test.after.each(() => {
  delete yarn.findPnpApi;
});

const asked: string[] = [];

/** A table that has all packages but one, in one file. */
function resolveRequest(specifier: string, file: string, options: { conditions: Set<string> }): string | null {
  if (specifier.startsWith('node:')) return null;
  asked.push(`${specifier} of ${file.slice(folder.length + 1)} by ${[...options.conditions].join()}`);
  if (specifier === 'absent') throw new Error('not in the table');
  return join(folder, 'zipped.js');
}

test('without a table nothing is told to the loader', () => {
  assert.is(plugNPlay(task), undefined);
  yarn.findPnpApi = () => null;
  assert.is(plugNPlay(task), undefined);
});

test('packages that a task and its files import are those of the table', async () => {
  yarn.findPnpApi = () => ({ resolveRequest });
  const loader = createJiti(import.meta.url, plugNPlay(task));
  const [a, b, sep, lazy, absent, text] = await loader.import<unknown[]>(task, { default: true });
  assert.equal([a, b, sep, lazy, text], [1, 2, '/', 1, "import 'package'"]);
  assert.match(String(absent), "Cannot find module 'absent'");
  const by = 'by node,import,module-sync';
  assert.equal(asked.sort(), [
    `@of/package/part of part.ts ${by}`,
    `absent of task.ts ${by}`,
    `package of task.ts ${by}`,
    `package/lazy of task.ts ${by}`,
  ]);
});

test.run();
