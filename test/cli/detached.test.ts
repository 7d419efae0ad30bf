import { once } from 'node:events';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PoolStatus, TaskFailedError } from 'shoal';
import { connect } from 'shoal';
import { Connection } from '../../src/protocol/connection.js';
import { encodeGreeting, greet, protocolVersion } from '../../src/protocol/greeting.js';
import type { FromPool, TaskRecord, ToPool } from '../../src/protocol/pool-messages.js';
import { fromPool } from '../../src/protocol/pool-shapes.js';
import { encodeValue } from '../../src/protocol/values.js';
import { rejectsCode, throwsCode, until } from '../support/check.js';
import { openStores } from '../support/open-stores.js';
import { frameOf } from '../support/frame.js';

const test = suite('a pool that runs by itself');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const tasks = new URL('./tasks/detached.js', import.meta.url);
const home = mkdtempSync(join(tmpdir(), 'home-'));
const logDir = join(home, 'logs');
const limitMs = 60_000;
process.env.SHOAL_HOME = home;

interface PoolFile {
  readonly address: string;
  readonly token: string;
  readonly pid: number;
}

function shoal(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    timeout: limitMs,
  });
  return { status, out: stdout, err: stderr };
}

const files = (): string[] => readdirSync(join(home, 'pools'));
const poolFile = (): PoolFile => JSON.parse(readFileSync(join(home, 'pools', files()[0]!), 'utf8')) as PoolFile;
const file = fileURLToPath(tasks);

