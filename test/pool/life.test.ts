import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launch } from 'shoal';
import { mustRun, root } from '../support/spawn.js';

const test = suite('life of a process');
const drivers = fileURLToPath(new URL('../../../fixtures/drivers', import.meta.url));
const drive = (name: string): string[] =>
  mustRun(process.execPath, [join(drivers, name)], root)
    .split('\n')
    .filter((line) => line !== '')
    .sort();

test('an idle pool does not keep its process alive', () => {
  assert.equal(drive('idle.mjs'), ['idle', 't1/0 | sum 3 after 1', 't1/1 | sum 3 after 1']);
});

test('a queued or running task keeps it alive', () => {
  const lines = ['t1/0 | sum 3 after 300', 't1/1 | sum 3 after 300', 't2/0 | sum 3 after 1', 't2/1 | sum 3 after 1'];
  assert.equal(drive('busy.mjs'), lines);
});

test('a failure that nobody asked for is an event and no unhandled rejection', () => {
  assert.equal(drive('failing.mjs'), ['ERR_SHOAL_EXPORT_NOT_FOUND']);
});

test('two copies of the package in one thread share the task, and errors of one are known to the other', async () => {
  const copy = join(root, 'test/.build/copy');
  cpSync(join(root, 'dist'), copy, { recursive: true });
  const pool = await launch({ workers: 2 });
  const tasks = new URL('./tasks/copies.js', import.meta.url);
  const results = await pool.run(tasks, { workers: 2, args: [pathToFileURL(copy).href] });
  const invalid = 'ERR_SHOAL_INVALID_ARGUMENT true true false';
  assert.equal(results, Array(2).fill({ same: false, sum: 2, rank: true, invalid, launch: 'ERR_SHOAL_UNSUPPORTED' }));
  await pool.close();
  rmSync(copy, { recursive: true });
});

test('many pools one after another, and tasks after tasks, leave nothing behind', async () => {
  const tasks = new URL('./tasks/misc.js', import.meta.url);
  for (let round = 0; round < 5; round++) {
    const pool = await launch({ workers: 3 });
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 3) + 1);
    const handles = sizes.map((workers) => pool.submit(tasks, { workers, args: [1000] }));
    const results = await Promise.all(handles.map((handle) => handle.result()));
    results.forEach((result, i) => assert.is(result.length, sizes[i]));
    const { queued, running, workers } = pool.status();
    assert.equal([queued, running, workers.every(({ state }) => state === 'idle')], [0, 0, true]);
    await pool.close();
  }
});

test.run();
