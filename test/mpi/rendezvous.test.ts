import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LaunchOptions, Pool, RegistrationTimeoutError } from 'shoal';
import { launch } from 'shoal';
import { Connection } from '../../src/protocol/connection.js';
import type { FromRank, HeadPlace, ToRank } from '../../src/protocol/control-messages.js';
import { toRank } from '../../src/protocol/control-shapes.js';
import { greet } from '../../src/protocol/greeting.js';
import { rejectsCode, until } from '../support/check.js';
import { files, lives } from './left-behind.js';

const test = suite('rendezvous');
const tasks = new URL('./tasks/processes.js', import.meta.url);
const window = 4 * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'rendezvous-'));

/** Arguments that put a shell script before each rank's program; `$rank` is its rank in MPI's world. */
function through(script: string): string[] {
  const file = join(folder, `${readdirSync(folder).length}.sh`);
  writeFileSync(file, `rank=\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}\n${script}\nexec "$@"\n`);
  return ['sh', file];
}

/** A module for `--import`: on MPI rank 2 the addon's calls named here do something else. */
function instead(does: string, ...calls: string[]): string[] {
  const file = join(folder, `${readdirSync(folder).length}.mjs`);
  writeFileSync(
    file,
    `const rank = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
     const load = process.dlopen;
     process.dlopen = (module, path, ...rest) => {
       load(module, path, ...rest);
       if (rank === '2' && path.includes('/mpi-'))
         for (const call of ${JSON.stringify(calls)}) module.exports[call] = () => ${does};
     };`,
  );
  return ['--import', file];
}

const hangIn = (...calls: string[]): string[] => instead('new Promise(() => undefined)', ...calls);

/** Processes whose parent is that of a given one. */
function siblings(pid: number): number[] {
  const parentOf = (each: number): number => {
    try {
      const text = readFileSync(`/proc/${each}/stat`, 'latin1');
      return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
    } catch {
      return -1;
    }
  };
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((each) => parentOf(each) === parentOf(pid) && each !== pid);
}

