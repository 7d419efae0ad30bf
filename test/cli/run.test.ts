import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shoalCommand } from '../../src/cli/main.js';
import { rejectsCode } from '../support/check.js';

const test = suite('shoal run');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const script = fileURLToPath(new URL('../../../fixtures/world.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Run the command; `signals` are sent one after another, each once `ready` was printed by all of two ranks. */
function shoal(args: readonly string[], signals: readonly NodeJS.Signals[] = []): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  const left = [...signals];
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    out += chunk;
    if (left.length > 0 && out.split('ready').length === 3) child.kill(left.shift());
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    if (left.length > 0 && err.includes('once more')) child.kill(left.shift());
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

test('runs a TypeScript file on every rank, with whole labelled lines', async () => {
  const { code, out, err } = await shoal(['run', '-n', '3', '--', script, 'sum', '-n', '9', '--flag']);
  assert.is(err, '');
  assert.is(code, 0);
  const of = (rank: number): string[] =>
    [`sum 6 of 3 -n 9 --flag`, 'half a line', 'last without newline'].map((l) => `${rank} | ${l}`);
  assert.equal(lines(out), [0, 1, 2].flatMap(of).sort());
});

test("an option of the command after the script is the script's, and told of", async () => {
  for (const option of ['-n', '--workers=9', '--no-label']) {
    const { code, out, err } = await shoal(['run', '-n', '1', script, 'sum', '--flag', option]);
    assert.match(err, new RegExp(`^run: ${option} stands after the file, so the script gets it; [^\\n]*\\n$`));
    assert.is(code, 0);
    assert.match(out, `0 | sum 1 of 1 --flag ${option}\n`);
  }
  const { out, err } = await shoal(['run', '-n', '1', script, 'sum', '--', '-n', '9']);
  assert.is(err, '');
  assert.match(out, '0 | sum 1 of 1 -- -n 9\n');
});

test('a file that exports functions and does nothing is told of, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-test-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const task = file('task.ts', 'export const half = (n: number): number => n / 2;\nexport default half;\n');
  const named = file('named.cjs', 'exports.half = (n) => n / 2;\n');
  const { code, out, err } = await shoal(['run', '-n', '2', task]);
  assert.equal([code, out], [0, '']);
  assert.match(
    err,
    /^0 \| .*task\.ts has ended without output and without a collective: it exports default, half, [^\n]*\n$/,
  );
  assert.match(err, `shoal submit ${task}\n`);
  assert.match((await shoal(['run', '-n', '1', named])).err, `shoal submit --export half ${named}`);
  const silent = file('silent.mjs', 'globalThis.done = 1;\n');
  const loud = file('loud.mjs', 'console.log(1);\nexport const half = (n) => n / 2;\n');
  const barrier = `import { collective } from ${JSON.stringify(import.meta.resolve('shoal/worker'))};\n`;
  const working = file('working.mjs', `${barrier}export const work = () => collective.barrier();\nawait work();\n`);
  for (const script of [silent, loud, working]) assert.is((await shoal(['run', '-n', '2', script])).err, '', script);
  rmSync(folder, { recursive: true });
});

test('leaves the label out with --no-label', async () => {
  const { out } = await shoal(['run', '-n', '1', '--no-label', script, 'sum']);
  assert.is(out, 'sum 1 of 1 \nhalf a line\nlast without newline\n');
});

test('a long line is written in labelled parts that tear no character, and bytes stay as they are', async () => {
  const { out } = await shoal(['run', '-n', '1', script, 'long']);
  const [empty, bytes, ...parts] = out.slice(0, -1).split('\n').reverse();
  assert.equal([empty, bytes], ['0 | ', '0 | \ufffd\ufffd']);
  assert.is(parts.length, 7);
  for (const part of parts) assert.ok(Buffer.byteLength(part) < 66_000);
  const text = parts.reverse().map((part) => part.replace(/^0 \| …?/, '').replace(/…$/, ''));
  assert.is(text.join(''), 'a€'.repeat(100_000));
  const plain = await shoal(['run', '-n', '1', '--no-label', script, 'long']);
  assert.is(plain.out, `${'a€'.repeat(100_000)}\n\ufffd\ufffd\n\n`);
});

test('writes a file per rank with --output-dir', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-test-'));
  const { code, out } = await shoal(['run', '-n', '2', '--output-dir', folder, script, 'throw']);
  assert.is(code, 1);
  assert.is(out, '');
  assert.match(readFileSync(join(folder, 'rank-1.err'), 'utf8'), 'RangeError: rank 1 gives up');
  assert.match(readFileSync(join(folder, 'rank-0.err'), 'utf8'), 'ERR_SHOAL_PEER_FAILED');
  rmSync(folder, { recursive: true });
});

test('context.log goes where the standard error of its rank goes, with task and rank in it', async () => {
  const { err } = await shoal(['run', '-n', '2', script, 'log']);
  assert.equal(
    lines(err).map((line) => line.slice(0, 5)),
    ['0 | {', '1 | {'],
  );
  const folder = mkdtempSync(join(tmpdir(), 'shoal-test-'));
  const inFiles = await shoal(['run', '-n', '2', '--output-dir', folder, script, 'log']);
  assert.is(inFiles.err, '');
  const logged = JSON.parse(readFileSync(join(folder, 'rank-1.err'), 'utf8')) as Record<string, unknown>;
  assert.equal([logged.task, logged.rank, logged.loss, logged.msg], ['world', 1, 0.5, 'from the log']);
  rmSync(folder, { recursive: true });
});

