import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveModule, taskModule } from '../../src/driver/task-module.js';
import { throwsCode } from '../support/check.js';
import { root } from '../support/spawn.js';

const test = suite('task modules');
const folder = mkdtempSync(join(tmpdir(), 'task modules-'));
const url = (name: string): string => pathToFileURL(join(folder, name)).href;
for (const name of [
  'built.js',
  'source.ts',
  'both.js',
  'both.ts',
  'm.mjs',
  'c.cjs',
  'mt.mts',
  'ct.cts',
  'x.jsx',
  'ts',
]) {
  writeFileSync(join(folder, name), 'export default () => 0;');
}
test.after(() => rmSync(folder, { recursive: true }));

const found: readonly (readonly [given: string, used: string])[] = [
  ['built.ts', 'built.js'],
  ['built.js', 'built.js'],
  ['source.js', 'source.ts'],
  ['both.ts', 'both.ts'],
  ['both.js', 'both.js'],
  ['m.mts', 'm.mjs'],
  ['c.cts', 'c.cjs'],
  ['mt.mjs', 'mt.mts'],
  ['ct.cjs', 'ct.cts'],
  ['x.jsx', 'x.jsx'],
];
for (const [given, used] of found) {
  test(`${given} is ${used}, as a URL, text or path`, () => {
    for (const form of [new URL(url(given)), url(given), join(folder, given), { url: url(given) }]) {
      assert.is(resolveModule('run', form), url(used));
    }
    assert.is(taskModule(`${url(given)}?v=1#x`).url, `${url(used)}?v=1#x`);
  });
}

for (const name of ['built.mts', 'built.tsx', 'built', 'm.js', 'm.cts', 'absent.ts', '.ts', 'ts.js']) {
  test(`${name} is nowhere`, () => {
    const { message } = throwsCode(() => taskModule(url(name)), 'MODULE_NOT_FOUND');
    assert.match(message, `no module at ${join(folder, name)}`);
  });
}

test('the error names both places', () => {
  const { message } = throwsCode(() => taskModule(url('absent.ts')), 'MODULE_NOT_FOUND');
  assert.match(message, `no module at ${join(folder, 'absent.ts')}, nor at ${join(folder, 'absent.js')}`);
});

test('with SHOAL_DEBUG=1 standard error says it once, and without it nothing', () => {
  const script = `
    import { taskModule } from 'shoal';
    for (let i = 0; i < 2; i++) taskModule(process.argv[1]);`;
  const run = (debug: string): string => {
    const env = { ...process.env, SHOAL_DEBUG: debug };
    const args = ['--input-type=module', '--eval', script, url('built.ts')];
    const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root, env });
    assert.is(status, 0, stderr);
    return stderr;
  };
  assert.is(run('0'), '');
  const text = `shoal: taskModule: no module at ${join(folder, 'built.ts')}; ${join(folder, 'built.js')} is used\n`;
  assert.is(run('1'), text);
});

test.run();
