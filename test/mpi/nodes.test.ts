/** Two and three nodes on one host, told apart by SHOAL_NODE. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LaunchOptions, Placement, Pool, RankOperations, ShoalError, WorkerDiedError } from 'shoal';
import { connect, launch } from 'shoal';
import { nodeIdentity } from '../../src/native/proc.js';
import { Connection } from '../../src/protocol/connection.js';
import type { FromNode, ToNode } from '../../src/protocol/node-messages.js';
import { encodeGreeting, greet, protocolVersion } from '../../src/protocol/greeting.js';
import { toNode } from '../../src/protocol/node-shapes.js';
import { rejectsCode, until } from '../support/check.js';
import { onNodes as nodesIn } from '../support/on-nodes.js';
import { files, lives } from './left-behind.js';

const test = suite('nodes');
const tasks = new URL('./tasks/processes.js', import.meta.url);
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
process.env.SHOAL_HOME = join(folder, 'home');
const here = hostname();

const onNodes = (nodes: Readonly<Record<number, string>>): string => nodesIn(folder, nodes);

/** Node processes that run a file of the package. */
function running(file: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0');
      const isOne = command[0] === process.execPath && command[1]?.endsWith(file);
      return isOne && lives(Number(name)) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
const nodeManagers = (): number[] => running('dist/node-process.js');

const children: { child: ChildProcess; said: () => string }[] = [];
/** A command that goes on, and what it has printed. */
function shoal(args: readonly string[], env: Readonly<Record<string, string>> = {}): (typeof children)[number] {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  children.push({ child, said: () => text });
  return children.at(-1)!;
}
const gone = ({ child }: (typeof children)[number]): boolean => child.exitCode !== null || child.signalCode !== null;

const pools: Pool[] = [];

for (const family of ['openmpi', 'mpich'] as const) {
  const start = async (nodes: Readonly<Record<number, string>>, more: LaunchOptions): Promise<Pool> => {
    process.env.NODE_OPTIONS = onNodes(nodes);
    try {
      const pool = await launch({ mpiexec: `mpiexec.${family}`, graceMs: 300, ...more });
      pools.push(pool);
      return pool;
    } finally {
      delete process.env.NODE_OPTIONS;
    }
  };

  test(`${family}: the head starts a node manager for each other node, which gets the rows of its own alone`, async () => {
    const before = files();
    const pool = await start({ 2: 'b', 4: 'b', 5: 'c' }, { workers: 5 });
    const { workers } = pool.status();
    assert.equal(
      workers.map(({ node }) => node),
      [here, 'b', here, 'b', 'c'],
    );
    for (const { phasesMs, pid, rssBytes } of workers) {
      const { connected, mpiReady, gathered, registered } = phasesMs!;
      assert.ok(0 < mpiReady && mpiReady <= gathered && gathered < registered && connected < registered);
      assert.ok(lives(pid) && rssBytes! > 10_000_000);
    }
    const managers = nodeManagers();
    const { nodes } = pool.status();
    assert.equal(
      nodes.map(({ node, worldRanks }) => [node, worldRanks]),
      [
        [here, [0, 2]],
        ['b', [1, 3]],
        ['c', [4]],
      ],
    );
    assert.equal(nodes.map(({ managerPid }) => managerPid).sort(), [process.pid, ...managers].sort());
    const metrics = await pool.metrics();
    for (const phase of ['connected', 'mpi_ready', 'gathered', 'registered']) {
      assert.match(metrics, `shoal_worker_start_seconds_count{phase="${phase}"} 5`);
    }
    assert.match(metrics, 'shoal_workers{node="b",state="idle"} 2');
    assert.is(await pool.metrics(), metrics, 'what was observed once is not observed again');
    assert.equal(await pool.run(tasks, { workers: 5, export: 'place' }), [
      [here, 0, 0],
      ['b', 0, 1],
      [here, 1, 2],
      ['b', 1, 3],
      ['c', 0, 4],
    ]);
    const trace = await pool.trace();
    assert.equal(await pool.run(tasks, { workers: 5 }), [15, 15, 15, 15, 15]);
    const { traceEvents, otherData } = await trace.stop();
    const sums = traceEvents.filter(({ name, args }) => name === 'allreduce' && args && 'call' in args);
    assert.equal(sums.map(({ args }) => args!.rank).sort(), [0, 1, 2, 3, 4], 'a trace has the calls of all nodes');
    assert.equal(otherData.lost, {});
    const on = async (workers: number, placement: Placement): Promise<string> => {
      const places = (await pool.run(tasks, { workers, placement, export: 'place' })) as [string][];
      return places.map(([node]) => (node === here ? 'a' : node)).join('');
    };
    assert.is(await on(2, 'pack'), 'aa');
    assert.is(await on(1, 'pack'), 'c');
    assert.is(await on(3, 'spread'), 'abc');
    assert.is(await on(2, 'strict-pack'), 'aa');
    assert.is(await on(3, 'strict-spread'), 'abc');
    for (const placement of ['strict-pack', 'strict-spread'] as const) {
      const refused = pool.run(tasks, { workers: 4, placement });
      assert.match((await rejectsCode(refused, 'INSUFFICIENT_WORKERS')).message, /node/);
    }
    assert.equal(await Promise.all([2, 3].map((size) => pool.run(tasks, { workers: size }))), [
      [3, 3],
      [6, 6, 6],
    ]);
    await pool.close();
    assert.equal(managers.filter(lives), []);
    assert.equal(files(), before);
  });

  test(`${family}: a worker of another node dies: the error says where and what it said, the next epoch keeps the manager`, async () => {
    const pool = await start({ 2: 'b', 3: 'b' }, { workers: 3 });
    const [known] = nodeManagers();
    const error = (await rejectsCode(
      pool.run(tasks, { workers: 3, export: 'die', args: [2, 'SIGKILL'], timeoutMs: 20_000 }),
      'WORKER_DIED',
    )) as WorkerDiedError;
    assert.type(error.pid, 'number');
    process.env.NODE_OPTIONS = onNodes({ 2: 'b', 3: 'b' });
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    delete process.env.NODE_OPTIONS;
    assert.is(pool.status().epoch, 2);
    assert.equal(nodeManagers(), [known]);
    await pool.close();
  });

  test(`${family}: errors tell what each rank did last, also those of another node`, async () => {
    const pool = await start({ 2: 'b', 3: 'b' }, { workers: 3 });
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    const lastOf = async (run: Promise<unknown>, code: string): Promise<RankOperations[]> => {
      const error = (await rejectsCode(run, code)) as ShoalError;
      assert.match(error.message, 'What each rank did last: ');
      return [...error.lastOperations!];
    };
    const waiting = pool.submit(tasks, { workers: 3, export: 'wait', timeoutMs: 2_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [explained] = await pool.explain(waiting.id);
    assert.equal(
      explained!.ranks.map(({ rank, operations: [last] }) => [rank, last!.state]),
      [
        [0, 'completed'],
        [1, 'waiting'],
        [2, 'waiting'],
      ],
    );
    assert.match(explained!.waits.join('\n'), 'rank 0');
    const late = await lastOf(waiting.result(), 'TASK_TIMEOUT');
    assert.equal(
      late.map(({ rank, worldRank, phase }) => [rank, worldRank, phase]),
      [0, 1, 2].map((rank) => [rank, rank, 'running']),
    );
    assert.equal(
      late.map(({ operations: [last] }) => [last!.operation, last!.state]),
      [
        ['barrier', 'completed'],
        ['barrier', 'waiting'],
        ['barrier', 'waiting'],
      ],
    );
    const skipped = await lastOf(pool.run(tasks, { workers: 3, export: 'skip', args: [2] }), 'TASK_FAILED');
    assert.equal(
      skipped.map(({ rank, operations }) => [rank, operations.length]),
      [
        [0, 2],
        [1, 2],
        [2, 1],
      ],
    );
    // The end of a process ends all of them on MPICH, and nobody is there to tell.
    if (family === 'openmpi') {
      const died = await lastOf(
        pool.run(tasks, { workers: 3, export: 'die', args: [2, 'SIGKILL'], timeoutMs: 20_000 }),
        'WORKER_DIED',
      );
      assert.equal(
        died.map(({ rank, phase, operations: [last] }) => [rank, phase, last!.state]),
        [
          [0, 'running', 'waiting'],
          [1, 'running', 'waiting'],
          [2, 'running', 'completed'],
        ],
      );
    }
    await pool.close({ force: true });
  });

  test(`${family}: a node manager is killed: its node's workers are lost, the next epoch has another`, async () => {
    const before = files();
    const pool = await start({ 3: 'b' }, { workers: 3 });
    const warnings: string[] = [];
    pool.on('warning', ({ message }) => warnings.push(message));
    const [manager] = nodeManagers();
    const pids = pool.status().workers.map(({ pid }) => pid);
    const lost = pool.run(tasks, { workers: 3, export: 'wait' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.env.NODE_OPTIONS = onNodes({ 3: 'b' });
    process.kill(manager!, 'SIGKILL');
    const error = await rejectsCode(lost, 'WORKER_DIED');
    if (family === 'openmpi') assert.match(error.message, `the node manager of b (process ${manager}) is gone`);
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    delete process.env.NODE_OPTIONS;
    assert.ok(nodeManagers().length === 1 && nodeManagers()[0] !== manager);
    await until(() => !pids.some(lives));
    await pool.close();
    assert.equal(files(), before);
  });

  test(`${family}: a worker of another node that dies before its manager is there fails the launch`, async () => {
    const before = files();
    const hook = join(folder, `die-${family}.mjs`);
    writeFileSync(
      hook,
      `const rank = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
       const load = process.dlopen;
       process.dlopen = (module, path, ...rest) => {
         load(module, path, ...rest);
         if (rank !== '3' || !path.includes('/mpi-')) return;
         for (const call of ['free', 'disconnect']) {
           const leave = module.exports[call];
           module.exports[call] = async (...args) => {
             await leave(...args);
             process.kill(process.pid, 'SIGKILL');
           };
         }
       };`,
    );
    const error = await rejectsCode(start({ 3: 'b' }, { workers: 3, execArgv: ['--import', hook] }), 'LAUNCH');
    if (family === 'openmpi') assert.match(error.message, 'dead, probably crashed');
    assert.equal(files(), before);
  });

  test(`${family}: node managers by hand, before and after; when the head is killed nothing stays`, async () => {
    const before = files();
    const env = { NODE_OPTIONS: onNodes({ 2: 'b', 3: 'c' }) };
    const head = shoal(['start', '-n', '3', '--mpiexec', `mpiexec.${family}`, '--node-managers', 'wait'], env);
    await until(() => head.said().includes('--address'));
    const address = /--address (\S+)/.exec(head.said())![1]!;
    const first = shoal(['start', '--address', address], { SHOAL_NODE: 'b' });
    await until(() => first.said().includes('node manager of b'));
    const twice = shoal(['start', '--address', address], { SHOAL_NODE: 'b' });
    const own = shoal(['start', '--address', address]);
    await until(() => gone(twice) && gone(own), 20_000);
    assert.match(twice.said(), `node b has a node manager, process ${first.child.pid}`);
    assert.match(own.said(), `node ${here} has a node manager, process ${head.child.pid}`);
    // Nobody can use the pool yet: whoever comes waits.
    const user = connect(address);
    assert.not.match(head.said(), 'pool of');
    const other = shoal(['start', '--address', address], { SHOAL_NODE: 'nobody' });
    const second = shoal(['start', '--address', address], { SHOAL_NODE: 'c' });
    await until(() => head.said().includes('pool of 3 workers'), 20_000);
    const pool = await user;
    assert.equal(await pool.run(tasks, { workers: 3 }), [6, 6, 6]);
    using data = await pool.share({ x: Float64Array.of(1, 2), name: 'a' });
    const found = await pool.run(tasks, { workers: 3, export: 'found', args: [data] });
    assert.equal(
      found,
      [here, 'b', 'c'].map((node) => [node, 'a', 9, true]),
    );
    const nodes = await pool.run(tasks, { workers: 3, export: 'place' });
    assert.equal(
      nodes.map((place) => (place as [string])[0]),
      [here, 'b', 'c'],
    );
    const pids = pool.status().workers.map(({ pid }) => pid);
    process.kill(head.child.pid!, 'SIGKILL');
    await until(() => [first, second, other].every(gone), 20_000);
    await until(() => !pids.some(lives), 20_000);
    await until(() => files().length === before.length, 20_000);
  });

  test(`${family}: a node manager that never comes is named, with the workers that wait for it and the way out`, async () => {
    const before = files();
    const error = await rejectsCode(
      start({ 2: 'b' }, { workers: 2, nodeManagers: 'wait', startTimeoutMs: 3_000 }),
      'REGISTRATION_TIMEOUT',
    );
    assert.match(error.message, /worker 1 \(process \d+.*no node manager has come for node b; start one there/);
    assert.equal(files(), before);
  });

  test(`${family}: without an agent rank 0 has to be here, or the launch says so`, async () => {
    const error = await rejectsCode(
      start({ 0: 'b' }, { workers: 2, rendezvous: 'gather', startTimeoutMs: 4_000 }),
      family === 'openmpi' ? 'REGISTRATION_TIMEOUT' : 'LAUNCH',
    );
    assert.match(error.message, 'MPI rank 0 has to be on the node of the driver');
  });
}

test('a stranger at the port of a pool is cut off: no token, a wrong one, another version, a frame too long', async () => {
  const head = shoal(['start', '-n', '1', '--mpiexec', 'mpiexec.openmpi']);
  await until(() => head.said().includes('pool of'), 20_000);
  const file = join(folder, `home/pools/${head.child.pid}.json`);
  const { address, token } = JSON.parse(readFileSync(file, 'utf8')) as {
    address: string;
    token: string;
  };
  const [host, port] = address.split(':');
  const open = () => connectSocket({ host: host!, port: Number(port) });
  const say = async (message: object): Promise<ToNode[]> => {
    const heard: ToNode[] = [];
    const socket = await greet(open, 'node', token, 5_000);
    await new Promise<void>((resolve) => {
      const connection = new Connection<ToNode, FromNode>(socket, 1e6, toNode, {
        message: (each) => void heard.push(each),
        closed: () => resolve(),
      });
      connection.send(message as FromNode);
    });
    return heard;
  };
  const hello = { type: 'node', pid: 1, startTime: 1, ...nodeIdentity(), node: 'x' };
  for (const wrong of ['0'.repeat(64), 'a'.repeat(64), '']) {
    assert.match((await rejectsCode(greet(open, 'node', wrong, 5_000), 'PROTOCOL')).message, 'closed the connection');
  }
  assert.equal(await say({ ...hello, text: 'x'.repeat(100_000) }), []);
  assert.equal(await say({ ...hello, pid: 'one' }), []);
  assert.equal(await say({ type: 'beat' }), []);
  const answer = await new Promise<Buffer>((resolve) => {
    const socket = open().on('data', resolve);
    socket.write(encodeGreeting('node', token, protocolVersion + 1));
  });
  assert.equal([answer[6], answer.readUInt32LE(8)], [1, protocolVersion], 'it is told which version there is');
  head.child.kill('SIGTERM');
  await until(() => gone(head), 20_000);
});

test('a pool of threads wants no node manager, and an address that nobody listens at is named', async () => {
  const head = shoal(['start', '-n', '1', '--transport', 'threads']);
  await until(() => head.said().includes('pool of'), 20_000);
  const address = /at (\S+);/.exec(head.said())![1]!;
  const manager = shoal(['start', '--address', address], { SHOAL_NODE: 'b' });
  await until(() => gone(manager), 20_000);
  assert.match(manager.said(), 'its workers are threads of one process');
  head.child.kill('SIGTERM');
  await until(() => gone(head), 20_000);
  const none = shoal(['start', '--address', address], { SHOAL_NODE: 'b' });
  await until(() => gone(none), 20_000);
  assert.match(none.said(), 'no pool of this user is running');
});

test.after.each(async () => {
  delete process.env.NODE_OPTIONS;
  await Promise.all(pools.splice(0).map((pool) => pool.close({ force: true })));
});
test.after(() => {
  for (const { child } of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
test.run();
