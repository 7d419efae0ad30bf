/** What the command prints for people and for programs: one line of an error, the story, JSON. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SourceFolder } from '../support/source-folder.js';
import { Terminal } from '../support/terminal.js';

const test = suite('one line, --verbose and --json');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'home-'));
const folder = new SourceFolder();
const file = folder.file(
  'tasks.mjs',
  `import { collective, context } from ${JSON.stringify(import.meta.resolve('shoal/worker'))};
  export function add(a, b) { console.log('adding'); return new Float32Array([a, b, context.rank]); }
  export function echo(...args) { return args; }
  export function returning(text) { return (0, eval)(text); }
  export function failing() { throw new RangeError('no such\\nshard', { cause: new TypeError('inner') }); }
  export function napping() { return new Promise(() => setTimeout(() => {}, 600_000)); }
  export async function differing() { await collective.allreduce(new Float32Array(context.rank + 1)); }`,
);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function shoal(...args: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    env: { ...process.env, SHOAL_HOME: home, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

function json(...args: string[]): Record<string, unknown> {
  const { out, err } = shoal(...args);
  assert.is(out.trim().split('\n').length, 1, `${out}${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

test.before(() => {
  const { address, pid, workers, transport } = json('start', '-n', '2', '--detach', '--json');
  assert.match(String(address), /^127\.0\.0\.1:\d+$/);
  assert.type(pid, 'number');
  assert.is(workers, 2);
  assert.type(transport, 'string');
});

test('colours are forced by FORCE_COLOR, and taken by FORCE_COLOR=0, by NO_COLOR and in a pipe', () => {
  const isColoured = (env: NodeJS.ProcessEnv): boolean => {
    const own = { ...process.env, CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env };
    const { stderr } = spawnSync(process.execPath, [cli, 'run', 'missing.js'], { env: own, encoding: 'utf8' });
    assert.match(stderr, 'no file at');
    return stderr.includes('\u001b[');
  };
  assert.ok(isColoured({ FORCE_COLOR: '1' }));
  for (const env of [{}, { FORCE_COLOR: '0' }, { FORCE_COLOR: 'false' }, { FORCE_COLOR: '1', NO_COLOR: '1' }]) {
    assert.not(isColoured(env), JSON.stringify(env));
  }
});

test('of a wrong option and a missing argument the error says which help has more', () => {
  for (const [args, text] of [
    [['submit', '--args', '[1]', 'sum.js'], "unknown option '--args'"],
    [['run'], "missing required argument 'file'"],
    [['trace', '--out'], "option '--out <file>' argument missing"],
  ] as const) {
    const { code, err } = shoal(...args);
    assert.is(code, 2);
    assert.is(err, `error: ${text}\n(shoal ${args[0]} --help says more)\n`);
  }
});

test('an error is one line, and that of a task the lines of its code', () => {
  const wrong = shoal('cancel', 't99');
  assert.is(wrong.code, 2);
  assert.match(wrong.err, /^error: cancel: .* received t99 \(ERR_SHOAL_INVALID_ARGUMENT\)\n$/);
  const failed = shoal('submit', '-n', '2', '--export', 'failing', file);
  assert.is(failed.code, 1);
  const lines = failed.err.trim().split('\n');
  assert.match(lines[1]!, /^error: task \S+ failed on rank \d: RangeError: no such shard \(ERR_SHOAL_TASK_FAILED\)$/);
  assert.match(lines[2]!, /^ {4}at .*failing.*tasks\.mjs/);
  assert.is(lines[3], 'caused by TypeError: inner');
  assert.not.match(failed.err, 'dist/');
});

test('an option after the file is refused, unless it is said that the function is to get it', () => {
  for (const option of ['-n', '-n3', '--detach', '--export=failing', '--verbose']) {
    const { code, out, err } = shoal('submit', '--export', 'echo', file, '1', option);
    assert.equal([code, out], [2, ''], option);
    assert.match(err, `error: submit: ${option} stands after the file; put it before the file, or after -- if `);
    assert.is(err.trim().split('\n').length, 1);
  }
  const echoed = (...args: string[]): unknown =>
    json('submit', '--json', '--no-output', '--export', 'echo', ...args).results;
  assert.equal(echoed(file, '1', '--', '-n', '2'), [[1, '-n', 2]]);
  assert.equal(echoed('--', file, '--', '-n'), [['--', '-n']]);
  assert.equal(echoed(file, '-1', '--other', '-x'), [[-1, '--other', '-x']]);
});

test('what JSON does not have is shown as Node shows it and told of, and is an error with --json', () => {
  const returned = (what: string, ...more: string[]): Ended =>
    shoal('submit', '--no-output', '--export', 'returning', ...more, file, '--', what);
  for (const [what, line, beyond] of [
    ['new Map([["a", 1]])', "Map(1) { 'a' => 1 }", 'a Map'],
    ['({ x: [1, NaN] })', '{ x: [ 1, NaN ] }', 'NaN at .x[1]'],
    ['10n', '10n', 'a bigint'],
    ['Float32Array.of(1, Infinity)', 'Float32Array(2) [ 1, Infinity ]', 'Infinity at [1]'],
    ['[undefined]', '[ undefined ]', 'undefined at [0]'],
  ] as const) {
    const { code, out, err } = returned(what);
    assert.equal([code, out], [0, `${line}\n`], err);
    assert.ok(err.includes(`rank 0 has returned ${beyond}, which JSON does not have`), err);
    const refused = returned(what, '--json');
    assert.is(refused.code, 1);
    const { error } = JSON.parse(refused.out) as { error: { code: string; message: string } };
    assert.is(error.code, 'ERR_SHOAL_NOT_SERIALIZABLE');
    assert.ok(error.message.includes(beyond), error.message);
  }
  for (const [what, line] of [
    ['({ a: [1, "b", null], c: undefined, d: new Date(0) })', '{"a":[1,"b",null],"d":"1970-01-01T00:00:00.000Z"}'],
    ['[Float64Array.of(0.5), true]', '[[0.5],true]'],
  ] as const) {
    assert.is(returned(what).out, `${line}\n`);
    assert.equal((JSON.parse(returned(what, '--json').out) as { results: unknown }).results, [JSON.parse(line)]);
  }
  assert.is(returned('undefined').out, 'undefined\n');
  assert.match(returned('undefined', '--json').out, '"results":[null]');
});

test('a file that is not there, or is a folder, is told of in the words of the command', () => {
  const absent = file.replace('tasks.mjs', 'absent.mjs');
  for (const command of ['submit', 'run']) {
    const { code, err } = shoal(command, absent);
    assert.is(code, 2);
    assert.ok(err.startsWith(`error: ${command}: no file at ${absent}`), err);
    assert.not.match(err, 'import.meta');
    assert.match(shoal(command, home).err, /^error: \w+: \S+ is a folder; name a file in it, [^\n]*\n$/);
  }
});

test('an error of a collective has the line of the task', () => {
  const { err } = shoal('submit', '-n', '2', '--export', 'differing', file);
  assert.match(err, /^ {4}at .*differing.*tasks\.mjs/m);
});

test('--verbose prints causes, fields and stacks', () => {
  const failed = shoal('submit', '--verbose', '-n', '2', '--export', 'failing', file);
  assert.is(failed.code, 1);
  assert.match(failed.err, /\[cause\]: RangeError: no such\n/);
  assert.match(failed.err, /\[cause\]: TypeError: inner/);
  assert.match(failed.err, /code: 'ERR_SHOAL_TASK_FAILED'/);
  const wrong = shoal('cancel', '--verbose', 't99');
  assert.match(wrong.err, /^InvalidArgumentError: cancel: /);
  assert.match(wrong.err, /\n {4}at /);
});

test('--json: one object with the results or the error, and the record of a task', () => {
  const { task, results } = json('submit', '--json', '--no-output', '-n', '2', '--export', 'add', file, '1', '2');
  assert.equal(results, [
    [1, 2, 0],
    [1, 2, 1],
  ]);
  const failed = json('submit', '--json', '--export', 'failing', file) as { error: Record<string, unknown> };
  assert.is(failed.error.code, 'ERR_SHOAL_TASK_FAILED');
  assert.is(failed.error.rank, 0);
  assert.match(String(failed.error.message), 'no such\nshard');
  const { task: detached } = json('submit', '--json', '--detach', '--export', 'add', file, '1', '2');
  assert.equal(json('cancel', '--json', String(task)), { task, state: 'succeeded' });
  const { out } = shoal('logs', '--json', '--follow', String(detached));
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.match(String(lines[0]!.line), /adding$/);
  assert.type(lines[0]!.worker, 'number');
  assert.is(lines.at(-1)!.state, 'succeeded');
});

test('on a terminal a line says what is waited for, until then; elsewhere nothing does', async () => {
  const napping = (): string => String(json('submit', '--json', '--detach', '--export', 'napping', file).task);
  const cancel = async (...more: string[]): Promise<string> => {
    const id = napping();
    const terminal = await Terminal.open([process.execPath, cli, 'cancel', id], {
      columns: 20,
      env: { SHOAL_HOME: home, ...Object.fromEntries(more.map((name) => [name, 'true'])) },
    });
    assert.is(await terminal.ended, 0);
    return terminal.text.replaceAll(id, 'ID');
  };
  const said = await cancel();
  // It is cut where the terminal ends, and taken away before the result comes.
  const end = 'waiting for the end\x1b[1G\x1b[2Ktask ID: cancelled\r\n';
  assert.ok(said.endsWith(end), JSON.stringify(said));
  assert.is(await cancel('CI'), 'task ID: cancelled\r\n');
  const { out, err } = shoal('cancel', napping());
  assert.match(out, /^task \S+: cancelled\n$/);
  assert.is(err, '');
});

test.after(() => {
  const { address } = json('stop', '--json');
  assert.match(String(address), /^127\.0\.0\.1:\d+$/);
  folder.remove();
  rmSync(home, { recursive: true, force: true });
});

test.run();
