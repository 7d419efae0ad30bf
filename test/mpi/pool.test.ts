import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, WorkerDiedError } from 'shoal';
import { launch } from 'shoal';
import { usableCores } from '../../src/native/cores.js';
import { rejectsCode, until } from '../support/check.js';
import { files, launcherOf, lives } from './left-behind.js';

const test = suite('a pool of processes');
const tasks = new URL('./tasks/processes.js', import.meta.url);
const window = 4 * 1024 * 1024;
const deadline = 5_000;

const pids = (pool: Pool): number[] => pool.status().workers.map((worker) => worker.pid);

/** Fails when the pool was not told within 5 s. */
async function dies(promise: Promise<unknown>): Promise<WorkerDiedError> {
  const begun = performance.now();
  const error = (await rejectsCode(promise, 'WORKER_DIED')) as WorkerDiedError;
  assert.ok(performance.now() - begun < deadline, `${performance.now() - begun} ms`);
  return error;
}

for (const family of ['openmpi', 'mpich'] as const) {
  const start = (workers: number, more: object = {}): Promise<Pool> =>
    launch({ workers, mpiexec: `mpiexec.${family}`, window, graceMs: 300, ...more });

  test(`${family}: starts processes, says so, and leaves nothing behind`, async () => {
    const before = files();
    const pool = await start(3);
    const { transport, epoch, mpi, workers } = pool.status();
    assert.equal([transport, epoch, mpi?.family, workers.length], ['mpi', 1, family, 3]);
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    assert.equal(await pool.run(tasks, { workers: 3, export: 'pid' }), pids(pool));
    assert.equal(await pool.run(tasks, { export: 'trap' }), ['RuntimeError']);
    // The agent waits inside MPI too, while the pool starts.
    const yields = family === 'mpich' && usableCores() < 4;
    assert.equal(await pool.run(tasks, { export: 'yields' }), [[yields, process.env.LD_PRELOAD]]);
    const known = pids(pool);
    await pool.close();
    assert.equal(known.filter(lives), []);
    assert.equal(files(), before);
  });

  for (const env of [undefined, { SHOAL_TEST_EXTRA: 'x' }]) {
    const given = env ? 'with `env`' : 'as the driver has it';
    test(`${family}: no thread has the launcher's variables, its environment ${given}`, async () => {
      // Whatever waits for a thread of libuv's pool, MPI_Init and the task thread do not wait for each other.
      process.env.UV_THREADPOOL_SIZE = '1';
      const pool = await start(2, env && { env });
      delete process.env.UV_THREADPOOL_SIZE;
      const run = (name: string, ...args: unknown[]): Promise<unknown[]> =>
        pool.run(tasks, { workers: 2, export: name, args });
      const clean = [
        [[], []],
        [[], []],
      ];
      // The first thread, one in its place, and one in the place of that, which has waited since.
      for (let i = 0; i < 3; i++) {
        assert.equal(await run('launcherVariables'), clean, `thread ${i}`);
        assert.equal(await run('variable', 'SHOAL_TEST_EXTRA'), [env?.SHOAL_TEST_EXTRA, env?.SHOAL_TEST_EXTRA]);
        await rejectsCode(run('endThread'), 'TASK_EXITED');
      }
      await pool.close();
    });
  }

  for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGSTOP', 'SIGABRT'] as const) {
    test(`${family}: a worker that ${signal} takes in the middle of a task is WORKER_DIED, and the pool goes on`, async () => {
      const before = files();
      const pool = await start(3);
      const known = pids(pool);
      const died: number[] = [];
      pool.on('workerDied', ({ worldRank }) => died.push(worldRank));
      const error = await dies(pool.run(tasks, { workers: 3, export: 'die', args: [1, signal] }));
      if (family === 'openmpi') assert.equal([error.rank, error.pid, died], [1, known[1], [1]]);
      assert.ok(known.includes(error.pid!), error.message);
      assert.type(error.hostname, 'string');
      if (error.pid === known[1]) assert.is(error.signal, signal, error.message);
      if (error.pid === known[1]) assert.is(error.exitKind, signal === 'SIGSTOP' ? 'ended' : 'signal');
      assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
      assert.is(pool.status().epoch, 2);
      await pool.close();
      assert.equal([...known, ...pids(pool)].filter(lives), []);
      assert.equal(files(), before);
    });
  }

  test(`${family}: what a worker has printed last is in the error of its death`, async () => {
    const pool = await start(2);
    const error = await dies(pool.run(tasks, { export: 'lastWords', args: ['shard 7 is broken'] }));
    assert.match(error.message, 't1/0 | shard 7 is broken');
    await pool.close();
  });

  test(`${family}: output is kept per worker, over epochs`, async () => {
    const logDir = mkdtempSync(join(tmpdir(), 'logs-'));
    const pool = await start(2, { logDir });
    await pool.run(tasks, { workers: 2, export: 'print', args: ['first'] });
    await dies(pool.run(tasks, { export: 'die', args: [0, 'SIGKILL'] }));
    await pool.run(tasks, { workers: 2, export: 'print', args: ['second'] });
    await pool.close();
    for (const rank of [0, 1]) {
      const lines = readFileSync(join(logDir, `worker-${rank}.log`), 'utf8')
        .trim()
        .split('\n');
      const of = (task: string, text: string): string[] => [
        `${task}/${rank} | ${text}`,
        `${task}/${rank} | error: ${text}`,
      ];
      assert.equal(lines, [...of('t1', 'first'), ...of('t3', 'second')]);
    }
    rmSync(logDir, { recursive: true });
  });

  test(`${family}: a task with retries runs again after a death`, async () => {
    const pool = await start(2);
    assert.equal(await pool.run(tasks, { workers: 2, export: 'dieOnce', maxRetries: 1 }), [2, 2]);
    await pool.close();
  });

  test(`${family}: an idle worker that dies is replaced, and the task after it runs`, async () => {
    const pool = await start(2);
    process.kill(pids(pool)[1]!, 'SIGKILL');
    await until(() => pool.status().epoch === 2);
    assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
    await pool.close();
  });

  test(`${family}: mpiexec killed is WORKER_DIED, and the pool starts another`, async () => {
    const pool = await start(2);
    const running = pool.run(tasks, { workers: 2, export: 'wait' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(launcherOf(pids(pool)[0]!), 'SIGKILL');
    await dies(running);
    assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
    await pool.close();
  });

  test(`${family}: what workers of a job say while it ends is not taken for a word of the next one`, async () => {
    const pool = await start(2);
    const killed = pool.submit(tasks, { export: 'die', args: [0, 'SIGKILL'] });
    // Its thread is replaced, with the report of that, when the job ends because it was the last that ran.
    const exits = pool.submit(tasks, { export: 'exitLater', args: [1_500] });
    const waits = pool.submit(tasks, { timeoutMs: 10_000 });
    await dies(killed.result());
    await rejectsCode(exits.result(), family === 'openmpi' ? 'TASK_EXITED' : 'WORKER_DIED');
    assert.equal(await waits.result(), [1]);
    assert.equal(await pool.run(tasks, { workers: 2, timeoutMs: 10_000 }), [3, 3]);
    assert.is(pool.status().epoch, 2);
    await pool.close();
  });

  test(`${family}: a task that cannot be ended is ended with its process`, async () => {
    const pool = await start(2);
    await rejectsCode(pool.run(tasks, { workers: 2, export: 'stubborn', timeoutMs: 100 }), 'TASK_TIMEOUT');
    assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3]);
    await pool.close();
  });

  test(`${family}: a pool that cannot start again says so and ends`, async () => {
    const pool = await start(2, { maxRestarts: 0 });
    const warnings: string[] = [];
    pool.on('warning', ({ message }) => warnings.push(message));
    const path = process.env.PATH;
    process.env.PATH = '/absent';
    try {
      await dies(pool.run(tasks, { workers: 2, export: 'die', args: [0, 'SIGKILL'] }));
      await rejectsCode(pool.run(tasks, { workers: 2 }), 'CANCELLED');
    } finally {
      process.env.PATH = path;
    }
    assert.match(warnings.join(), 'maxRestarts');
    await rejectsCode(pool.run(tasks), 'CLOSED');
    await pool.close();
  });
}

