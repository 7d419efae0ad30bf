import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { install, pack } from '../support/installed-project.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('package');
const folder = mkdtempSync(join(tmpdir(), 'shoal-package-'));
const consumer = join(folder, 'consumer');
let tarball = '';

test.before(() => {
  tarball = pack(folder);
  mkdirSync(consumer);
  cpSync(join(root, 'test/fixtures/consumer'), consumer, { recursive: true });
  install(consumer, [tarball, `typescript@${version('typescript')}`, `@types/node@${version('@types/node')}`]);
});
test.after(() => rmSync(folder, { recursive: true }));

function version(name: string): string {
  return (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version;
}

test('draws in no package with an install script', () => {
  const lock = readFileSync(join(consumer, 'node_modules/.package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, { hasInstallScript?: boolean }> };
  assert.ok(Object.keys(packages).length > 5);
  const withScripts = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  assert.equal(
    withScripts.map(([name]) => name),
    [],
  );
});

test('runs tasks from .js and .ts in an empty project, with no compiler on the path', () => {
  const out = mustRun(process.execPath, ['driver.mjs'], consumer, { PATH: dirname(process.execPath), HOME: consumer });
  assert.equal(JSON.parse(out), { js: [3, 3], ts: [3, 3] });
});

test('runs the installed command', () => {
  const out = mustRun(process.execPath, ['node_modules/shoal/dist/cli.js', 'run', '-n', '2', 'script.ts'], consumer);
  assert.equal(out.trim().split('\n').sort(), ['0 | sum 3', '1 | sum 3']);
});

for (const family of ['openmpi', 'mpich']) {
  for (const window of ['4194304', 'false']) {
    test(`runs the installed command on processes of ${family}, window ${window}: the addons come with the package`, () => {
      const flags = ['--mpiexec', `mpiexec.${family}`, '--window', window];
      const args = ['node_modules/shoal/dist/cli.js', 'run', '-n', '3', ...flags, 'script.ts'];
      const out = mustRun(process.execPath, args, consumer);
      assert.equal(out.trim().split('\n').sort(), ['0 | sum 6', '1 | sum 6', '2 | sum 6']);
    });
  }
}

test('has types that compile with and without newer libraries, and refuse wrong arguments', () => {
  for (const lib of ['es2022', 'esnext']) {
    const tsc = 'node_modules/typescript/bin/tsc';
    const careful = lib === 'esnext' ? ['--exactOptionalPropertyTypes'] : [];
    mustRun(
      process.execPath,
      [tsc, '--noEmit', '--strict', ...careful, '--module', 'nodenext', '--lib', lib, 'types.ts'],
      consumer,
    );
  }
});

test('a project that tsc builds finds its tasks by the names of their sources', () => {
  const flags = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--outDir', 'out', 'src/main.ts'];
  mustRun(process.execPath, ['node_modules/typescript/bin/tsc', ...flags], consumer);
  const out = mustRun(process.execPath, ['out/main.js'], consumer);
  assert.equal(JSON.parse(out), [3, 3]);
});

test('examples that are copied out of the package run', () => {
  cpSync(join(consumer, 'node_modules/shoal/examples'), join(consumer, 'examples'), { recursive: true });
  const out = mustRun(
    process.execPath,
    ['node_modules/jiti/lib/jiti-cli.mjs', 'examples/monte-carlo/main.ts'],
    consumer,
  );
  assert.match(out, '4 workers: 0.52');
});

test('require gives what import gives, where Node can; elsewhere it says what to do', () => {
  for (const name of ['shoal', 'shoal/worker', 'shoal/ray', 'shoal/testing']) {
    const same = `import('${name}').then((all) => console.log(require('${name}') === all || Object.keys(all).every(
      (key) => require('${name}')[key] === all[key])))`;
    assert.is(mustRun(process.execPath, ['--input-type=commonjs', '--eval', same], consumer).trim(), 'true');
    const args = ['--no-experimental-require-module', '--input-type=commonjs', '--eval', `require('${name}')`];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: consumer, encoding: 'utf8' });
    assert.is(status, 1);
    assert.match(stderr, 'shoal is an ES module, and require() does not load those here: use import');
  }
});

test('carries what it needs and nothing else', () => {
  const files = mustRun('tar', ['-tzf', tarball], folder)
    .trim()
    .split('\n')
    .map((name) => name.replace('package/', ''));
  for (const file of [
    'LICENSE',
    'README.md',
    'docs/guide/start.md',
    'docs/reference/errors.md',
    'docs/figures/examples/heat.png',
    'examples/heat/main.ts',
    'examples/heat/README.md',
    'dist/cli.js',
    'dist/dashboard.css',
    'dist/dashboard.js',
    'bindings/Makefile',
    'bindings/src/standard-abi/mpi.h',
    'dist/msgpackr.LICENSE',
    'dist/node-api/LICENSE',
    'dist/node-api/node_api.h',
    'dist/preact.LICENSE',
    'dist/index.d.ts',
    'dist/task-thread.js',
    'wasm/shoal.wasm',
    ...['os.node', 'mpi-openmpi.node', 'mpi-mpich.node', 'mpi-abi.node', 'ucx-yield.so'].map(
      (name) => `bindings/build/${name}`,
    ),
  ]) {
    assert.ok(files.includes(file), `${file} is missing`);
  }
  assert.equal(
    files.filter((name) => /^(src|test|scripts|docs\/\.vitepress|docs\/reference\/api)\//.test(name)),
    [],
  );
});

test('publint finds nothing', () => {
  mustRun(process.execPath, ['node_modules/publint/src/cli.js', tarball, '--strict'], root);
});

test('are-the-types-wrong finds nothing', () => {
  // It does not know the condition module-sync, by which require gets the ES module.
  const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js';
  mustRun(
    process.execPath,
    [attw, tarball, '--profile', 'esm-only', '--ignore-rules', 'false-esm', '--no-emoji'],
    root,
  );
});

test.run();
