import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launch } from 'shoal';
import { rejectsCode } from '../support/check.js';
import { SourceFolder } from '../support/source-folder.js';

const test = suite('modules and arguments of the driver');
const sources = new SourceFolder();
const { path: folder, file } = sources;
const shoal = JSON.stringify(import.meta.resolve('shoal'));
test.after(() => sources.remove());

const compiled = file(
  'compiled.cjs',
  'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = (n) => 2 * n; exports.half = (n) => n / 2;',
);
const dynamic = file(
  'dynamic.cjs',
  'module.exports = Object.assign({}, { default: (n) => 2 * n, half: (n) => n / 2 });',
);
const single = file('single.cjs', 'module.exports = (n) => 2 * n;');
const typescript = file('task.ts', 'enum Unit { One = 1 }\nexport default (n: number): number => n + Unit.One;\n');
const preload = file('empty.cjs', '');

test('functions of CommonJS modules are found, also of those compiled from export default', async () => {
  const pool = await launch({ workers: 1 });
  for (const module of [compiled, dynamic, single]) assert.equal(await pool.run(module, { args: [4] }), [8], module);
  for (const module of [compiled, dynamic]) assert.equal(await pool.run(module, { args: [4], export: 'half' }), [2]);
  const error = await rejectsCode(pool.run(compiled, { export: 'absent' }), 'EXPORT_NOT_FOUND');
  assert.match(error.message, '"half"');
  await pool.close();
});

const driver = (task: string): string => `
  import { launch } from ${shoal};
  const pool = await launch({ workers: 1 });
  console.log('result', ...(await pool.run(${JSON.stringify(task)}, { args: [4] })));
  await pool.close();`;

/** Runs a driver; it must print its result once. */
function drives(args: readonly string[], input: string, result: number, env: NodeJS.ProcessEnv = {}): void {
  const options = { input, cwd: folder, encoding: 'utf8' as const, timeout: 60_000, env: { ...process.env, ...env } };
  const { stdout, stderr, status } = spawnSync(process.execPath, args, options);
  assert.is(status, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  assert.equal(stdout.match(/result \d+/g), [`result ${result}`], args.join(' '));
}

test('a driver on the command line or from standard input is not what its workers run', () => {
  drives(['--input-type=module', '-e', driver(compiled)], '', 8);
  drives(['--input-type=module'], driver(compiled), 8);
  drives(['--input-type', 'module', '-'], driver(compiled), 8);
});

test('a driver under the test runner runs tasks', () => {
  const named = file(
    'driver.test.mjs',
    `import test from 'node:test';\ntest('sum', async () => {${driver(compiled).replace(/import .*/, '')}});\n` +
      `import { launch } from ${shoal};\n`,
  );
  drives(['--test-name-pattern', 'sum', named], '', 8);
});

test('whatever is preloaded, tasks in TypeScript load', () => {
  const program = file('driver.mjs', driver(typescript));
  drives([program], '', 5);
  drives(['-r', preload, program], '', 5);
  drives(['--require', preload, `--import=${preload}`, program], '', 5);
  drives([program], '', 5, { NODE_OPTIONS: `--require ${preload}` });
});

test.run();
