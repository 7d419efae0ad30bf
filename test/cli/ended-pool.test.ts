import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from 'shoal';
import { nodeIdentity } from '../../src/native/proc.js';
import { rejectsCode, until } from '../support/check.js';
import { Terminal } from '../support/terminal.js';

const test = suite('a pool that has ended');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const tasks = new URL('./tasks/detached.js', import.meta.url);
const home = mkdtempSync(join(tmpdir(), 'home-'));
const temporary = join(home, 'tmp');
const isMpi = process.env.SHOAL_TRANSPORT === 'mpi';
const pools: ChildProcess[] = [];
mkdirSync(temporary);
Object.assign(process.env, { SHOAL_HOME: home, TMPDIR: temporary });

interface Started {
  readonly pool: ChildProcess;
  readonly port: number;
  readonly said: () => string;
  readonly ended: Promise<number | NodeJS.Signals>;
}

async function started(env: Readonly<Record<string, string>> = {}, ...args: string[]): Promise<Started> {
  const pool = spawn(process.execPath, [cli, 'start', '-n', '2', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  pools.push(pool);
  let text = '';
  for (const stream of [pool.stdout, pool.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    pool.once('exit', (code, signal) => resolve(signal ?? code!));
  });
  await until(() => text.includes('pool of 2 workers') || pool.exitCode !== null, 60_000);
  const port = Number(/at 127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
  return { pool, port, said: () => text, ended };
}

/** Nobody finds it, nobody listens, and it has left no file. */
async function isGone(port: number): Promise<void> {
  await rejectsCode(connect(), 'LAUNCH');
  assert.equal(readdirSync(join(home, 'pools')), []);
  await until(() => readdirSync(temporary).filter((name) => name.startsWith('shoal-')).length === 0, 20_000);
  const code = await new Promise((resolve) => {
    connectSocket({ host: '127.0.0.1', port }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  assert.is(code, 'ECONNREFUSED');
}

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
  test(`by ${signal}: its file, its socket and its process are gone`, async () => {
    const { pool, port, ended } = await started();
    pool.kill(signal);
    assert.is(await ended, 0);
    await isGone(port);
  });
}

test('what waits for it ends at once, in one line: a trace, logs and a task', async () => {
  const { pool, ended } = await started();
  const out = join(home, 'trace.json');
  const trace = await Terminal.open([process.execPath, cli, 'trace', '--out', out], { env: { SHOAL_HOME: home } });
  await until(() => trace.text.includes('recording; Ctrl-C ends it'));
  const others = [['logs', '--follow'], ['submit', '--export', 'chatty', fileURLToPath(tasks), '600000'], ['top']].map(
    (args) => {
      const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      pools.push(child);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const left = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
      return { left, said: () => text };
    },
  );
  const [logs, task, top] = others as [(typeof others)[0], (typeof others)[0], (typeof others)[0]];
  await until(() => logs.said().includes('begun') && top.said() !== '', 20_000);
  pool.kill('SIGKILL');
  assert.is(await ended, 'SIGKILL');
  assert.is(await trace.ended, 1);
  assert.match(
    trace.text,
    /error\S*: trace: the pool at \S+ has ended; what was recorded .* is lost \(ERR_SHOAL_CLOSED\)/,
  );
  assert.not.ok(existsSync(out), 'no file of what is lost');
  assert.is(await logs.left, 0);
  assert.is(await task.left, 1);
  assert.match(task.said(), /the pool at \S+ has gone before task \S+ had ended \(ERR_SHOAL_CLOSED\)\n/);
  assert.is(await top.left, 0);
  assert.match(top.said(), 'has ended\n');
});

test('by an error that nobody has caught, or by SIGKILL', async () => {
  const throws = join(home, 'throws.mjs');
  // The pool's own process alone: its workers inherit the option.
  const text = `if (process.argv[2] === 'start') process.once('SIGUSR2', () => { throw new Error('nobody caught this'); });`;
  writeFileSync(throws, text);
  const first = await started({ NODE_OPTIONS: `--import=${throws}` });
  first.pool.kill('SIGUSR2');
  assert.is(await first.ended, 1);
  assert.match(first.said(), 'nobody caught this');
  await isGone(first.port);
  const second = await started();
  second.pool.kill('SIGKILL');
  assert.is(await second.ended, 'SIGKILL');
  await isGone(second.port);
});

test('because its workers cannot be started again', async () => {
  // Processes: an mpiexec that works once. Threads: a module before every thread that fails from now on.
  const flag = join(home, 'broken');
  const broken = join(home, 'broken.mjs');
  const check = `import { existsSync } from 'node:fs'; import { isMainThread } from 'node:worker_threads';`;
  writeFileSync(broken, `${check} if (!isMainThread && existsSync(${JSON.stringify(flag)})) process.exit(3);`);
  const shim = join(home, 'mpiexec');
  const really = process.env.SHOAL_MPIEXEC ?? 'mpiexec';
  writeFileSync(shim, `#!/bin/sh\n[ -e ${flag} ] && exit 1\nexec ${really} "$@"\n`, { mode: 0o755 });
  const { port, said, ended } = isMpi
    ? await started({}, '--mpiexec', shim)
    : await started({ NODE_OPTIONS: `--import=${broken}` });
  const user = await connect();
  writeFileSync(flag, '');
  const { pid } = user.status().workers[0]!;
  if (isMpi) process.kill(pid, 'SIGKILL');
  else await user.run(tasks, { export: 'exit' }).catch(() => undefined);
  assert.is(await ended, 1, said());
  // What it has printed may come after the word of its end.
  await until(() => said().includes('the pool ends: '));
  rmSync(flag);
  await isGone(port);
});

test('a file of a pool that is gone, or a zombie, is not believed', async () => {
  const { bootId, pidNamespace } = nodeIdentity();
  const zombie = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  pools.push(zombie);
  const pid = await new Promise<number>((resolve) => {
    zombie.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  const stat = (): string[] => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  };
  await until(() => stat()[0] === 'Z');
  const address = { address: '127.0.0.1:1', token: '', pid, startTime: Number(stat()[19]), bootId, pidNamespace };
  const file = join(home, 'pools', `${pid}.json`);
  for (const each of [address, { ...address, pid: 2 ** 22 + 1 }, { ...address, startTime: 1 }]) {
    writeFileSync(file, JSON.stringify(each));
    assert.match((await rejectsCode(connect(), 'LAUNCH')).message, 'no pool of this user is running');
    assert.not.ok(existsSync(file));
  }
});

test('what a driver that was killed has left is removed by the next launch of this user', async () => {
  if (!isMpi) {
    assert.equal(readdirSync(temporary), [], 'threads make no folder');
    return;
  }
  const { hostname, bootId, pidNamespace } = nodeIdentity();
  const owner = { pid: 2 ** 22 + 1, startTime: 1, hostname, bootId, pidNamespace };
  const make = (name: string, text: string | undefined): string => {
    const folder = join(temporary, name);
    mkdirSync(folder, { mode: 0o700 });
    if (text !== undefined) writeFileSync(join(folder, 'owner.json'), text);
    return folder;
  };
  const stale = [make('shoal-stale', JSON.stringify(owner)), make('shoal-empty1', undefined)];
  const full = make('shoal-full01', undefined);
  writeFileSync(join(full, 'file'), '');
  const kept = [
    full,
    make('shoal-other', JSON.stringify({ ...owner, pidNamespace: 'of a container' })),
    make('shoal-unknown', undefined),
    make('shoal-damaged', '{'),
    make('another', JSON.stringify(owner)),
  ];
  const { pool, ended } = await started();
  assert.not.ok(stale.some(existsSync));
  assert.ok(kept.every(existsSync));
  for (const folder of kept) rmSync(folder, { recursive: true });
  pool.kill('SIGTERM');
  await ended;
});

test('a driver that is killed while it starts leaves nothing', async () => {
  for (const delayMs of isMpi ? [50, 150, 250, 350, 500, 700] : [50, 150]) {
    const driver = spawn(process.execPath, [cli, 'start', '-n', '2'], { stdio: 'ignore' });
    pools.push(driver);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    driver.kill('SIGKILL');
  }
  await until(() => readdirSync(temporary).length === 0, 30_000).catch(() => {
    // Killed before a rank was there: the next launch removes it.
  });
  const { pool, port, ended } = await started();
  pool.kill('SIGTERM');
  await ended;
  await isGone(port);
});

test.after(() => {
  for (const pool of pools) pool.kill('SIGKILL');
  rmSync(home, { recursive: true });
});
test.run();
