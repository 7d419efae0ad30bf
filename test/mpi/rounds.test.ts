import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LaunchOptions, Pool } from '../../src/index.js';
import { launch } from '../../src/index.js';
import { ProcessWorkers } from '../../src/launch/process-workers.js';
import { rejectsCode, until } from '../support/check.js';
import { lives } from './left-behind.js';

const test = suite('rounds over MPI');
const tasks = new URL('./tasks/processes.js', import.meta.url);
const window = 4 * 1024 * 1024;
const busyMs = 6_000;

const pids = (pool: Pool): number[] => pool.status().workers.map((worker) => worker.pid);

/** Call `then` once, before the head's next step of this kind is sent to anybody. */
function before(step: 'prepare' | 'go', then: () => void): void {
  const { prototype } = ProcessWorkers;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back and called on its object
  const original = prototype[step] as (...args: unknown[]) => void;
  prototype[step] = function (this: ProcessWorkers, ...args: unknown[]): void {
    prototype[step] = original;
    then();
    original.apply(this, args);
  };
}

for (const family of ['openmpi', 'mpich'] as const) {
  const start = async (workers: number, more: LaunchOptions = {}): Promise<[Pool, string[]]> => {
    const pool = await launch({ workers, mpiexec: `mpiexec.${family}`, window, graceMs: 300, ...more });
    const warnings: string[] = [];
    pool.on('warning', ({ message }) => warnings.push(message));
    return [pool, warnings];
  };

  for (const communicator of ['split', 'create-group'] as const) {
    for (const bytesOver of ['window', 'wire'] as const) {
      test(`${family}: every assignment gets a communicator, new or kept, by ${communicator}, bytes over the ${bytesOver}`, async () => {
        for (const communicatorCache of [0, 8]) {
          const options = { communicator, communicatorCache, ...(bytesOver === 'wire' && { window: false as const }) };
          const [pool, warnings] = await start(4, options);
          for (let i = 0; i < 10; i++) {
            const runs = [2, 2, 3, 1].map((workers) => pool.run(tasks, { workers }));
            assert.equal(await Promise.all(runs), [[3, 3], [3, 3], [6, 6, 6], [1]]);
          }
          const { splits, cacheHits, rounds } = pool.status();
          assert.is(splits + cacheHits, 30, 'a task of one rank needs none');
          assert.ok(communicatorCache === 0 ? cacheHits === 0 : cacheHits > 15, `${cacheHits} were kept`);
          assert.ok(rounds <= splits, `${rounds} rounds for ${splits} communicators`);
          assert.equal(warnings, []);
          await pool.close();
        }
      });
    }
  }

  for (const neighbour of ['spin', 'hammer'] as const) {
    test(`${family}: a neighbour that does nothing but ${neighbour} holds up nobody's split`, async () => {
      const [pool, warnings] = await start(4, { communicatorCache: 0 });
      const busy = pool.submit(tasks, { export: neighbour, args: [busyMs] });
      for (let i = 0; i < 10; i++) assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
      assert.is(busy.state, 'running', 'the others did not wait for it');
      assert.equal([pool.status().splits, warnings], [10, []]);
      await pool.close({ force: true });
    });
  }

  test(`${family}: an idle worker that is stopped is put aside, tasks on the others run`, async () => {
    const [pool, warnings] = await start(4, { roundTimeoutMs: 500 });
    const known = pids(pool);
    process.kill(known[3]!, 'SIGSTOP');
    assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
    assert.match(warnings.join(), 'worker 3 did not answer round 1');
    assert.equal(await pool.run(tasks, { workers: 4 }), [10, 10, 10, 10], 'it is replaced');
    assert.is(pool.status().epoch, 2);
    await pool.close();
    assert.equal(known.filter(lives), []);
  });

  test(`${family}: by create-group nobody asks an idle worker that is stopped`, async () => {
    const [pool, warnings] = await start(3, { communicator: 'create-group', roundTimeoutMs: 500 });
    const [, , last] = pids(pool);
    process.kill(last!, 'SIGSTOP');
    assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
    process.kill(last!, 'SIGCONT');
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    assert.equal([pool.status().epoch, warnings], [1, []]);
    await pool.close();
  });

  for (const step of ['prepare', 'go'] as const) {
    for (const [who, victim] of [
      ['a member', 1],
      ['an idle worker', 3],
    ] as const) {
      test(`${family}: ${who} is killed before ${step} reaches it: the task runs`, async () => {
        const [pool] = await start(4);
        const known = pids(pool);
        before(step, () => process.kill(known[victim]!, 'SIGKILL'));
        assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
        assert.equal(await pool.run(tasks, { workers: 4 }), [10, 10, 10, 10]);
        await pool.close();
        assert.equal([...known, ...pids(pool)].filter(lives), []);
      });
    }
  }

  test(`${family}: a worker killed between go and done ends the epoch: what runs fails, what forms runs again`, async () => {
    const [pool, warnings] = await start(4, { roundTimeoutMs: 2_000 });
    const known = pids(pool);
    const sleeping = pool.submit(tasks, { export: 'sleep', args: [60_000] });
    const slept = rejectsCode(sleeping.result(), 'WORKER_DIED');
    await until(() => sleeping.state === 'running');
    before('go', () => process.kill(known[3]!, 'SIGKILL'));
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    await slept;
    if (family === 'openmpi') assert.match(warnings.join(), 'all processes are started again');
    assert.is(pool.status().epoch, 2);
    await pool.close();
    assert.equal([...known, ...pids(pool)].filter(lives), []);
  });

  for (const how of ['cancelled', 'late'] as const) {
    test(`${family}: a task that is ${how} while its communicator is made ends at once`, async () => {
      const [pool] = await start(3, { roundTimeoutMs: 1_000 });
      process.kill(pids(pool)[2]!, 'SIGSTOP');
      const forming = pool.submit(tasks, { workers: 2, ...(how === 'late' && { timeoutMs: 100 }) });
      if (how === 'cancelled') forming.cancel();
      await rejectsCode(forming.result(), how === 'late' ? 'TASK_TIMEOUT' : 'CANCELLED');
      assert.is(pool.status().rounds, 0, 'the round was not over');
      assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
      await pool.close();
    });
  }
}

test.run();
