import { createJiti } from 'jiti';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../src/worker/babel.js';
import { inTurn, lockOf } from '../../src/worker/in-turn.js';

const test = suite('the loader of TypeScript');
const folder = mkdtempSync(join(tmpdir(), 'shoal-loading-'));
const kept = join(folder, `compiled-by-shoal-${process.getuid!()}`);
const task = join(folder, 'task.ts');
const text = `
  import { sep } from 'node:path';
  enum Unit { One = 1, Two = 'two' }
  namespace Inner { export const three: number = 3 }
  abstract class Base { constructor(readonly kept: number, private own = 4) {} }
  function mark(_: unknown, key: string): void { marks.push(key) }
  const marks: string[] = [];
  class Marked extends Base { declare absent: string; @mark run(): string { return 'ä→𝒳' satisfies string } }
  await Promise.resolve();
  export default [sep, Unit.One, Unit.Two, Inner.three, new Marked(5).kept, marks, new Marked(6).run(), import.meta.url];
`;
const value = ['/', 1, 'two', 3, 5, ['run'], 'ä→𝒳', `file://${task}`];
test.before(() => {
  writeFileSync(task, text);
});
test.after(() => {
  rmSync(folder, { recursive: true });
});

/** Load the task in a thread whose temporary folder is `folder`; says whether it has compiled it. */
async function load(): Promise<[value: unknown, hasCompiled: boolean]> {
  const urls = ['typescript-loader', 'babel'].map(
    (name) => new URL(`../../src/worker/${name}.js`, import.meta.url).href,
  );
  const program = `
    const { parentPort, workerData: [loader, babel, task] } = require('node:worker_threads');
    (async () => {
      const { createLoader } = await import(loader);
      const value = await createLoader().import(task, { default: true });
      const { hasCompiler } = await import(babel);
      parentPort.postMessage([value, hasCompiler()]);
    })();`;
  const env = { ...process.env, TMPDIR: folder };
  const worker = new Worker(program, { eval: true, env, workerData: [...urls, task] });
  return await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** As after an edit: a text that nobody has compiled. */
function edit(): void {
  writeFileSync(task, `${readFileSync(task, 'utf8')}// edited\n`);
}

/** The compiler's own file. */
function compilerFile(): string {
  const [name] = readdirSync(kept).filter((each) => each.startsWith('babel-'));
  assert.ok(name, 'the compiler was not kept');
  return join(kept, name);
}

const written = (file: string): bigint => statSync(file, { bigint: true }).ino;

test('what it compiles is what jiti compiles', () => {
  const plain = createJiti(import.meta.url, { fsCache: false });
  for (const [async, source] of [
    [true, text],
    [false, text.replace(/await.*/, '')],
  ] as const) {
    const given = { source, filename: task, ts: true, interopDefault: true, async };
    const compiled: { code: string } = compile(given);
    assert.is(compiled.code, plain.transform(given));
    assert.match(compiled.code, 'Two');
  }
  const wrong = { source: 'const x: = 1', filename: task, ts: true };
  assert.is(compile(wrong).code, plain.transform(wrong));
});

test('a thread compiles, later ones have the file from it, or the compiler after an edit', async () => {
  assert.equal(await load(), [value, true]);
  const compiler = compilerFile();
  const first = written(compiler);
  assert.equal(await load(), [value, false]);
  edit();
  assert.equal(await load(), [value, true]);
  assert.is(written(compiler), first, 'V8 has refused what was kept');
  assert.equal(readdirSync(kept).length, 1, 'a lock was left');
});

test('threads that load at the same time all get it', async () => {
  edit();
  const loaded = await Promise.all([load(), load()]);
  assert.equal(
    loaded.map(([each]) => each),
    [value, value],
  );
  assert.ok(loaded.some(([, hasCompiled]) => hasCompiled));
});

test('a compiler that was kept and is damaged is made again', async () => {
  const compiler = compilerFile();
  // As long as it was: V8 would run it and crash.
  const bytes = readFileSync(compiler);
  writeFileSync(compiler, bytes.fill(7, bytes.length - 1_000_000));
  const before = written(compiler);
  edit();
  assert.equal(await load(), [value, true]);
  assert.is.not(written(compiler), before);
});

test('a folder that others can write is not used', async () => {
  const before = written(compilerFile());
  chmodSync(kept, 0o777);
  writeFileSync(compilerFile(), 'of somebody else');
  edit();
  assert.equal(await load(), [value, true]);
  assert.is(readFileSync(compilerFile(), 'utf8'), 'of somebody else');
  assert.is(written(compilerFile()), before);
  chmodSync(kept, 0o700);
});

test('one makes it while the others wait, and nobody waits for one that is gone', async () => {
  const lock = lockOf(folder, 'thing');
  const made = inTurn(folder, 'thing', () => existsSync(lock));
  assert.equal(made, { value: true, waited: false });
  assert.not(existsSync(lock));
  const fails = (): never => {
    throw new RangeError('on purpose');
  };
  assert.throws(() => inTurn(folder, 'thing', fails), 'on purpose');
  assert.not(existsSync(lock));

  // Another is at it: a thread that ends the wait of this one.
  writeFileSync(lock, '');
  const program = `setTimeout(() => require('node:fs').rmSync(${JSON.stringify(lock)}), 20)`;
  const other = new Worker(program, { eval: true });
  await new Promise((resolve) => other.once('online', resolve));
  assert.equal(
    inTurn(folder, 'thing', () => existsSync(lock)),
    { value: false, waited: true },
  );

  writeFileSync(lock, '');
  utimesSync(lock, 1, 1);
  assert.equal(
    inTurn(folder, 'thing', () => 1),
    { value: 1, waited: true },
  );
  assert.not(existsSync(lock));
  assert.equal(
    inTurn(join(folder, 'absent'), 'thing', () => 1),
    { value: 1, waited: false },
  );
});

test.run();