function start(...args: string[]): void {
  const { status, out, err } = shoal('start', '-n', '3', '--detach', ...args);
  assert.is(status, 0, err);
  assert.match(out, /^pool of 3 workers .* at 127\.0\.0\.1:\d+/);
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('from start to stop', async () => {
  start('--log-dir', logDir);
  const { pid } = poolFile();
  assert.is(statSync(join(home, 'pools')).mode & 0o777, 0o700);
  assert.is(statSync(join(home, 'pools', files()[0]!)).mode & 0o777, 0o600);

  const sum = shoal('submit', '-n', '3', file, '4');
  assert.equal([sum.status, sum.out], [0, '24\n24\n24\n'], sum.err);
  const echo = shoal('submit', '--export', 'echo', file, '{"a":[1,null]}', 'plain text', '--', '-n');
  assert.equal(echo.out, '[{"a":[1,null]},"plain text","-n"]\n', echo.err);
  const failed = shoal('submit', '--name', 'broken', '--export', 'fail', file);
  assert.is(failed.status, 1);
  assert.match(failed.err, 'no such shard');
  assert.match(shoal('submit', file.replace('detached', 'absent')).err, 'MODULE_NOT_FOUND');
  assert.match(shoal('submit', '-n', '9', file).err, 'INSUFFICIENT_WORKERS');

  const listed = JSON.parse(shoal('tasks', '--json').out) as TaskRecord[];
  assert.equal(
    listed.map(({ name, workers, state }) => [name, workers, state]),
    [
      [undefined, 3, 'succeeded'],
      [undefined, 1, 'succeeded'],
      ['broken', 1, 'failed'],
    ],
  );
  assert.match(listed[2]!.message!, 'no such shard');
  assert.match(shoal('tasks').out, 'broken');
  const status = JSON.parse(shoal('status', '--json').out) as PoolStatus;
  assert.equal([status.workers.length, status.running, status.queued], [3, 0, 0]);
  assert.ok(status.address!.endsWith(poolFile().address.split(':').at(-1)!) && status.head.pid === pid);
  assert.ok(status.head.uptimeMs > 0 && status.head.rssBytes > 1e7 && status.head.cpuMs > 0);
  assert.ok(
    status.workers.every(({ cpuMs }) => cpuMs! >= 0),
    'threads too say how long they ran',
  );
  const said = shoal('status').out;
  assert.match(said, `pool at ${status.address}, process ${pid}, up 00:0`);
  assert.match(said, '3 workers');
  assert.match(said, / MiB, \d+ ms cpu/);
  const phases = status.transport === 'mpi' ? 'registered' : 'threads have no phases';
  assert.match(shoal('status', '--phases').out, phases);
  // A thread has no memory of its own but its heap.
  assert.match(said, status.transport === 'mpi' ? ' memory ' : ' heap ');
  assert.match(shoal('status', '--metrics').out, 'shoal_workers{node="');
  assert.match(shoal('logs').out, 'echoes');
  assert.is(shoal('logs', '2').out.includes('echoes'), false);

  const { status: stopped, out: saidAtEnd, err: nothing } = shoal('stop');
  assert.equal([stopped, nothing], [0, '']);
  assert.match(saidAtEnd, /^the pool at 127\.0\.0\.1:\d+ has ended\n$/);
  assert.equal(files(), []);
  await until(() => !lives(pid));
  for (const command of ['stop', 'status', 'tasks', 'logs']) {
    const { status: code, err } = shoal(command);
    assert.is(code, 2);
    assert.match(err, 'start one with: shoal start');
  }
});

test('submit shows id, output and the failure with its stack; escapes of tasks are harmless', () => {
  start();
  const { status, out, err } = shoal('submit', '-n', '2', '--export', 'chatty', file, '1', 'false');
  assert.equal([status, out], [0, '1\n2\n'], err);
  const id = /^task (s\d+\.1)$/m.exec(err)![1]!;
  for (const rank of [0, 1]) assert.match(err, `${id}/${rank} | begun \\x1b[31mred\\x07\n`);
  const failed = shoal('submit', '--export', 'chatty', file, '1', 'true');
  assert.is(failed.status, 1);
  assert.match(
    failed.err,
    /RangeError: no such \\x1b\[2Jshard \(ERR_SHOAL_TASK_FAILED\)\n +at chatty \(.*detached\.(js|ts):\d+/,
  );
  assert.match(stripVTControlCharacters(failed.err), /^error: .*no such .*ERR_SHOAL_TASK_FAILED\)$/m);
  const logs = shoal('logs', id).out;
  assert.equal(logs.split('\n').filter((line) => line.startsWith(id)).length, 4, logs);
  for (const command of ['logs', 'tasks']) assert.is(shoal(command).out.includes('\x1b['), false);
  assert.match(
    shoal('explain').out,
    /^task s\d+\.1: failed on workers \d\nit ended with: .*no such[^]* rank 0 has thrown/,
  );
  const [explained] = JSON.parse(shoal('explain', '--json').out) as [{ state: string; ranks: unknown[] }];
  assert.equal([explained.state, explained.ranks.length], ['failed', 1]);
  assert.match(shoal('explain', 's0.7').err, 'among the last 32 that failed');
  assert.is(shoal('logs', '--no-such').status, 2);
  assert.match(shoal('logs', 's0.7').err, 'a task of');
  assert.is(shoal('stop').status, 0);
  assert.equal(
    readdirSync(join(home, 'output')).filter((name) => name.startsWith('pool-')),
    [],
  );
});

test('a trace of a pool that runs by itself, by the command and over a connection', async () => {
  start();
  const out = join(home, 'trace.json');
  const pool = await connect();
  const trace = await pool.trace();
  assert.is(shoal('trace', '--out', out, '--for-ms', '0').status, 2);
  for (const [where, why] of [
    [join(home, 'absent', 't.json'), 'ENOENT'],
    [home, 'EISDIR'],
  ] as const) {
    // Found out before it records: without a time it would not return.
    const { status, err } = shoal('trace', '--out', where);
    assert.is(status, 2);
    assert.match(err, new RegExp(`trace: expected --out to be a file that can be written to: ${why}[^\\n]*\\n$`));
  }
  const printed = shoal('trace', '--out', out, '--for-ms', '50', '--json').out;
  assert.equal(JSON.parse(printed), { out, tasks: 0, calls: 0, dropped: 0, lost: {} });
  await pool.run(tasks, { workers: 3, args: [1], name: 'seen' });
  const { traceEvents } = await trace.stop();
  assert.is(traceEvents.filter(({ ph, name }) => ph === 'X' && name === 'seen').length, 3);
  assert.ok(traceEvents.some(({ name }) => name === 'allreduce'));
  assert.ok((JSON.parse(readFileSync(out, 'utf8')) as { traceEvents: unknown[] }).traceEvents.length > 0);
  const others = await Promise.all([1, 2, 3, 4].map(() => pool.trace({ maxEvents: 10 })));
  await rejectsCode(pool.trace(), 'INVALID_ARGUMENT');
  await others[0]!.stop();
  const last = await pool.trace();
  await pool.close();
  await rejectsCode(last.stop(), 'CLOSED');
  await rejectsCode(pool.trace(), 'CLOSED');
  assert.is(shoal('stop').status, 0);
});

test('priorities: what waits starts by them, is listed with them, and the command has them', async () => {
  start();
  const pool = await connect();
  const holding = pool.submit(tasks, { workers: 3, export: 'sleep', args: [60_000] });
  await until(() => holding.ranks.length === 3);
  const ends: string[] = [];
  const note = (name: string) => () => void ends.push(name);
  const low = pool.run(tasks, { workers: 3, args: [1], priority: -1 }).then(note('low'));
  await until(() => pool.status().queued === 1);
  const high = pool.run(tasks, { workers: 3, args: [1], priority: 7 }).then(note('high'));
  await until(() => pool.status().queued === 2);
  assert.is(shoal('submit', '--detach', '--priority', '1001', file).status, 2);
  assert.match(shoal('submit', '--priority', '0.5', file).err, 'expected priority to be an integer from -1000 to 1000');
  const detached = shoal('submit', '--detach', '-n', '3', '--priority', '-1000', file, '1').out.trim();
  const records = JSON.parse(shoal('tasks', '--json').out) as TaskRecord[];
  assert.equal(
    records.map(({ priority, state }) => [priority, state]),
    [
      [0, 'running'],
      [-1, 'queued'],
      [7, 'queued'],
      [-1_000, 'queued'],
    ],
  );
  assert.match(shoal('tasks').out, 'priority');
  holding.cancel();
  await rejectsCode(holding.result(), 'CANCELLED');
  await Promise.all([low, high]);
  assert.equal(ends, ['high', 'low']);
  assert.match(shoal('logs', '-f', detached).out, 'rank 2 returned 6\n');
  await pool.close();
  assert.is(shoal('stop').status, 0);
});

test('a detached task goes on without its session; its end can be looked up, followed and cancelled', () => {
  start();
  const submit = (...args: string[]): string => {
    const { status, out, err } = shoal('submit', '--detach', '--export', 'chatty', ...args);
    assert.is(status, 0, err);
    return out.trim();
  };
  const good = submit('-n', '2', file, '1500', 'false');
  const followed = shoal('logs', '-f', good).out;
  assert.match(followed, `${good}/1 | done\n`);
  assert.match(followed, 'rank 1 returned 2\n');
  const bad = submit(file, '1', 'true');
  assert.match(shoal('logs', '-f', bad).out, /RangeError: no such .*\n +at chatty/);
  const long = submit(file, '60000', 'false');
  assert.equal(shoal('cancel', long), { status: 0, out: `task ${long}: cancelled\n`, err: '' });
  assert.is(shoal('cancel', good).out, `task ${good}: succeeded\n`);
  assert.match(shoal('cancel', 's0.7').err, 'a task of');
  assert.match(shoal('submit', '--detach', '-n', '9', file).err, 'INSUFFICIENT_WORKERS');
  const records = JSON.parse(shoal('tasks', '--json').out) as TaskRecord[];
  assert.equal(
    records.map(({ id, state, results }) => [id, state, results ?? undefined]),
    [
      [good, 'succeeded', ['1', '2']],
      [bad, 'failed', undefined],
      [long, 'cancelled', undefined],
    ],
  );
  assert.is(shoal('stop').status, 0);
});

test("connect: tasks, errors, cancelling and status are those of a pool of one's own", async () => {
  start();
  const pool = await connect(poolFile().address);
  assert.equal(await pool.run(tasks, { workers: 3, args: [2] }), [12, 12, 12]);
  assert.equal(await pool.run(tasks, { export: 'twice', args: [Float64Array.of(1.5, -0), 7n] }), [
    [Float64Array.of(3, -0), 14n],
  ]);
  const long = Array.from({ length: 3 }, (_, rank) => [rank, new Float64Array(20_000).fill(rank)]);
  assert.equal(await pool.run(tasks, { workers: 3, export: 'echo', perRankArgs: long }), long);
  await rejectsCode(pool.run(tasks, { workers: 2, perRankArgs: long }), 'INVALID_ARGUMENT');
  const mapped: unknown[] = [];
  for await (const each of pool.map(tasks, [1, 2, 3], { workers: 2 })) mapped.push(each);
  assert.equal(mapped, [
    [3, 3],
    [6, 6],
    [9, 9],
  ]);
  const items = Array.from({ length: 300 }, (_, i) => i);
  for await (const { item, value } of pool.map(tasks, items, { export: 'echo', ordered: false, priority: 1 })) {
    mapped.push(item);
    assert.equal(value, [item]);
  }
  assert.is(new Set(mapped).size, 3 + 300);
  const results = pool.map(tasks, items, { export: 'sleep', timeoutMs: 60_000 });
  for await (const each of results) {
    assert.is(each, 'slept');
    break;
  }
  const failing = (await rejectsCode(
    pool.map(tasks, [1], { export: 'fail' }).next(),
    'TASK_FAILED',
  )) as TaskFailedError;
  assert.is(failing.index, 0);
  const error = (await rejectsCode(pool.run(tasks, { workers: 2, export: 'fail' }), 'TASK_FAILED')) as TaskFailedError;
  assert.instance(error.cause, RangeError);
  assert.is(error.errors.length, 2);
  assert.ok(error.rank < 2, 'the first of the two to fail');
  await rejectsCode(pool.run(tasks, { export: 'absent' }), 'EXPORT_NOT_FOUND');
  await rejectsCode(pool.run(tasks, { workers: 4 }), 'INSUFFICIENT_WORKERS');
  await rejectsCode(pool.run(tasks, { args: [() => 1] }), 'NOT_SERIALIZABLE');
  await rejectsCode(pool.run(tasks, { export: 'sleep', args: [60_000], timeoutMs: 100 }), 'TASK_TIMEOUT');

  const heard: unknown[] = [];
  pool.on('message', ({ rank, value }) => heard.push([rank, value]));
  const handle = pool.submit(tasks, { export: 'posts', args: [3, 2] });
  handle.on('message', ({ taskId }) => heard.push(taskId === handle.id));
  assert.equal(await handle.result(), [3]);
  assert.equal(
    heard,
    [0, 1, 2].flatMap((i) => [true, [0, Float64Array.of(i, i)]]),
  );

  const shared = await pool.share({ x: Float64Array.of(1, 2) });
  const echoed = [[{ x: Float64Array.of(1, 2) }, 'and']];
  assert.equal(await pool.run(tasks, { export: 'echo', args: [shared, 'and'] }), echoed);
  const later = pool.submit(tasks, { export: 'echo', args: [shared, 'and'] });
  shared.release();
  throwsCode(() => pool.submit(tasks, { export: 'echo', args: [shared] }), 'CLOSED');
  assert.equal(await later.result(), echoed);
  await rejectsCode(pool.share(new Uint8Array(1e9)), 'MESSAGE_TOO_LARGE');
  const kept = await pool.run(tasks, { export: 'echo', workers: 2, keep: true, args: ['kept'] });
  assert.equal(await kept.get(), [['kept'], ['kept']]);
  await rejectsCode(pool.run(tasks, { export: 'echo', workers: 3, args: [kept] }), 'INVALID_ARGUMENT');
  kept.release();
  throwsCode(() => pool.submit(tasks, { export: 'echo', args: [kept] }), 'CLOSED');

  const [first, second] = [0, 1].map(() => pool.submit(tasks, { workers: 2, export: 'sleep', args: [60_000] }));
  // The two arrive one after the other, and each is told.
  await until(() => first!.ranks.length === 2 && pool.status().queued === 1);
  assert.equal([first!.state, second!.state, pool.status().running], ['running', 'queued', 1]);
  const other = await connect();
  assert.is(other.status().running, 1);
  assert.equal(await other.run(tasks, { export: 'echo', args: ['beside'] }), [['beside']]);
  await other.run(tasks, { export: 'posts', args: [5, 1] });
  assert.is(heard.length, 6, 'of the tasks of another session');
  first!.cancel('enough');
  const cancelled = await rejectsCode(first!.result(), 'CANCELLED');
  assert.is(cancelled.cause, 'enough');
  await other.close();
  throwsCode(() => other.submit(tasks), 'CLOSED');
  await pool.close({ force: true });
  await rejectsCode(second!.result(), 'CANCELLED');
  assert.match(shoal('status').out, '0 running, 0 waiting');
  assert.is(shoal('stop').status, 0);
});

test('its page is opened when it starts or when somebody asks, and only once', async () => {
  start('--dashboard');
  const printed = shoal('dashboard').out;
  assert.match(printed, /^http:\/\/127\.0\.0\.1:\d+\/#[0-9a-f]{64}\n$/);
  assert.equal(JSON.parse(shoal('dashboard', '--json').out), { url: printed.trim() });
  assert.is((await fetch(printed.trim())).status, 200);
  assert.is(printed.includes(poolFile().token), false);
});

test('a connection has gangs of its own, which end with it', async () => {
  start();
  const pool = await connect();
  await rejectsCode(pool.gang({ workers: 4 }), 'INSUFFICIENT_WORKERS');
  const gang = await pool.gang({ workers: 2, name: 'two' });
  assert.equal([gang.id, gang.worldRanks.length, gang.workers.length], ['s1.g2', 2, 2]);
  const started = once(pool, 'taskStarted');
  assert.equal(await gang.run(tasks, { args: [1] }), [3, 3]);
  const [{ worldRanks, waitedMs }] = (await started) as [{ worldRanks: number[]; waitedMs: number }];
  assert.equal([worldRanks, waitedMs >= 0], [gang.worldRanks, true]);
  const stats = await pool.stats();
  assert.equal([stats.tasks.refused, stats.tasks.succeeded, stats.collectives.ranks], [0, 1, 2]);
  using shared = await pool.share(new Float64Array(10));
  using kept = await gang.run(tasks, { args: [1], keep: true });
  assert.equal(await kept.get(), [3, 3]);
  const said = shoal('status').out;
  assert.match(said, /gang s1\.g2 "two": open workers \d, \d; no task running, 0 waiting/);
  assert.match(said, 'values: 1 shared, 0 MiB on each host; 1 kept by workers');
  await until(() => pool.status().values.sharedBytes === shared.sizeBytes);
  assert.match(shoal('tasks').out, /detached\.js default, in s1\.g2/);
  await rejectsCode(pool.gang({ workers: 2, timeoutMs: 50 }), 'TASK_TIMEOUT');
  const other = await connect();
  const beside = await other.gang({ workers: 1 });
  assert.is(beside.size, 1);
  const waits = other.submit(tasks, { workers: 3, args: [1] });
  const sleeps = gang.submit(tasks, { export: 'sleep', args: [60_000] });
  const ends = [sleeps.result(), gang.run(tasks, { args: [1] })].map((each) => rejectsCode(each, 'CANCELLED'));
  await pool.close({ force: true });
  await Promise.all(ends);
  await rejectsCode(gang.run(tasks, { args: [1] }), 'CLOSED');
  await until(() => other.status().gangs.length === 1);
  assert.is(waits.state, 'queued');
  await other.close({ force: true });
  await rejectsCode(waits.result(), 'CANCELLED');
  assert.is(shoal('stop').status, 0);
});

test('what nobody waits for any more is cancelled and freed: a session that is gone', async () => {
  start();
  const driver = `
    import { connect } from 'shoal';
    const pool = await connect();
    await pool.share({ x: new Float64Array(9) });
    const handle = pool.submit(${JSON.stringify(tasks.href)}, { workers: 3, export: 'sleep', args: [60000] });
    while (handle.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 10));
    process.kill(process.pid, 'SIGKILL');`;
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  spawnSync(process.execPath, ['--input-type=module', '-e', driver], { cwd: root, timeout: limitMs });
  const pool = await connect();
  assert.equal(await pool.run(tasks, { workers: 3, args: [1] }), [6, 6, 6]);
  await until(() => openStores(poolFile().pid) === 0);
  await pool.close();
  assert.is(shoal('stop').status, 0);
});

test('stop waits for what was accepted, by force it does not', async () => {
  for (const force of [false, true]) {
    start();
    const pool = await connect();
    const result = pool.run(tasks, { export: 'sleep', args: [force ? 60_000 : 1_000] });
    await until(() => pool.status().running === 1);
    const ended = force ? rejectsCode(result, 'CANCELLED') : result.then((value) => assert.equal(value, ['slept']));
    const stopping = spawn(process.execPath, [cli, 'stop', ...(force ? ['--force'] : [])]);
    const code = new Promise((resolve) => stopping.once('exit', resolve));
    await ended;
    assert.is(await code, 0);
    await until(() => {
      try {
        pool.submit(tasks);
        return false;
      } catch {
        return true;
      }
    });
    await pool.close();
    assert.equal(files(), []);
  }
});

test('a pool that is ending says so, is found, and can be ended sooner', async () => {
  for (const hasten of [['--force'], ['--timeout-ms', '100'], 'SIGTERM'] as const) {
    start();
    const { pid, address } = poolFile();
    const id = shoal('submit', '--detach', '--export', 'sleep', file, '60000').out.trim();
    const stopping = spawn(process.execPath, [cli, 'stop']);
    let said = '';
    stopping.stderr.on('data', (chunk) => (said += String(chunk)));
    await until(() => said.includes(`waiting for ${id}`));
    const refused = shoal('submit', file, '4');
    assert.is(refused.status, 1);
    assert.match(refused.err, 'ERR_SHOAL_CLOSED');
    assert.match(shoal('tasks').out, 'running');
    // A new one is the only one that is meant when none is named.
    start();
    assert.equal(shoal('submit', file, '4').out, '4\n');
    assert.is(shoal('stop').status, 0);
    if (hasten === 'SIGTERM') process.kill(pid, hasten);
    else assert.is(shoal('stop', ...hasten, '--address', address).status, 0);
    await until(() => !lives(pid));
    assert.equal(files(), []);
  }
  assert.match(shoal('stop', '--timeout-ms', '-1').err, 'timeoutMs');
});

test('a pool that is killed leaves its users an error and nobody a process', async () => {
  start();
  const { pid } = poolFile();
  const pool = await connect();
  const workers = pool.status().workers.map((worker) => worker.pid);
  const running = rejectsCode(pool.run(tasks, { workers: 2, export: 'sleep', args: [60_000] }), 'CLOSED');
  await until(() => pool.status().running === 1);
  process.kill(pid, 'SIGKILL');
  await running;
  throwsCode(() => pool.submit(tasks), 'CLOSED');
  await until(() => ![pid, ...workers].some(lives));
  assert.match(shoal('status').err, 'start one with');
  assert.equal(files(), [], 'its file is stale');
  await pool.close();
});

test('strangers, and those who send what is no message, are cut off', async () => {
  start();
  const { address, token } = poolFile();
  const [host, port] = address.split(':');
  const open = () => connectSocket({ host: host!, port: Number(port) });
  for (const wrong of [token.replace(/./g, '0'), '', 'short']) {
    assert.match((await rejectsCode(greet(open, 'user', wrong, 5_000), 'PROTOCOL')).message, 'closed the connection');
  }
  for (const bytes of [
    Buffer.alloc(200, 255),
    frameOf({ type: 'hello', token: 'x'.repeat(100_000) }),
    encodeGreeting('rank', token),
    encodeGreeting('user', token, protocolVersion + 1),
  ]) {
    await new Promise<void>((resolve) => {
      const raw = open()
        .on('close', () => resolve())
        .on('error', () => undefined);
      raw.on('data', (answer) => assert.is(answer[6], 1, 'only another version is answered')).write(bytes);
    });
  }
  /** A user who has the token. */
  const enter = async (): Promise<{
    user: Connection<FromPool, ToPool>;
    answers: FromPool[];
    closed: () => boolean;
  }> => {
    const answers: FromPool[] = [];
    let isClosed = false;
    const socket = await greet(open, 'user', token, 5_000);
    const user = new Connection<FromPool, ToPool>(socket, 1e7, fromPool, {
      message: (message) => void answers.push(message),
      closed: () => (isClosed = true),
    });
    await until(() => answers.length === 1);
    return { user, answers, closed: () => isClosed };
  };
  for (const wrong of [
    { type: 'no such' },
    { type: '__proto__' },
    { type: 'cancel', id: 7, reason: Buffer.alloc(0) },
    { type: 'submit', id: 7, spec: {} },
    { type: 'stop', force: 'yes' },
    [],
  ]) {
    const { user, closed } = await enter();
    user.send(wrong as unknown as ToPool);
    await until(closed);
  }
  // With the token, but with a task that is none, or a reason that is no value.
  const { user, answers } = await enter();
  user.send({ type: 'cancel', id: 's0.0', reason: Buffer.alloc(3) });
  const { session } = answers[0] as Extract<FromPool, { type: 'welcome' }>;
  const source = { url: tasks.href, exportName: 'default' };
  const spec = {
    source,
    workers: 1,
    args: [encodeValue([1], 'args')],
    timeoutMs: null,
    maxRetries: 0,
    fresh: false,
    placement: 'pack' as const,
    priority: 0,
  };
  const wrongSpecs = [
    null,
    {},
    { ...spec, workers: 0 },
    { ...spec, args: 'x' },
    { ...spec, args: ['x'.repeat(1_000)] },
    { ...spec, args: [] },
    { ...spec, args: ['', ''] },
    { ...spec, args: ['[1]', '[2]'], workers: 3 },
    { ...spec, args: [7] },
    { ...spec, priority: 1_001 },
    { ...spec, priority: 0.5 },
    { ...spec, priority: undefined },
    { ...spec, source: { url: 'https://a' } },
  ];
  wrongSpecs.forEach((wrong, i) =>
    user.send({ type: 'submit', id: `${session}.${i}`, spec: wrong, detached: false } as unknown as ToPool),
  );
  user.send({ type: 'submit', id: 'stranger.1', spec, detached: false } as unknown as ToPool);
  await until(() => answers.filter(({ type }) => type === 'failed').length === wrongSpecs.length + 1);
  user.close();
  assert.equal(shoal('submit', file, '1').out, '1\n');
  assert.is(shoal('stop').status, 0);
});

test('a port that is taken, a folder that others can use, several pools: each is said with the way out', () => {
  start();
  const { address } = poolFile();
  const taken = shoal('start', '-n', '1', '--port', address.split(':')[1]!);
  assert.is(taken.status, 2);
  assert.match(taken.err, 'is taken; choose another');
  assert.match(shoal('status', '--address', '127.0.0.1:1').err, `there is ${address}`);
  start();
  const several = shoal('status');
  assert.match(several.err, 'say which one: --address 127.0.0.1:');
  assert.match(several.err, address);
  assert.is(shoal('stop', '--address', address).status, 0);
  assert.is(shoal('stop').status, 0);

  writeFileSync(join(home, 'pools', '1.json'), '{"half');
  assert.match(shoal('status').err, 'start one with');
  assert.equal(files(), []);
  chmodSync(join(home, 'pools'), 0o755);
  assert.match(shoal('status').err, 'chmod 700');
  assert.match(shoal('start', '-n', '1').err, 'chmod 700');
  chmodSync(join(home, 'pools'), 0o700);
  mkdirSync(join(home, 'empty'));
  assert.match(shoal('start', '-n', '0').err, 'expected workers');
});

/** A test that fails must not leave its pool to the next. */
test.after.each(() => {
  for (const name of files()) {
    const { address } = JSON.parse(readFileSync(join(home, 'pools', name), 'utf8')) as PoolFile;
    shoal('stop', '--force', '--address', address);
  }
});
test.after(() => {
  rmSync(home, { recursive: true });
});

test.run();