test("onWorkerLost 'continue': Open MPI goes on with the survivors until too few are left, MPICH refuses", async () => {
  const launching = launch({ workers: 1, mpiexec: 'mpiexec.mpich', onWorkerLost: 'continue' });
  assert.match((await rejectsCode(launching, 'LAUNCH')).message, 'does not work with MPICH');
  const before = files();
  const pool = await launch({ workers: 4, mpiexec: 'mpiexec.openmpi', window, onWorkerLost: 'continue' });
  const known = pids(pool);
  await dies(pool.run(tasks, { workers: 4, export: 'die', args: [1, 'SIGKILL'] }));
  assert.equal(
    pool.status().workers.map(({ state }) => state),
    ['idle', 'lost', 'idle', 'idle'],
  );
  for (let i = 0; i < 3; i++) assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
  assert.equal(await pool.run(tasks, { workers: 2, export: 'pid' }), [known[0], known[2]]);
  process.kill(known[2]!, 'SIGKILL');
  await until(() => pool.status().workers[2]!.state === 'lost');
  assert.equal(await pool.run(tasks, { workers: 2, export: 'pid' }), [known[0], known[3]]);
  assert.is(pool.status().epoch, 1);
  assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
  assert.is(pool.status().epoch, 2);
  assert.equal(await pool.run(tasks, { workers: 4 }), [10, 10, 10, 10]);
  await pool.close();
  assert.equal(files(), before);
});

test('on Open MPI tasks on other workers go on when one dies', async () => {
  const pool = await launch({ workers: 4, mpiexec: 'mpiexec.openmpi', window, graceMs: 300 });
  const sleeping = pool.submit(tasks, { export: 'sleep', args: [600_000] });
  await dies(pool.run(tasks, { workers: 2, export: 'die', args: [0, 'SIGKILL'] }));
  assert.equal(await pool.run(tasks, { workers: 2 }), [3, 3], 'on the two that are left');
  assert.is(pool.status().epoch, 1);
  sleeping.cancel();
  await rejectsCode(sleeping.result(), 'CANCELLED');
  await until(() => pool.status().epoch === 2);
  await pool.close();
});

test.run();
