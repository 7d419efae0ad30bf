/** `shoal top` on a terminal, in pipes and for programs. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SourceFolder } from '../support/source-folder.js';
import { Terminal } from '../support/terminal.js';

const test = suite('shoal top');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'home-'));
const env = { ...process.env, SHOAL_HOME: home };
const folder = new SourceFolder();
const file = folder.file(
  'tasks.mjs',
  `import { collective } from ${JSON.stringify(import.meta.resolve('shoal/worker'))};
  export function failing() { throw new RangeError('no such \\x1b[2J shard'); }
  export async function summing() { await collective.allreduce(new Float32Array(1000)); }
  export function napping() { return new Promise((resolve) => setTimeout(resolve, 600_000)); }`,
);
const top = [process.execPath, cli, 'top', '--interval', '0.2'];
const restored = '\x1b[?7h\x1b[?25h\x1b[?1049l';
let pid = 0;

function shoal(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { env, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

function open(columns: number, rows: number, more: NodeJS.ProcessEnv = {}): Promise<Terminal> {
  return Terminal.open(top, { columns, rows, env: { SHOAL_HOME: home, ...more } });
}

const hasPicture = (text: string): boolean => text.includes('training') && text.endsWith('\x1b[J');

test.before(() => {
  const started = shoal('start', '-n', '2', '--detach', '--json');
  ({ pid } = JSON.parse(started.out) as { pid: number });
  assert.is(shoal('submit', '--export', 'failing', file).code, 1);
  assert.is(shoal('submit', '-n', '2', '--export', 'summing', file).code, 0);
  shoal('submit', '--detach', '--name', 'training', '--export', 'napping', file);
  shoal('submit', '--detach', '--name', 'evaluation', '-n', '2', '--export', 'napping', file);
});

test('refuses an interval that is none', () => {
  for (const interval of ['0', '-1', '3601', 'x', '']) {
    const { code, out, err } = shoal('top', '--once', '--interval', interval);
    assert.is(code, 2, interval);
    assert.is(out, '');
    assert.match(err, 'expected');
  }
});

test('--once --json: one object with workers, queue, collectives and failures from before', () => {
  const { out, code } = shoal('top', '--once', '--json', '--interval', '0.1');
  assert.is(code, 0);
  assert.is(out.split('\n').length, 2);
  const { workers, nodes, tasks, queue, collectives, failures, address } = JSON.parse(out) as {
    workers: object;
    nodes: { workers: { state: string; name: string | null; ranMs: number | null }[] }[];
    tasks: Record<string, number>;
    queue: { name: string; why: string }[];
    collectives: { calls: number; by: { of: string; calls: number }[] };
    failures: { name: string; code: string; message: string }[];
    address: string;
  };
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  assert.equal(workers, { idle: 1, busy: 1, lost: 0 });
  const busy = nodes.flatMap((node) => node.workers).filter(({ state }) => state === 'busy');
  assert.equal([busy.length, busy[0]!.name], [1, 'training']);
  assert.ok(busy[0]!.ranMs! > 0);
  assert.equal([tasks.running, tasks.waiting, tasks.succeeded, tasks.failed], [1, 1, 1, 1]);
  assert.equal(queue[0]!.name, 'evaluation');
  assert.match(queue[0]!.why, 'wants 2 workers at once; 1 idle');
  assert.is(collectives.calls, 2);
  assert.equal(
    collectives.by.map(({ of, calls }) => [of, calls]),
    [['tasks.mjs summing', 2]],
  );
  assert.equal(failures.length, 1);
  assert.equal([failures[0]!.name, failures[0]!.code], ['tasks.mjs failing', 'ERR_SHOAL_TASK_FAILED']);
});

test('a pipe gets plain pictures until its reader has gone', async () => {
  const child = spawn(process.execPath, [...top.slice(1)], {
    env: { ...env, CI: 'true', FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
  const exited = new Promise((resolve) => child.on('exit', resolve));
  for await (const chunk of child.stdout) {
    out += String(chunk);
    if (out.split('Last failures').length > 2) break;
  }
  assert.is(await exited, 141);
  assert.is(err, '');
  assert.not.match(out, '\x1b');
  assert.match(out, /^● .* busy .* training for /m);
  assert.match(out, /^◌ .* evaluation wants 2 workers at once; 1 idle$/m);
  assert.match(out, /^✕ .* tasks\.mjs failing .*no such \\x1b\[2J shard$/m);
});

test('a terminal is drawn on in place, in any size, and is as it was afterwards', async () => {
  const terminal = await open(80, 24);
  await terminal.shows((text) => text.split('\x1b[H').length > 3 && hasPicture(text));
  assert.ok(terminal.text.startsWith('\x1b[?1049h'));
  assert.match(terminal.text, '\x1b[32m●');
  for (const [columns, rows] of [
    [20, 10],
    [20, 50],
    [1, 1],
    [200, 12],
  ] as const) {
    const before = terminal.text.length;
    terminal.resize(columns, rows);
    await terminal.shows((text) => text.slice(before).split('\x1b[J').length > 3);
    const { picture } = terminal;
    assert.ok(picture.length <= rows, `${picture.length} lines of ${rows}`);
    for (const line of picture) assert.ok(line.length <= columns, `${columns} columns: ${line}`);
    if (columns === 20 && rows === 50) assert.match(picture.join('\n'), /^●.*training|^● +\d \S+ tra…/m);
  }
  terminal.press('xq');
  assert.is(await terminal.ended, 0);
  assert.ok(terminal.text.endsWith(restored), JSON.stringify(terminal.text.slice(-200)));
});

test('Ctrl-C quits, NO_COLOR takes the colours, and TERM=dumb the drawing', async () => {
  const terminal = await open(80, 24, { NO_COLOR: '1' });
  await terminal.shows(hasPicture);
  terminal.press('\x03');
  assert.is(await terminal.ended, 0);
  // eslint-disable-next-line no-control-regex -- colours begin with it
  assert.not.match(terminal.text, /\x1b\[\d+m/);
  const dumb = await open(80, 24, { TERM: 'dumb' });
  await dumb.shows((text) => text.includes('Last failures'));
  dumb.press('\x03');
  await dumb.ended;
  assert.not.match(dumb.text, '\x1b');
});

test('a signal ends it with the terminal as it was', async () => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const terminal = await open(80, 24);
    await terminal.shows(hasPicture);
    terminal.kill(signal);
    assert.is(await terminal.ended, code);
    assert.ok(terminal.text.endsWith(restored));
  }
});

test('a pool that does not answer is told of, and two that look at one that is killed end with it', async () => {
  const both = await Promise.all([open(80, 24), open(40, 10)]);
  await Promise.all(both.map((terminal) => terminal.shows(hasPicture)));
  process.kill(pid, 'SIGSTOP');
  await Promise.all(both.map((terminal) => terminal.shows((text) => /! no answer for \d+ s/.test(text))));
  process.kill(pid, 'SIGKILL');
  for (const terminal of both) {
    assert.is(await terminal.ended, 0);
    assert.match(terminal.text.split(restored)[1]!, /^the pool at 127\.0\.0\.1:\d+ has ended\r\n$/);
  }
  const { code, err } = shoal('top', '--once');
  assert.is(code, 2);
  assert.match(err, /no pool of this user is running.*ERR_SHOAL_LAUNCH/);
});

test.after(() => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The last test has ended it.
  }
  folder.remove();
  rmSync(home, { recursive: true, force: true });
});

test.run();