for (const family of ['openmpi', 'mpich'] as const) {
  const start = (more: LaunchOptions): Promise<Pool> =>
    launch({ workers: 3, mpiexec: `mpiexec.${family}`, window, graceMs: 300, ...more });
  const auto = family === 'openmpi' ? 'accept-connect' : 'intercomm';

  for (const rendezvous of ['auto', 'intercomm', 'gather'] as const) {
    test(`${family}: the rows come by ${rendezvous}, the pool says how and when`, async () => {
      const pool = await start({ rendezvous });
      const status = pool.status();
      assert.is(status.rendezvous, rendezvous === 'auto' ? auto : rendezvous);
      assert.equal(
        status.workers.map(({ worldRank }) => worldRank),
        [0, 1, 2],
        'the agent is not shown',
      );
      for (const { phasesMs, pid } of status.workers) {
        const { connected, mpiReady, gathered, registered } = phasesMs!;
        assert.ok(0 < connected && connected <= mpiReady && mpiReady <= gathered && gathered <= registered);
        assert.ok(lives(pid));
      }
      assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
      assert.equal(
        await pool.run(tasks, { workers: 3, export: 'pid' }),
        status.workers.map(({ pid }) => pid),
      );
      await pool.close();
    });
  }

  for (const [what, options, phase] of [
    ['hangs in MPI_Init', { execArgv: hangIn('init') }, 'in MPI_Init'],
    ['never answers the agent', { execArgv: hangIn('connect', 'intercommCreate') }, `in the rendezvous (${auto})`],
    ['hangs on its way to the window', { execArgv: hangIn('allgather') }, 'alive, probably hanging'],
    ['never comes', { mpiexecArgs: through('[ $rank = 2 ] && exec sleep 60') }, 'its process never came'],
  ] as const) {
    test(`${family}: a worker that ${what} is named with what it was at, and nothing stays`, async () => {
      const before = files();
      const launching = start({ startTimeoutMs: 3_000, ...options });
      const error = (await rejectsCode(launching, 'REGISTRATION_TIMEOUT')) as RegistrationTimeoutError & {
        workers: { worldRank: number; pid: number | undefined; phase: string }[];
      };
      const late = error.workers.find(({ worldRank }) => worldRank === 1);
      assert.ok(late, error.message);
      assert.match(error.message, phase);
      if (late.pid !== undefined) assert.not.ok(lives(late.pid));
      assert.equal(files(), before);
    });
  }

  test(`${family}: a worker that dies on its way is named with how`, async () => {
    const before = files();
    const execArgv = instead("process.kill(process.pid, 'SIGKILL')", 'init');
    const error = await rejectsCode(start({ execArgv }), 'LAUNCH');
    assert.match(error.message, 'dead, probably crashed');
    assert.equal(files(), before);
  });

  test(`${family}: without its agent a pool goes on to a new epoch`, async () => {
    const pool = await start({});
    const warnings: string[] = [];
    pool.on('warning', ({ message }) => warnings.push(message));
    const known = pool.status().workers.map(({ pid }) => pid);
    const [agent, ...more] = siblings(known[0]!).filter((pid) => !known.includes(pid) && lives(pid));
    assert.ok(agent !== undefined && more.length === 0);
    process.kill(agent, 'SIGKILL');
    await until(() => pool.status().epoch === 2);
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    if (family === 'openmpi') assert.match(warnings.join(), 'MPI agent');
    await pool.close();
    assert.equal(known.filter(lives), []);
  });

  test(`${family}: who comes with a wrong token, an old one or as somebody who is there is cut off, and the pool says so`, async () => {
    const file = join(folder, `job-${family}`);
    const pool = await start({
      mpiexecArgs: through(
        `echo "$SHOAL_HEAD" > ${file}\n` +
          // From the variable: every rank writes the file, and another may have just emptied it.
          String.raw`token=$(echo "$SHOAL_HEAD" | sed 's/.*"folder":"\([^"]*\)".*/\1/')/token` +
          `\nstat -c %a $token > ${file}.mode; cat $token > ${file}.token`,
      ),
    });
    const warnings: string[] = [];
    pool.on('warning', ({ message }) => warnings.push(message));
    const { folder: job } = JSON.parse(readFileSync(file, 'latin1')) as HeadPlace;
    const token = readFileSync(`${file}.token`, 'latin1');
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.is(readFileSync(`${file}.mode`, 'latin1').trim(), '600');
    assert.equal(readdirSync(job).includes('token'), false, 'nobody needs it any more');
    for (const { pid } of pool.status().workers)
      assert.not.ok(readFileSync(`/proc/${pid}/environ`, 'latin1').includes(token));
    const path = join(job, 'node');
    const identity = { startupToken: 'x', versions: { shoal: '0', node: '0' }, bootId: '', pidNamespace: '' };
    const row = { rank: 2, size: 4, pid: process.pid, startTime: 1, hostname: 'here', node: 'here', ...identity };
    const socket = await greet(() => connect(path), 'rank', token, 5_000);
    await new Promise<void>((resolve) => {
      const connection = new Connection<ToRank, FromRank>(socket, 1e6, toRank, {
        message: () => assert.unreachable('it was answered'),
        closed: () => resolve(),
      });
      connection.send({ type: 'hello', row });
    });
    for (const given of [token.replace(/./g, '0'), 'short']) {
      const greeted = greet(() => connect(path), 'rank', given, 5_000);
      assert.match((await rejectsCode(greeted, 'PROTOCOL')).message, 'closed the connection');
    }
    assert.equal(warnings.length, 3);
    assert.match(warnings[0]!, `process ${process.pid} on here was cut off`);
    assert.match(warnings[1]!, 'not that of this job');
    await new Promise<void>((resolve) => {
      const socket = connect(path).on('close', () => resolve());
      socket.write(Buffer.alloc(100, 255));
    });
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    await pool.close();
  });
}

test('accept-connect is refused with MPICH', async () => {
  const launching = launch({ mpiexec: 'mpiexec.mpich', rendezvous: 'accept-connect' });
  assert.match((await rejectsCode(launching, 'LAUNCH')).message, "say 'intercomm'");
});

test('two pools on one machine at a time', async () => {
  const pools = await Promise.all(
    ['mpiexec.openmpi', 'mpiexec.mpich', 'mpiexec.openmpi'].map((mpiexec) => launch({ workers: 2, mpiexec, window })),
  );
  const results = await Promise.all(pools.map((pool) => pool.run(tasks, { workers: 2 })));
  assert.equal(results, [
    [3, 3],
    [3, 3],
    [3, 3],
  ]);
  await Promise.all(pools.map((pool) => pool.close()));
});

test.after(() => {
  rmSync(folder, { recursive: true });
});

test.run();
