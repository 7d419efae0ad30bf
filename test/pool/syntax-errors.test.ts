import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, TaskFailedError } from 'shoal';
import { launch } from 'shoal';
import { rejectsCode } from '../support/check.js';
import { SourceFolder } from '../support/source-folder.js';

const test = suite('errors of syntax in a module of a task, and in what it imports');
const sources = new SourceFolder();
const { path: folder, file } = sources;
let pool: Pool;
test.before(async () => {
  pool = await launch({ workers: 1 });
});
test.after(async () => {
  await pool.close();
  sources.remove();
});

/** The task's failure says where: `place` as file:line:column. */
async function fails(module: string, place: string, what: RegExp): Promise<void> {
  const error = (await rejectsCode(pool.run(module), 'TASK_FAILED')) as TaskFailedError;
  const { cause } = error as { cause?: unknown };
  assert.instance(cause, SyntaxError);
  assert.ok(error.message.includes(`SyntaxError: ${join(folder, place)}: `), error.message);
  assert.match(error.message, what);
  assert.ok((cause as Error).stack?.includes(`\n    at ${join(folder, place)}`), (cause as Error).stack);
}

file('good.mjs', 'export const good = 1;\n');
const wrong = file(
  'wrong.mjs',
  "import { good } from './good.mjs';\n\nexport default () => { const const = good; };\n",
);
const middle = file('middle.mjs', "import './good.mjs';\nexport { default } from './wrong.mjs';\n");
const typescript = file('task.ts', 'type A = number;\n\nexport default (): A => 1 +;\n');
const common = file('common.cjs', 'const x = 1;\nmodule.exports = () => {\n  const const = x;\n};\n');

test('an ES module', async () => {
  await fails(wrong, 'wrong.mjs:3:30', /Unexpected token 'const'/);
  await fails(middle, 'wrong.mjs:3:30', /Unexpected token 'const'/);
  await fails(file('open.js', 'export default () => {\n  return 1;\n'), 'open.js:3:1', /Unexpected/);
  await fails(file('typed.mjs', 'export default (n: number) => n;\n'), 'typed.mjs:1:18', /Unexpected|missing/);
  await fails(file('lazy.mjs', "await import('./wrong.mjs');\n"), 'wrong.mjs:3:30', /Unexpected token 'const'/);
});

test('an import of what a module does not export', async () => {
  const module = file('bad-import.mjs', "import { good, bad } from './good.mjs';\nexport default () => good + bad;\n");
  await fails(module, 'bad-import.mjs:1:16', /does not provide an export named 'bad'/);
});

test('a CommonJS module', async () => {
  await fails(common, 'common.cjs:3:9', /Unexpected token 'const'/);
  await fails(file('to-common.cjs', "module.exports = require('./common.cjs');\n"), 'common.cjs:3:9', /'const'/);
  await fails(file('to-common.mjs', "export { default } from './common.cjs';\n"), 'common.cjs:3:9', /'const'/);
});

test('a TypeScript module', async () => {
  await fails(typescript, 'task.ts:3:28', /Unexpected token/);
  await fails(file('to-task.ts', "export { default } from './task.js';\n"), 'task.ts:3:28', /Unexpected token/);
  await fails(file('to-wrong.ts', "export { default } from './wrong.mjs';\n"), 'wrong.mjs:3:30', /const/);
});

test('JSON', async () => {
  const attempts: [string, string, string][] = [
    ['word', '{\n  "a": x\n}\n', '2:8'],
    ['comma', '{\n  "a": [1, 2],\n}\n', '3:1'],
    ['open', '{\n  "a": [1,\n', '3:1'],
    ['quotes', "{ 'a': 1 }", '1:3'],
    ['text', '{\n "a": "b\n" }', '2:9'],
    ['more', '{}\n\n{}', '3:1'],
    ['number', '[1.5, -x]', '1:8'],
  ];
  for (const [name, text, place] of attempts) {
    file(`${name}.json`, text);
    const imports = `import data from './${name}.json' with { type: 'json' };\nexport default () => data;\n`;
    const requires = `const data = require('./${name}.json');\nmodule.exports = () => data;\n`;
    await fails(file(`${name}.mjs`, imports), `${name}.json:${place}`, /JSON/);
    await fails(file(`${name}.cjs`, requires), `${name}.json:${place}`, /JSON/);
  }
});

test('an error that is none of the syntax of a module stays what it is', async () => {
  const module = file('own.mjs', "export default () => 1;\nJSON.parse('{x');\n");
  const error = await rejectsCode(pool.run(module), 'TASK_FAILED');
  const { cause } = error as { cause?: unknown };
  assert.instance(cause, SyntaxError);
  assert.match((cause as Error).message, /^Expected property name/);
  assert.match((cause as Error).stack!, 'own.mjs:2');
});

test('where the place cannot be found, the module is named', async () => {
  const module = file('pattern.mjs', 'export default () => /(/;\n');
  const error = await rejectsCode(pool.run(module), 'TASK_FAILED');
  assert.match(
    error.message,
    `Invalid regular expression: /(/: Unterminated group (in ${module}, or in a file that it`,
  );
});

test('what was there of it is not what the next import gets', async () => {
  const warnings: string[] = [];
  const note = ({ message }: { message: string }): number => warnings.push(message);
  pool.on('warning', note);
  const twice = file('twice.mjs', "import { n } from './absent.mjs';\nexport default () => n;\n");
  const error = await rejectsCode(pool.run(twice), 'TASK_FAILED');
  assert.match(error.message, 'absent.mjs');
  file('absent.mjs', 'export const n = 5;\n');
  assert.equal(await pool.run(twice), [5]);
  // Of a CommonJS module whose body threw, an ES module in the same thread would get half.
  file('half.cjs', 'exports.a = 1;\nif (!globalThis.process.env.HALF) throw new Error("half");\n');
  for (const name of ['half.mjs', 'other-half.mjs']) {
    const module = file(name, "import half from './half.cjs';\nexport default () => half;\n");
    assert.match((await rejectsCode(pool.run(module), 'TASK_FAILED')).message, 'half');
  }
  pool.off('warning', note);
  assert.equal(warnings, []);
});

test.run();
