import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch } from 'shoal';
import { rejectsCode } from '../support/check.js';
import { SourceFolder } from '../support/source-folder.js';

const test = suite('modules that are edited');
const workers = 3;
const sources = new SourceFolder();
let pool: Pool;
let warnings: string[] = [];

test.before(async () => {
  pool = await launch({ workers, graceMs: 200 });
  pool.on('warning', ({ message }) => warnings.push(message));
});
test.before.each(() => {
  warnings = [];
});
test.after(async () => {
  await pool.close({ force: true });
  sources.remove();
});

/** Write a file; returns its URL. */
const write = (name: string, text: string): URL => pathToFileURL(sources.file(name, text));

/** What each rank of a task returns. */
const run = (url: URL, size = workers): Promise<unknown> => pool.run(url, { workers: size });

const kinds: readonly (readonly [what: string, file: string, text: (version: number) => string])[] = [
  ['ES module', 'es/task.mjs', (version) => `export default () => ${version};`],
  [
    'TypeScript',
    'ts/task.ts',
    (version) => `const version: number = ${version}; export default (): number => version;`,
  ],
  ['CommonJS', 'cjs/task.cjs', (version) => `module.exports.default = () => ${version};`],
];
for (const [what, file, text] of kinds) {
  test(`run in their new version on all ranks, warm and cold ones (${what})`, async () => {
    assert.equal(await run(write(file, text(1)), 1), [1]);
    for (const version of [2, 3, 4]) {
      assert.equal(await run(write(file, text(version))), Array(workers).fill(version));
      assert.is(warnings.length, version - 1, warnings.join('\n'));
      assert.match(warnings.at(-1)!, `${file} has changed`);
    }
  });
}

test('an edit of what is imported counts, far down and in every language', async () => {
  write('deep/a.mjs', "import b from './b.json' with { type: 'json' }; export const a = b.value;");
  write('deep/b.json', '{ "value": 1 }');
  const ts = write('deep/task.ts', "import { c } from './c'; export default () => c();");
  write('deep/c.ts', "import { d } from './d.js'; export const c = (): string => `c1 ${d}`;");
  write('deep/d.ts', "export const d: string = 'd1';");
  const data = write('deep/data.mjs', "import { a } from './a.mjs'; export default () => a;");
  assert.equal(await run(ts), Array(workers).fill('c1 d1'));
  assert.equal(await run(data), Array(workers).fill(1));
  write('deep/d.ts', "export const d: string = 'd2';");
  write('deep/b.json', '{ "value": 2 }');
  assert.equal(await run(ts), Array(workers).fill('c1 d2'));
  assert.equal(await run(data), Array(workers).fill(2));
});

test('two modules that share a file are both new after it was edited', async () => {
  const one = write('shared/one.mjs', "import { x } from './x.mjs'; export default () => `one ${x}`;");
  const two = write('shared/two.mjs', "import { x } from './x.mjs'; export default () => `two ${x}`;");
  write('shared/x.mjs', 'export const x = 1;');
  assert.equal([await run(one), await run(two)], [Array(workers).fill('one 1'), Array(workers).fill('two 1')]);
  write('shared/x.mjs', 'export const x = 2;');
  assert.equal([await run(two), await run(one)], [Array(workers).fill('two 2'), Array(workers).fill('one 2')]);
  assert.is(warnings.length, 1, warnings.join('\n'));
});

test('module variables live on while nothing is edited, also when another module is', async () => {
  const count = write('state/count.mjs', 'let n = 0; export default () => ++n;');
  const other = write('state/other.mjs', 'export default () => 0;');
  await run(other);
  for (let i = 1; i <= 5; i++) assert.equal(await run(count), Array(workers).fill(i));
  // The same text again is no edit.
  write('state/count.mjs', 'let n = 0; export default () => ++n;');
  assert.equal(await run(count), Array(workers).fill(6));
  assert.equal(warnings, []);
});

test('an error of syntax is told, the pool goes on, and what mends it runs', async () => {
  const url = write('broken/task.mjs', 'export default () => 1;');
  assert.equal(await run(url), Array(workers).fill(1));
  write('broken/task.mjs', 'export default () => ;');
  const error = await rejectsCode(run(url), 'TASK_FAILED');
  assert.match(error.message, /task\.mjs:1/);
  write('broken/task.mjs', 'export default () => 3;');
  assert.equal(await run(url), Array(workers).fill(3));
});

test("files of node_modules are not looked at, and nothing is with reload: 'never'", async () => {
  const installed = write('node_modules/part/index.mjs', 'export default () => 1;');
  const url = write('never/task.mjs', 'export default () => 1;');
  assert.equal(await run(installed), Array(workers).fill(1));
  write('node_modules/part/index.mjs', 'export default () => 2;');
  assert.equal(await run(installed), Array(workers).fill(1));
  const old = await launch({ workers: 1, reload: 'never' });
  assert.equal(await old.run(url), [1]);
  write('never/task.mjs', 'export default () => 2;');
  assert.equal(await old.run(url), [1]);
  assert.equal(await old.run(url, { fresh: true }), [2]);
  await old.close();
});

test('an edit between the attempts of a task is seen', async () => {
  // The first attempt edits its own module and runs out of memory, which is tried again.
  const second = 'export default () => 2;';
  const url = write(
    'again/task.mjs',
    `import { writeFileSync } from 'node:fs';
     export default () => {
       writeFileSync(${JSON.stringify(join(sources.path, 'again/task.mjs'))}, ${JSON.stringify(second)});
       const held = [];
       for (;;) held.push(new Array(1e6).fill(1.5));
     };`,
  );
  const own = await launch({ workers: 1, resourceLimits: { maxOldGenerationSizeMb: 64 } });
  assert.equal(await own.run(url, { maxRetries: 1 }), [2]);
  await own.close();
});

test.run();
