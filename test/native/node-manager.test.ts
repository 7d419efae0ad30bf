import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LaunchError, WorkerDiedError } from '../../src/errors.js';
import { nodeIdentity, readProcess } from '../../src/native/proc.js';
import { NodeManager } from '../../src/node-manager/node-manager.js';
import { Connection } from '../../src/protocol/connection.js';
import type { FromRank, RankRow, ToRank } from '../../src/protocol/control-messages.js';
import { toRank } from '../../src/protocol/control-shapes.js';
import { encodeGreeting, greet, protocolVersion } from '../../src/protocol/greeting.js';
import { rejectsCode, throwsCode, until } from '../support/check.js';

const test = suite('node manager');
const token = 'a'.repeat(64);
const world = { worldSize: 4, agents: 1 };

/** A node manager at a socket, and what it has reported. */
async function opened(): Promise<{
  manager: NodeManager;
  seen: string[];
  died: WorkerDiedError[];
  failed: LaunchError[];
  path: string;
  join: (row: RankRow) => Promise<{ inbox: ToRank[]; connection: Connection<ToRank, FromRank>; closed: Promise<void> }>;
  close: () => void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'node-manager-'));
  const path = join(folder, 'node');
  const [seen, died, failed]: [string[], WorkerDiedError[], LaunchError[]] = [[], [], []];
  const threads = { env: undefined, execArgv: undefined, resourceLimits: undefined, logDir: undefined };
  const limits = { windowBytes: false as const, startTimeoutMs: 1_000, maxMessageBytes: 1_000, threads };
  const manager = new NodeManager(
    {
      ...world,
      token,
      lastOutput: (worldRank) => (worldRank === 0 ? 'said before' : ''),
      welcome: () => {
        const launcher = { pid: -1, startTime: -1 };
        return { type: 'welcome', rendezvous: 'intercomm', script: undefined, folder, launcher, ...limits };
      },
    },
    {
      connected: () => undefined,
      gathered: (rows) => void seen.push(`gathered ${rows.length}`),
      registered: () => void seen.push('registered'),
      failed: (error) => void failed.push(error),
      message: (worldRank, { type }) => void seen.push(`${type} of ${worldRank}`),
      died: (_, error) => void died.push(error),
      refused: (text) => void seen.push(text),
    },
  );
  await manager.open(path);
  const clients: Connection<ToRank, FromRank>[] = [];
  return {
    manager,
    seen,
    died,
    failed,
    path,
    join: async (row) => {
      const inbox: ToRank[] = [];
      let end!: () => void;
      const closed = new Promise<void>((resolve) => (end = resolve));
      const socket = await greet(() => connect(path), 'rank', token, 5_000);
      const connection = new Connection<ToRank, FromRank>(socket, 1e6, toRank, {
        message: (message) => void inbox.push(message),
        closed: () => end(),
      });
      clients.push(connection);
      connection.send({ type: 'hello', row });
      return { inbox, connection, closed };
    },
    close: () => {
      manager.dismiss();
      for (const client of clients) client.close();
      manager.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const children: ChildProcess[] = [];
/** The row of a process of its own, which does what a shell is told. */
function rowOf(rank: number, script = 'sleep 60'): RankRow {
  const child = spawn('sh', ['-c', `read line; ${script}`], { stdio: ['pipe', 'ignore', 'ignore'] });
  children.push(child);
  const { startTime } = readProcess(child.pid!)!;
  const versions = { shoal: '0', node: '0' };
  return { rank, size: 4, pid: child.pid!, startTime, startupToken: `t${child.pid}`, versions, ...nodeIdentity() };
}

test('takes registrations on by start-up token, and adopts its own rows alone', async () => {
  const { manager, seen, join: enter, close } = await opened();
  const rows = [rowOf(1), rowOf(2)];
  const [agent, ...workers] = await Promise.all([rowOf(0), ...rows].map((row) => enter(row)));
  await until(() => [agent!, ...workers].every(({ inbox }) => inbox[0]?.type === 'welcome'));
  workers[0]!.connection.send({ type: 'mpiReady' });
  agent!.connection.send({ type: 'gathered', rows });
  await until(() => seen.includes('gathered 2'));
  manager.adopt([rows[0]!]);
  await until(() => workers[0]!.inbox.at(-1)?.type === 'adopted' && agent!.inbox.at(-1)?.type === 'adopted');
  assert.is(workers[1]!.inbox.length, 1, 'the row of another host was not its own');
  workers[0]!.connection.send({ type: 'registered', window: true, files: [] });
  await until(() => seen.includes('registered'));
  const { connected, mpiReady, gathered, registered } = manager.entry(0)!.phases;
  assert.ok(connected! <= mpiReady! && mpiReady! <= gathered! && gathered! <= registered!);
  const { rssBytes } = manager.usage(0)!;
  assert.ok(rssBytes > 100_000 && rssBytes < 100_000_000, `${rssBytes} bytes`);
  close();
});

test('rows that are not those of the processes that have connected are refused before any is told', async () => {
  const { manager, join: enter, close } = await opened();
  const [first, second] = [rowOf(1), rowOf(2)];
  const workers = await Promise.all([enter(first), enter(second)]);
  await until(() => workers.every(({ inbox }) => inbox.length === 1));
  for (const wrong of [
    { ...second, startupToken: 'x' },
    { ...second, startTime: second.startTime + 1 },
    { ...second, pid: first.pid },
    { ...second, rank: 3 },
  ]) {
    const { message } = throwsCode(() => manager.adopt([first, wrong]), 'LAUNCH');
    assert.match(message, 'is not that of a process that has connected');
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(
    workers.map(({ inbox }) => inbox.length),
    [1, 1],
  );
  close();
});

test('refuses and names who comes twice, with another token, in another version or from another world', async () => {
  const { manager, seen, failed, path, join: enter, close } = await opened();
  const row = rowOf(1);
  const first = await enter(row);
  await until(() => first.inbox.length === 1);
  await (
    await enter(row)
  ).closed;
  await (
    await enter({ ...rowOf(1), startupToken: 'other' })
  ).closed;
  await (
    await enter({ ...rowOf(2), startupToken: row.startupToken })
  ).closed;
  assert.equal(
    seen.map((text) => text.includes('before')),
    [true, true, true],
  );
  for (const given of ['b'.repeat(64), '']) {
    await rejectsCode(
      greet(() => connect(path), 'rank', given, 5_000),
      'PROTOCOL',
    );
  }
  assert.equal(
    seen.slice(3).map((text) => text.includes('not that of this job')),
    Array(2).fill(true),
  );
  assert.is(failed.length, 0);
  await new Promise<void>((resolve) => {
    const socket = connect(path).on('close', () => resolve());
    socket.on('data', () => undefined).write(encodeGreeting('rank', token, protocolVersion + 1));
  });
  await (
    await enter({ ...rowOf(3), size: 2 })
  ).closed;
  assert.match(failed[0]!.message, `speaks version ${protocolVersion + 1} of the protocol, this process version`);
  assert.match(failed[1]!.message, 'worlds of 2');
  assert.is(manager.entries.length, 1);
  assert.is(first.inbox.length, 1, 'the one that was there stays');
  close();
});

for (const [script, exitKind, signal] of [
  ['exit 3', 'exit', undefined],
  ['kill -SEGV $$', 'signal', 'SIGSEGV'],
  ['kill -KILL $$', 'signal', 'SIGKILL'],
] as const) {
  test(`says how a worker has ended: ${script}`, async () => {
    const { died, join: enter, close } = await opened();
    const row = rowOf(1, script);
    const { inbox, connection } = await enter(row);
    await until(() => inbox.length === 1);
    children.at(-1)!.stdin!.write('\n');
    await new Promise((resolve) => children.at(-1)!.once('exit', resolve));
    connection.close();
    await until(() => died.length === 1);
    const [error] = died;
    assert.equal([error!.exitKind, error!.signal], [exitKind, signal], error!.message);
    assert.is(error!.pid, row.pid);
    close();
  });
}

test('ends a worker that it is told to end, and no process that has its pid by chance', async () => {
  const { manager, died, join: enter, close } = await opened();
  const [row, bystander] = [rowOf(1), rowOf(2)];
  const worker = await enter(row);
  const other = await enter({ ...bystander, startTime: bystander.startTime - 1 });
  await until(() => worker.inbox.length === 1 && other.inbox.length === 1);
  manager.kill(1, 'was ended for a test', 'SIGKILL');
  manager.kill(0, 'was ended for a test', 'SIGKILL');
  worker.connection.close();
  await until(() => died.length === 1);
  assert.equal([died[0]!.exitKind, died[0]!.pid], ['ended', row.pid]);
  assert.match(died[0]!.message, 'was ended for a test. Its last output:\nsaid before');
  assert.is(readProcess(bystander.pid)?.startTime, bystander.startTime, 'the bystander lives');
  assert.is(manager.usage(1), undefined);
  close();
});

test('a worker that sends what is no message is ended', async () => {
  const { died, join: enter, close } = await opened();
  const row = rowOf(1);
  const { inbox, connection } = await enter(row);
  await until(() => inbox.length === 1);
  connection.send(7 as unknown as FromRank);
  await until(() => died.length === 1);
  assert.is(died[0]!.exitKind, 'ended');
  close();
});

test.after(() => {
  for (const child of children) child.kill('SIGKILL');
});

test.run();
