import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Packr } from 'msgpackr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from 'shoal';
import type { Role } from '../../src/protocol/greeting.js';
import { encodeGreeting, greet, protocolVersion } from '../../src/protocol/greeting.js';
import { newToken } from '../../src/protocol/token.js';
import { until } from '../support/check.js';
import { framed, frameOf } from '../support/frame.js';
import { strange } from '../support/stranger.js';

const test = suite('strangers');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const tasks = new URL('./tasks/detached.js', import.meta.url);
const home = mkdtempSync(join(tmpdir(), 'home-'));
const isRoot = process.getuid?.() === 0;
process.env.SHOAL_HOME = home;
const pools: ChildProcess[] = [];

/** References that unfold: some hundred bytes that a decoder which follows them never gets to the end of. */
function unfolding(): Buffer {
  let value: unknown = ['x'];
  for (let depth = 0; depth < 40; depth++) value = [value, value];
  const body = new Packr({ structuredClone: true }).pack({ type: 'hello', version: 1, value });
  return framed(body);
}

/** What those send who have no token. */
const sends = (role: Role): Buffer[] => [
  Buffer.alloc(0),
  encodeGreeting(role, newToken()).subarray(0, 43),
  encodeGreeting(role, newToken()).subarray(0, 1),
  encodeGreeting(role, newToken()),
  encodeGreeting(role, newToken(), protocolVersion + 1),
  Buffer.concat([encodeGreeting(role, newToken()), unfolding()]),
  Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  Buffer.alloc(100_000, 0xff),
  unfolding(),
  frameOf({ type: 'stop', force: true, timeoutMs: null }),
];

test('hundreds of strangers, of another user too, learn nothing, keep nobody out, and leave no descriptor', async () => {
  const pool = spawn(process.execPath, [cli, 'start', '-n', '2'], { stdio: ['ignore', 'pipe', 'inherit'] });
  pools.push(pool);
  let said = '';
  pool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('pool of 2 workers'), 60_000);
  const { address, token } = JSON.parse(readFileSync(join(home, 'pools', `${pool.pid}.json`), 'utf8')) as {
    address: string;
    token: string;
  };
  const [host, port] = address.split(':');
  const descriptors = (): number => readdirSync(`/proc/${pool.pid}/fd`).length;
  const run = async (): Promise<void> => {
    const user = await connect(address);
    assert.equal(await user.run(tasks, { workers: 2, args: [2] }), [6, 6]);
    await user.close();
  };
  await run();
  const before = descriptors();

  const places: [NetConnectOpts, Role][] = [[{ host: host!, port: Number(port) }, 'user']];
  // With processes: the socket of their job, which another user does not reach at all.
  const folder = jobFolder(pool.pid!);
  if (folder !== undefined) places.push([{ path: join(folder, 'node') }, 'rank']);
  for (const [where, role] of places) {
    for (const other of isRoot ? [true, false] : [false]) {
      let attacked = false;
      const attack = strange({ where, sends: sends(role), connections: 400 }, other).then((report) => {
        attacked = true;
        return report;
      });
      // The pool works meanwhile, also for those who come while strangers sit there.
      let times = 0;
      do {
        await run();
        times++;
      } while (!attacked);
      const report = await attack;
      assert.ok(times > 0);
      assert.equal([report.closed, report.answered], [400, 0], JSON.stringify(report));
      assert.is(report.connected, 'path' in where && other ? 0 : 400, JSON.stringify(report));
      assert.is(report.uid, other ? 65534 : process.getuid!());
      await until(() => descriptors() <= before, 20_000);
    }
  }
  assert.is(folder !== undefined, process.env.SHOAL_TRANSPORT === 'mpi');

  // With the token: what is no message ends that connection, and nothing else.
  for (const bytes of [unfolding(), Buffer.alloc(100_000, 0xff), frameOf({ type: '__proto__' })]) {
    const socket = await greet(() => connectSocket({ host: host!, port: Number(port) }), 'user', token, 10_000);
    await new Promise((resolve) => {
      socket.on('close', resolve).on('error', () => undefined);
      socket.resume().write(bytes);
    });
  }
  await run();
  await until(() => descriptors() <= before, 20_000);
  const ended = new Promise((resolve) => pool.once('exit', resolve));
  pool.kill('SIGTERM');
  assert.is(await ended, 0);
});

/** The folder whose owner is this process. */
function jobFolder(pid: number): string | undefined {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith('shoal-'));
  return folders.map((name) => join(tmpdir(), name)).find((folder) => ownerOf(folder) === pid);
}

function ownerOf(folder: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as { pid: number }).pid;
  } catch {
    return undefined; // another test's, which is being made or removed
  }
}

test.after(() => {
  for (const pool of pools) pool.kill('SIGKILL');
  rmSync(home, { recursive: true });
});
test.run();
