/** `pool.share` where the workers are on three nodes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, WindowExhaustedError } from 'shoal';
import { launch } from 'shoal';
import { rejectsCode, until } from '../support/check.js';
import { onNodes } from '../support/on-nodes.js';
import { openStores } from '../support/open-stores.js';
import { files } from './left-behind.js';

const test = suite('shared data on several nodes');
const tasks = new URL('./tasks/processes.js', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'share-'));
const here = hostname();
const full = join(folder, 'full');
const MIB = 2 ** 20;

/** While the file is there, node b has no memory for a store. */
const fullHost = `import { existsSync } from 'node:fs';
  const load = process.dlopen;
  process.dlopen = (module, path, ...rest) => {
    load(module, path, ...rest);
    const { createStore } = module.exports;
    if (!createStore || process.env.SHOAL_NODE !== 'b') return;
    module.exports.createStore = (sizeBytes) => {
      if (existsSync(${JSON.stringify(full)})) throw new Error('memfd_create: no memory');
      return createStore(sizeBytes);
    };
  };`;

for (const family of ['openmpi', 'mpich'] as const) {
  let pool: Pool;
  const managers = (): number[] => pool.status().nodes.map(({ managerPid }) => managerPid);
  /** How many each node manager holds. */
  const stores = (): number[] => managers().map((pid) => openStores(pid));
  const nodes = [here, 'b', 'b', 'c'];
  const data = (count: number) => ({ x: new Float64Array(count).fill(1), name: 'ones' });
  const expected = (count: number) => nodes.map((node) => [node, 'ones', 4 * count, true]);

  test.before(async () => {
    process.env.NODE_OPTIONS = onNodes(folder, { 2: 'b', 3: 'b', 4: 'c' }, fullHost);
  });

  test(`${family}: data lies once on each node, is found by each rank, and goes from all`, async () => {
    const before = files();
    pool = await launch({ mpiexec: `mpiexec.${family}`, workers: 4, graceMs: 300, maxSharedBytes: 64 * MIB });
    const data1 = await pool.share(data(1_000_003));
    const data2 = await pool.share(data(5));
    assert.equal(stores(), [2, 2, 2]);
    assert.equal(await pool.run(tasks, { export: 'found', workers: 4, args: [data1] }), expected(1_000_003));
    const perRankArgs = [[data2], [data1], [data(0)], [data2]];
    const mixed = await pool.run(tasks, { export: 'found', workers: 4, perRankArgs });
    assert.equal(
      mixed.map((each) => (each as unknown[])[2]),
      new Array(4).fill(1_000_013),
    );
    const gang = await pool.gang({ workers: 4 });
    assert.equal(await gang.run(tasks, { export: 'found', args: [data2] }), expected(5));
    await gang.close();
    data1.release();
    await until(() => stores().join() === '1,1,1');
    data2.release();
    await until(() => stores().join() === '0,0,0');
    await rejectsCode(pool.run(tasks, { export: 'found', workers: 4, args: [data1] }), 'CLOSED');

    const error = await rejectsCode(pool.share(data(10 * MIB)), 'WINDOW_EXHAUSTED');
    assert.match(error.message, 'maxSharedBytes');
    writeFileSync(full, '');
    const none = (await rejectsCode(pool.share(data(MIB)), 'WINDOW_EXHAUSTED')) as WindowExhaustedError;
    assert.match(none.message, 'node b cannot hold it: memfd_create: no memory');
    await until(() => stores().join() === '0,0,0');
    rmSync(full);

    // A node manager that takes another's place gets what is there, also while it is shared.
    const kept = await pool.share(data(MIB));
    process.kill(managers()[1]!, 'SIGKILL');
    const meanwhile = await pool.share(data(MIB + 7));
    for (const [each, count] of [
      [kept, MIB],
      [meanwhile, MIB + 7],
    ] as const) {
      const results = await pool.run(tasks, { export: 'found', workers: 4, args: [each], maxRetries: 3 });
      assert.equal(results, expected(count));
    }
    assert.is(pool.status().epoch, 2);
    assert.equal(stores(), [2, 2, 2]);
    meanwhile.release();

    // One that cannot hold it: the pool lives, and tasks that need it there are told.
    const warnings: string[] = [];
    pool.on('warning', ({ message }) => warnings.push(message));
    writeFileSync(full, '');
    process.kill(managers()[1]!, 'SIGKILL');
    await until(() => pool.status().epoch === 3, 20_000);
    const lacking = pool.run(tasks, { export: 'found', workers: 4, args: [kept] });
    const lost = await rejectsCode(lacking, 'REFERENCE_LOST');
    assert.ok([1, 2].includes((lost as unknown as { worldRank: number }).worldRank));
    assert.ok(warnings.some((text) => text.includes('tasks there cannot have all shared data: node b')));
    rmSync(full);
    kept.release();
    using last = await pool.share(data(7));
    assert.equal(await pool.run(tasks, { export: 'found', workers: 4, args: [last] }), expected(7));

    // What is under way when the pool is closed ends with it.
    const late = pool.share(data(4 * MIB)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await pool.close({ force: true });
    const reason = (await late) as { code?: string } | undefined;
    assert.ok(reason === undefined || reason.code === 'ERR_SHOAL_CLOSED');
    assert.is(openStores(), 0);
    assert.equal(files(), before);
  });

  test.after(() => pool.close({ force: true }));
}

test.after(() => {
  delete process.env.NODE_OPTIONS;
  rmSync(folder, { recursive: true, force: true });
});
test.run();
