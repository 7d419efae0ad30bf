import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launch } from 'shoal';
import { codeOf, rejectionOf, until } from '../support/check.js';
import { SourceFolder } from '../support/source-folder.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('life of a process');
const drivers = fileURLToPath(new URL('../../../fixtures/drivers', import.meta.url));
const drive = (name: string): string[] =>
  mustRun(process.execPath, [join(drivers, name)], root)
    .split('\n')
    .filter((line) => line !== '')
    .sort();

test('an idle pool does not keep its process alive', () => {
  assert.equal(drive('idle.mjs'), ['idle', 't1/0 | sum 3 after 1', 't1/1 | sum 3 after 1']);
});

test('a queued or running task keeps it alive', () => {
  const lines = ['t1/0 | sum 3 after 300', 't1/1 | sum 3 after 300', 't2/0 | sum 3 after 1', 't2/1 | sum 3 after 1'];
  assert.equal(drive('busy.mjs'), lines);
});

test('a failure that nobody asked for is an event and no unhandled rejection', () => {
  assert.equal(drive('failing.mjs'), ['ERR_SHOAL_EXPORT_NOT_FOUND']);
});

test('without a listener it is a process warning that names task, function, module, error and line', () => {
  const { stderr, status } = spawnSync(process.execPath, [join(drivers, 'unasked.mjs')], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
  assert.match(stderr, /ShoalWarning: task t1 "forgotten" failed, and nobody has asked for its result: .*on purpose/);
  assert.match(stderr, /at fails \(.*task\.mjs:\d+/);
  assert.match(stderr, /in "fails" of file:.*task\.mjs/);
});

test("the driver's lines are part of an error's stack, below the task's", async () => {
  const pool = await launch({ workers: 1 });
  const tasks = new URL('./tasks/misc.js', import.meta.url);
  const error = await rejectionOf(pool.run(tasks, { export: 'failUntil' }));
  assert.match(error.stack!, /\n {4}at .*life\.test\.(js|ts).* \(driver\)/);
  const handle = pool.submit(tasks, { export: 'failUntil' });
  assert.match((await rejectionOf(handle.result())).stack!, /life\.test\.(js|ts).* \(driver\)/);
  assert.match(((error.cause as Error).stack ?? '').replace(/\n/g, ' '), /failUntil/);
  assert.not.match((error.cause as Error).stack!, '(driver)');
  await pool.close();
});

test('process.exit is not held up by a thread in native code', () => {
  const driver = join(drivers, 'native.mjs');
  const ended = spawnSync(process.execPath, [driver, '60'], { cwd: root, encoding: 'utf8', timeout: 30_000 });
  assert.is(ended.stdout, 'ends\n', ended.stderr);
  // Older versions of Node cannot keep the exit code: then the process says so.
  if (ended.status === null) assert.match(ended.stderr, 'its exit code 3 is lost');
  else assert.is(ended.status, 3, ended.stderr);
  assert.is.not(ended.signal, 'SIGTERM');
});

test('a pool whose thread sits in native code closes without it', async () => {
  const modules = new SourceFolder();
  const [begun, go, ended] = ['begun', 'go', 'ended'].map((name) => join(modules.path, name)) as [
    string,
    string,
    string,
  ];
  const task = modules.file(
    'native.mjs',
    "import { spawnSync } from 'node:child_process';\n" +
      'const wait = (file) => `for i in $(seq 600); do [ -e ${file} ] && break; sleep 0.05; done`;\n' +
      'export default (begun, go, ended) => {\n' +
      "  return spawnSync('sh', ['-c', `touch ${begun}; ${wait(go)}; touch ${ended}`]).status;\n" +
      '};',
  );
  const pool = await launch({ workers: 2, graceMs: 100 });
  const warnings: string[] = [];
  pool.on('warning', ({ message }) => warnings.push(message));
  const ends = rejectionOf(pool.run(task, { args: [begun, go, ended] }));
  await until(() => existsSync(begun));
  await pool.close({ force: true });
  assert.not.ok(existsSync(ended), 'close waited for the native code');
  writeFileSync(go, '');
  assert.match(codeOf(await ends), /CLOSED|CANCELLED/);
  // A worker that is a process is gone; a thread stays until the call returns, and this process could not end before.
  if (process.env.SHOAL_TRANSPORT !== 'mpi') {
    assert.match(warnings.join('\n'), /the thread of worker \d+ sits in native code/);
    await until(() => existsSync(ended), 30_000);
  }
  modules.remove();
});

test('two copies of the package in one thread share the task, and errors of one are known to the other', async () => {
  const copy = join(root, 'test/.build/copy');
  cpSync(join(root, 'dist'), copy, { recursive: true });
  const pool = await launch({ workers: 2 });
  const tasks = new URL('./tasks/copies.js', import.meta.url);
  const results = await pool.run(tasks, { workers: 2, args: [pathToFileURL(copy).href] });
  const invalid = 'ERR_SHOAL_INVALID_ARGUMENT true true false';
  assert.equal(results, Array(2).fill({ same: false, sum: 2, rank: true, invalid, launch: 'ERR_SHOAL_UNSUPPORTED' }));
  await pool.close();
  rmSync(copy, { recursive: true });
});

test('threads that are ended while they start, or load a module, leave no file open', async () => {
  const opened = (): string[] => {
    return readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)].filter((path) => /\.m?js$/.test(path));
      } catch {
        return []; // the one that read the folder
      }
    });
  };
  const modules = new SourceFolder();
  const before = opened().length;
  for (let i = 0; i < 12; i++) {
    // Each task ends its thread, so that another one starts.
    const pool = await launch({ workers: 3, graceMs: 0, transport: 'threads', window: 2 ** 20 });
    const part = modules.file(`part${i}.mjs`, 'export const one = 1;');
    const task = modules.file(`task${i}.mjs`, `import ${JSON.stringify(part)};\nexport default () => process.exit(1);`);
    const ends = Array.from({ length: 3 }, () => pool.run(task, { timeoutMs: 1 + i }).catch(() => undefined));
    await Promise.all(ends);
    await pool.close();
  }
  await until(() => opened().length <= before);
  modules.remove();
});

test('many pools one after another, and tasks after tasks, leave nothing behind', async () => {
  const tasks = new URL('./tasks/misc.js', import.meta.url);
  for (let round = 0; round < 5; round++) {
    const pool = await launch({ workers: 3 });
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 3) + 1);
    const handles = sizes.map((workers) => pool.submit(tasks, { workers, args: [1000] }));
    const results = await Promise.all(handles.map((handle) => handle.result()));
    results.forEach((result, i) => assert.is(result.length, sizes[i]));
    const { queued, running, workers } = pool.status();
    assert.equal([queued, running, workers.every(({ state }) => state === 'idle')], [0, 0, true]);
    await pool.close();
  }
});

test.run();