test('an output folder that cannot be written ends the command, whatever its input is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-test-'));
  const at = (...names: string[]): string => join(folder, ...names);
  writeFileSync(at('file'), 'kept');
  for (const name of ['taken/rank-1.err', 'link', 'pipe']) mkdirSync(at(name), { recursive: true });
  symlinkSync(at('file'), at('link', 'rank-1.out'));
  execFileSync('mkfifo', [at('pipe', 'rank-0.out')]);
  // Just so long that a file in it has a path that is too long.
  const nearly = `${folder}/${`${'x'.repeat(99)}/`.repeat(41)}`.slice(0, 4_090);
  const refused = (why: string): RegExp => new RegExp(`^error: run: expected --output-dir to be .*${why}.*\n$`);
  const cases: [where: string, why: RegExp][] = [
    ['', refused("the path of a folder, received ''")],
    [at('file', 'x'), refused('ENOTDIR')],
    ['/dev/full', refused('EEXIST')],
    ['/proc/foo', refused('ENOENT')],
    [at('y'.repeat(256)), refused('ENAMETOOLONG')],
    [nearly, refused('ENAMETOOLONG')],
    [at('taken'), refused('EISDIR')],
    [at('link'), refused('ELOOP')],
    [at('pipe'), refused('ENXIO|is no file')],
  ];
  // They are found before there is a rank, so the command may run in this process.
  for (const [where, why] of cases) {
    const error = await rejectsCode(
      shoalCommand().parseAsync(['run', '-n', '2', '--output-dir', where, script], { from: 'user' }),
      'INVALID_ARGUMENT',
    );
    assert.match(`error: ${error.message}\n`, why);
  }
  assert.is(readFileSync(at('file'), 'utf8'), 'kept');
  // Where root may do everything, and yet makes no file: only the ranks find that out.
  const child = spawn(process.execPath, [cli, 'run', '-n', '2', '--output-dir', '/sys/kernel', script, 'exit']);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  // Its standard input stays open.
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.is(code, 2, err);
  assert.match(err, /^error: .*(cannot write the output of rank [01] to \/sys|expected --output-dir).*\n$/);
  rmSync(folder, { recursive: true });
});

test('ends with the exit code of the first failing rank', async () => {
  const thrown = await shoal(['run', '-n', '3', script, 'throw']);
  assert.is(thrown.code, 1);
  assert.match(thrown.err, '1 | RangeError: rank 1 gives up');
  assert.match(thrown.err, '0 | PeerFailedError: rank 1 of the task failed: rank 1 gives up');
  assert.is((await shoal(['run', '-n', '3', script, 'exit'])).code, 7);
  assert.is((await shoal(['run', '-n', '3', script, 'exitCode'])).code, 5);
});

test('a rank that ends early is an error on the others', async () => {
  const { code, err } = await shoal(['run', '-n', '3', script, 'early']);
  assert.is(code, 1);
  assert.match(err, 'rank 0: its function has returned');
});

test('Ctrl-C once gives the ranks time to end, and is exit code 130', async () => {
  const { code, out } = await shoal(['run', '-n', '2', script, 'polite'], ['SIGINT']);
  assert.is(code, 130);
  assert.is(out.split('bye').length, 3);
});

test('a rank that does not end after Ctrl-C is ended when the grace time is over', async () => {
  const begun = performance.now();
  assert.is((await shoal(['run', '-n', '2', '--grace-ms', '100', script, 'spin'], ['SIGTERM'])).code, 143);
  assert.ok(performance.now() - begun < 8_000);
});

test('Ctrl-C twice ends at once', async () => {
  const begun = performance.now();
  assert.is((await shoal(['run', '-n', '2', '--grace-ms', '60000', script, 'spin'], ['SIGINT', 'SIGINT'])).code, 130);
  assert.ok(performance.now() - begun < 8_000);
});

test('says what is wrong with its arguments', async () => {
  const cases: [string[], string][] = [
    [['rum'], 'Did you mean run?'],
    [['run', '--worker', '2', script], 'Did you mean --workers?'],
    [['run', '-n', 'two', script], 'expected a number'],
    [['run', '-n', '0', script], 'ERR_SHOAL_INVALID_ARGUMENT'],
    [['run', 'absent.ts'], 'ERR_SHOAL_MODULE_NOT_FOUND'],
    [['run'], "missing required argument 'file'"],
  ];
  for (const [args, text] of cases) {
    const { code, err } = await shoal(args);
    assert.is(code, 2, args.join(' '));
    assert.match(err, text);
  }
});

test('has help and a version', async () => {
  assert.match((await shoal(['--help'])).out, 'run a script as N ranks');
  assert.match((await shoal(['run', '--help'])).out, '--output-dir');
  assert.match((await shoal(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});

test.run();
