import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from 'shoal';
import { shoalCommand } from '../../src/cli/main.js';
import { nodeIdentity, readProcess } from '../../src/native/proc.js';
import { encodeAnswer } from '../../src/protocol/greeting.js';
import { encodeValue } from '../../src/protocol/values.js';
import { rejectsCode, until } from '../support/check.js';
import { Terminal } from '../support/terminal.js';
import { frameOf } from '../support/frame.js';

const test = suite('a pool that gives no sign of life');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const tasks = new URL('./tasks/detached.js', import.meta.url);
const home = mkdtempSync(join(tmpdir(), 'home-'));
const answerMs = 1_500;
const children: ChildProcess[] = [];
Object.assign(process.env, { SHOAL_HOME: home, SHOAL_ANSWER_MS: `${answerMs}`, NO_COLOR: '1' });

interface Command {
  readonly process: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

function shoal(...args: string[]): Command {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { process: child, out: () => out, err: () => err, ended };
}

test('is lost to all who wait for it, when its process is stopped, and knows nothing of it afterwards', async () => {
  const pool = shoal('start', '-n', '2');
  await until(() => pool.out().includes('pool of 2 workers'), 60_000);
  const { pid } = pool.process;
  const address = /at (127\.0\.0\.1:\d+)/.exec(pool.out())![1]!;
  const user = await connect();
  const trace = await user.trace();
  // Commands that have begun to wait.
  const file = fileURLToPath(tasks);
  const out = join(home, 'trace.json');
  const tracing = await Terminal.open([process.execPath, cli, 'trace', '--out', out], {
    env: { SHOAL_HOME: home, SHOAL_ANSWER_MS: `${answerMs}` },
  });
  const submit = shoal('submit', '--export', 'chatty', file, '600000');
  const [top, logs] = [shoal('top', '--interval', '0.1'), shoal('logs', '--follow')];
  await until(() => logs.out().includes('begun') && top.out() !== '' && tracing.text.includes('recording'), 20_000);
  const stop = shoal('stop');
  await until(() => readFileSync(join(home, 'pools', `${pid}.json`), 'utf8').includes('"ending":true'), 20_000);
  pool.process.kill('SIGSTOP');
  // Those that come then.
  const id = /task (\S+)/.exec(submit.err())![1]!;
  const late = [
    ['submit', file],
    ['status'],
    ['status', '--metrics'],
    ['tasks'],
    ['top', '--once'],
    ['dashboard'],
    ['logs'],
    ['explain'],
    ['trace', '--out', out],
    ['cancel', id],
    ['stop', '--force'],
  ].map((args) => rejectsCode(shoalCommand().parseAsync(args, { from: 'user' }), 'LAUNCH'));
  const asked = [
    user.run(tasks, { export: 'sleep', args: [600_000] }),
    user.gang({ workers: 1 }),
    user.share(new Float64Array(4)),
    user.stats(),
    user.metrics(),
    user.explain(),
    user.trace(),
    trace.stop(),
  ].map((promise) => rejectsCode(promise, 'CLOSED'));
  const isStopped = `its process ${pid} is stopped: kill -CONT ${pid} lets it go on, kill -KILL ${pid} ends it`;
  const lost = `the pool at ${address} has given no sign of life for ${answerMs} ms; ${isStopped}`;
  for (const error of await Promise.all(asked)) assert.is(error.message, lost);
  assert.is((await rejectsCode(user.stats(), 'CLOSED')).message, lost);
  await user.close();
  for (const error of await Promise.all(late)) {
    assert.is(error.message, `the pool at ${address} did not answer within ${answerMs} ms; ${isStopped}`);
  }
  for (const { err, ended } of [submit, top, logs, stop]) {
    assert.is(await ended, 1, err());
    assert.is(err().split('\n').at(-2), `error: ${lost} (ERR_SHOAL_CLOSED)`, err());
  }
  assert.is(await tracing.ended, 1);
  assert.match(tracing.text, lost);
  // What it was told before holds.
  pool.process.kill('SIGCONT');
  assert.is(await pool.ended, 0, pool.err());
});

/** A file of a pool whose process is that of this test. */
function pretend(port: number): void {
  const { pid, startTime } = readProcess('self')!;
  const { bootId, pidNamespace } = nodeIdentity();
  mkdirSync(join(home, 'pools'), { recursive: true, mode: 0o700 });
  const address = { address: `127.0.0.1:${port}`, token: 'ab'.repeat(32), pid, startTime, bootId, pidNamespace };
  writeFileSync(join(home, 'pools', `${pid}.json`), JSON.stringify(address), { mode: 0o600 });
}

/** Somebody who listens in its place. */
async function stranger(says: (socket: Socket, greeting: Buffer) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', (greeting: Buffer) => says(socket, greeting));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pretend((server.address() as AddressInfo).port);
  return server;
}

test('or a stranger at its port is told in one error: silence, noise, half a protocol', async () => {
  const admitted = encodeAnswer('admitted');
  const status = encodeValue({ workers: [] }, 'status');
  const welcome = (given: Uint8Array): Buffer =>
    Buffer.concat([admitted, frameOf({ type: 'welcome', session: 's1', maxMessageBytes: 1_000, status: given })]);
  const silent =
    /^the pool at \S+ did not answer within 200 ms; its process \d+ is there, and starts, is busy or hangs/;
  const others: [says: Buffer, text: RegExp][] = [
    [Buffer.alloc(0), silent],
    [admitted.subarray(0, 7), silent],
    [admitted, silent],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak the protocol of Shoal; its process \d+ is there/],
    [Buffer.concat([admitted, Buffer.alloc(100, 255)]), /cannot be understood: .*; use the same version of shoal/],
    [
      welcome(Buffer.alloc(9, 7)),
      /cannot be understood: an encoded value is truncated or damaged; use the same version/,
    ],
    [welcome(encodeValue({ workers: 3 }, 'status')), /cannot be understood: a status that is none; use the same/],
  ];
  for (const [says, text] of others) {
    process.env.SHOAL_ANSWER_MS = text === silent ? '200' : '10000';
    const server = await stranger((socket) => socket.write(says));
    assert.match((await rejectsCode(connect(), 'LAUNCH')).message, text);
    server.close();
  }
  // Whoever has been taken for a pool, and does not answer, or with nonsense.
  const answered: [value: Uint8Array | undefined, code: string, text: RegExp][] = [
    [undefined, 'LAUNCH', /lives, and has not answered stats within 1000 ms; try again/],
    [encodeValue(5, 'stats'), 'CLOSED', /cannot be understood: the answer to "stats" is none; use the same version/],
    [Buffer.alloc(20, 9), 'CLOSED', /cannot be understood: an encoded value is truncated or damaged; use the same/],
  ];
  for (const [value, code, text] of answered) {
    process.env.SHOAL_ANSWER_MS = value ? '10000' : '1000';
    const server = await stranger((socket) => {
      socket.write(welcome(status));
      const beats = setInterval(() => socket.write(frameOf({ type: 'beat' })), 20);
      socket.on('close', () => clearInterval(beats));
      if (value) socket.on('data', () => socket.write(frameOf({ type: 'answer', id: 1, value })));
    });
    const pool = await connect();
    assert.match((await rejectsCode(pool.stats(), code)).message, text);
    await pool.close();
    server.close();
  }
});

test.after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});
test.run();
