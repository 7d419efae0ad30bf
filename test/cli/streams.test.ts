/** Standard input and output of `shoal run`, and of a pool's driver, through a shell's pipes. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readProcess } from '../../src/native/proc.js';
import { until } from '../support/check.js';
import { SourceFolder } from '../support/source-folder.js';

const test = suite('standard streams');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const isMpi = process.env.SHOAL_TRANSPORT === 'mpi';
const folder = new SourceFolder();
const worker = `import { context } from ${JSON.stringify(import.meta.resolve('shoal/worker'))};\n`;
const driver = `import { launch } from ${JSON.stringify(import.meta.resolve('shoal'))};\n`;

const reading = folder.file(
  'reading.mjs',
  `${worker}import { createHash } from 'node:crypto';
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  console.log(context.rank, all.length, createHash('sha256').update(all).digest('hex'));`,
);
const silent = folder.file('silent.mjs', `console.log('done', process.stdin.isTTY);`);
/** Notes its process, then prints for ever. */
const endless = folder.file(
  'endless.mjs',
  `import { appendFileSync } from 'node:fs';
  appendFileSync(process.argv[2], process.pid + '\\n');
  for (let line = 0; ; line++) console.log(line, 'x'.repeat(100));`,
);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function end(child: ChildProcess): Promise<Ended> {
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

/** Run a line of shell, in which `$node` is Node and `$cli` the command. */
function shell(line: string): Promise<Ended> {
  const child = start('/bin/sh', ['-c', `node="$1"; cli="$2"; ${line}`, 'sh', process.execPath, cli]);
  child.stdin?.end();
  return end(child);
}

/** Run the command with an input. */
function shoal(args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  const child = start(process.execPath, [cli, 'run', ...args]);
  child.stdin?.on('error', () => undefined).end(input);
  return end(child);
}

const sorted = (text: string): string[] => text.trim().split('\n').sort();

/** One that its parent has not waited for is gone. */
function isLiving(pid: number): boolean {
  return ![undefined, 'Z', 'X'].includes(readProcess(pid)?.state);
}

/** What `reading` prints. */
function read(ranks: number, input: string | Uint8Array): string[] {
  return Array.from({ length: ranks }, (_, rank) => {
    const bytes = Buffer.from(rank === 0 ? input : '');
    return `${rank} | ${rank} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
  });
}

test('a reader that has had enough ends the command as SIGPIPE would, quietly, with all ranks', async () => {
  for (const [index, redirected] of ['', '2>&1', '3>&1 >/dev/null 2>&3'].entries()) {
    const notes = folder.file(`processes-${index}`, '');
    const stderr =
      index === 2 ? folder.file('errors.mjs', `console.log = console.error;\nawait import('./endless.mjs');`) : '';
    const script = stderr === '' ? endless : stderr;
    const { out, err } = await shell(
      `{ { "$node" "$cli" run -n 2 ${script} ${notes} ${redirected}; echo "exit $?" >&4; } | head -n 1; } 4>&2`,
    );
    assert.match(out, /^[01] \| 0 x+\n$/);
    assert.is(err, 'exit 141\n', redirected);
    const pids = readFileSync(notes, 'utf8').trim().split('\n').map(Number);
    assert.ok(pids.length >= 1);
    assert.equal(pids.filter(isLiving), []);
  }
});

test('a reader that leaves after the last line changes nothing', async () => {
  const { out, err } = await shell(`{ { "$node" "$cli" run -n 1 ${silent}; echo "exit $?" >&4; } | head -n 1; } 4>&2`);
  assert.equal([out, err], ['0 | done undefined\n', 'exit 0\n']);
});

test('rank 0 has the standard input of the command, the others an empty one', async () => {
  const large = Buffer.alloc(3_000_000, 'a line of input\n');
  for (const input of ['hello\n', '', large]) {
    const { code, out, err } = await shoal(['-n', '3', reading], input);
    assert.equal([code, err], [0, '']);
    assert.equal(sorted(out), read(3, input));
  }
});

test('the input may be a file, a pipe, or nothing', async () => {
  const file = folder.file('input', 'from a file\n'.repeat(10_000));
  const cases = [
    [`"$node" "$cli" run -n 2 ${reading} < ${file}`, readFileSync(file)],
    [`{ read -r line; "$node" "$cli" run -n 2 ${reading}; } < ${folder.file('two', 'one\ntwo\n')}`, 'two\n'],
    [`cat ${file} | "$node" "$cli" run -n 2 ${reading}`, readFileSync(file)],
    [`"$node" "$cli" run -n 2 ${reading} < /dev/null`, ''],
    [`"$node" "$cli" run -n 2 ${reading} <&-`, ''],
    [`"$node" "$cli" run -n 2 ${reading} & wait`, ''],
  ] as const;
  for (const [line, input] of cases) {
    const { code, out, err } = await shell(line);
    assert.equal([code, err, sorted(out)], [0, '', read(2, input)], line);
  }
});

test('descriptor 0 of rank 0 is that input as well', async () => {
  const script = folder.file(
    'descriptor.mjs',
    `${worker}import { closeSync, openSync, readFileSync } from 'node:fs';
    if (context.rank === 0) console.log(readFileSync('/dev/stdin', 'utf8').length);`,
  );
  const { out, err } = await shell(`yes | head -c 200000 | "$node" "$cli" run -n 2 ${script}`);
  assert.equal([out, err], ['0 | 200000\n', '']);
});

test('an input that nobody reads, or that never ends, keeps nobody waiting', async () => {
  const paused = folder.file(
    'paused.mjs',
    `${worker}import { createInterface } from 'node:readline/promises';
    if (context.rank === 0) {
      const lines = createInterface({ input: process.stdin });
      const line = await lines.question('');
      lines.close();
      console.log('got', line);
    }`,
  );
  for (const input of ['', 'first\nsecond\n', 'x\n'.repeat(500_000)]) {
    const child = start(process.execPath, [cli, 'run', '-n', '2', silent]);
    child.stdin?.on('error', () => undefined).write(input);
    const { code, out, err } = await end(child);
    assert.equal([code, err, sorted(out)], [0, '', ['0 | done undefined', '1 | done undefined']]);
  }
  const child = start(process.execPath, [cli, 'run', '-n', '2', paused]);
  child.stdin?.on('error', () => undefined).write('first\nsecond\n');
  const { code, out, err } = await end(child);
  assert.equal([code, err, out], [0, '', '0 | got first\n']);
});

test('lines that come one by one reach rank 0 while the others run', async () => {
  const echo = folder.file(
    'echo.mjs',
    `${worker}console.log('here');
    for await (const chunk of process.stdin) console.log('echo', String(chunk).trim());`,
  );
  const child = start(process.execPath, [cli, 'run', '-n', '2', '--no-label', echo]);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  for (const line of ['one', 'two', 'three']) {
    child.stdin?.write(`${line}\n`);
    await until(() => text.includes(`echo ${line}`), 60_000);
  }
  child.stdin?.end();
  assert.is((await end(child)).code, 0);
});

/** Prints lines, on every rank or on the last alone, and ends in one way or another. */
const printing = folder.file(
  'printing.mjs',
  `${worker}const lines = Number(process.argv[2]);
  const how = process.argv[3];
  const isLast = context.rank === context.size - 1;
  for (let line = 0; line < lines && (isLast || !how); line++) {
    console.log(line, 'x'.repeat(90));
    if (line % 10 === 0) console.error(line);
  }
  if (how === 'exit' && isLast) process.exit(3);
  if (how === 'kill' && isLast) process.kill(process.pid, 'SIGKILL');`,
);

const upTo = (end: number, step = 1): number[] => Array.from({ length: end / step }, (_, i) => i * step);
const outOf = (rank: number, lines: number): string =>
  upTo(lines)
    .map((line) => `${rank} | ${line} ${'x'.repeat(90)}\n`)
    .join('');
const errOf = (rank: number, lines: number): string =>
  upTo(lines, 10)
    .map((line) => `${rank} | ${line}\n`)
    .join('');
const linesOf = (rank: number, text: string): string => text.match(new RegExp(`^${rank} .*\n`, 'gm'))?.join('') ?? '';

test('5 MB reach a slow reader whole and in order, also when the ranks have long ended', async () => {
  const child = start(process.execPath, [cli, 'run', '-n', '2', printing, '26000']);
  child.stdin?.end();
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const closed = new Promise((resolve) => child.on('close', resolve));
  // Longer than a close waits for anything else.
  await sleep(6_500);
  let out = '';
  for await (const chunk of child.stdout ?? []) {
    out += String(chunk);
    await sleep(2);
  }
  assert.is(await closed, 0);
  assert.is(out.length, outOf(0, 26_000).length + outOf(1, 26_000).length);
  assert.is(err.length, errOf(0, 26_000).length + errOf(1, 26_000).length);
  // The mpiexec of Open MPI passes on pages, not lines, of ranks that print at once.
  if (process.env.SHOAL_MPIEXEC === 'mpiexec.openmpi') return;
  for (const rank of [0, 1]) {
    assert.ok(linesOf(rank, out) === outOf(rank, 26_000));
    assert.ok(linesOf(rank, err) === errOf(rank, 26_000));
  }
});

test('nothing that was printed before the end is lost', async () => {
  const exited = await shoal(['-n', '2', printing, '20000', 'exit']);
  assert.is(exited.code, 3);
  assert.ok(exited.out === outOf(1, 20_000));
  assert.ok(exited.err === errOf(1, 20_000));
  if (!isMpi) return;
  const killed = await shoal(['-n', '2', printing, '20000', 'kill']);
  assert.is(killed.code, 137);
  assert.ok(linesOf(1, killed.out) === outOf(1, 20_000));
  assert.ok(linesOf(1, killed.err).startsWith(errOf(1, 20_000)));
});

test('Ctrl-C ends a command whose reader takes nothing', async () => {
  const notes = folder.file('stalled', '');
  const child = start(process.execPath, [cli, 'run', '-n', '2', '--grace-ms', '100', endless, notes]);
  child.stdin?.end();
  await until(() => readFileSync(notes, 'utf8').split('\n').length === 3, 60_000);
  const exited = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGINT');
  assert.is(await exited, 130);
  child.stdout?.destroy();
  const pids = readFileSync(notes, 'utf8').trim().split('\n').map(Number);
  assert.equal(pids.filter(isLiving), []);
});

test('a pool goes on when nobody reads the output of its driver, and gives its tasks no input', async () => {
  folder.file(
    'task.mjs',
    `export default async function task(lines) {
      for (let line = 0; line < lines; line++) console.log(line, 'x'.repeat(90));
      let read = 0;
      for await (const chunk of process.stdin) read += chunk.length;
      return read;
    }`,
  );
  const file = folder.file(
    'driver.mjs',
    `${driver}const pool = await launch({ workers: 2 });
    const task = new URL('./task.mjs', import.meta.url);
    for (const lines of [5000, 5000]) {
      const read = await pool.run(task, { workers: 2, args: [lines], timeoutMs: 60_000 });
      console.error('read', ...read);
    }
    await pool.close();
    let own = '';
    for await (const chunk of process.stdin) own += chunk;
    console.error('driver', own.trim());`,
  );
  const { out, err } = await shell(
    `{ { echo for the driver | "$node" ${file}; echo "exit $?" >&2; } | head -n 1 >/dev/null; } && echo ok`,
  );
  assert.is(out, 'ok\n');
  assert.is(err, 'read 0 0\nread 0 0\ndriver for the driver\nexit 0\n');
});

test('what a task has printed comes out of a driver that does not close its pool', async () => {
  folder.file('print.mjs', `export default () => console.log('printed');`);
  const file = folder.file(
    'open.mjs',
    `${driver}const pool = await launch({ workers: 1 });
    await pool.run(new URL('./print.mjs', import.meta.url));`,
  );
  const { out, err } = await shell(`"$node" ${file}`);
  assert.match(out, /^t\S+\/0 \| printed\n$/);
  assert.is(err, '');
});

test('a disk that is full is said once, in one line, by commands and by ranks', async () => {
  const full = openSync('/dev/full', 'w');
  const say = folder.file('says.mjs', `for (let i = 0; i < 3; i++) console.log('line', i);`);
  const told: [args: readonly string[], code: number, text: RegExp][] = [
    [['complete', 'bash'], 1, /^error: standard output cannot be written: ENOSPC.*\n$/],
    [['run', '-n', '1', '--transport', 'threads', say], 0, /^0 \| what rank 0 prints is lost from now on: ENOSPC.*\n$/],
  ];
  for (const [args, expected, text] of told) {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', full, 'pipe'] });
    let err = '';
    child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal([code, err.match(text)?.length], [expected, 1], err);
  }
  closeSync(full);
});

test.after(() => folder.remove());

test.run();
