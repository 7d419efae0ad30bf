import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { install, pack } from '../support/installed-project.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('bundlers');
const folder = mkdtempSync(join(tmpdir(), 'shoal-bundlers-'));
const packages = ['esbuild@0.28.2', 'rollup@4.68.8', 'webpack@5.113.0', 'webpack-cli@7.3.1'];

test.before(() => {
  for (const name of ['consumer', 'bundlers']) cpSync(join(root, 'test/fixtures', name), folder, { recursive: true });
  install(folder, [pack(folder), ...packages]);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = ['--noCheck', '--target', 'es2022', '--module', 'nodenext', '--outDir', 'js', 'src/main.ts'];
  mustRun(process.execPath, [tsc, ...flags], folder);
});
test.after(() => rmSync(folder, { recursive: true }));

/** Makes `<name>/main.js` and `<name>/sum.js`: a task module is an entry of its own. */
type Bundle = (leavesOut: boolean) => void;

const esbuild: Bundle = (leavesOut) => {
  const flags = ['--bundle', '--platform=node', '--format=esm', '--outdir=esbuild', '--log-level=error'];
  const external = leavesOut ? ['--external:shoal', '--external:shoal/*'] : [];
  mustRun('node_modules/.bin/esbuild', ['js/main.js', 'js/sum.js', ...flags, ...external], folder);
};
const rollup: Bundle = () => {
  mustRun('node_modules/.bin/rollup', ['-c', 'rollup.config.mjs', '--silent'], folder);
};
const webpack: Bundle = (leavesOut) => {
  const env = { ...process.env, LEFT_OUT: leavesOut ? '1' : '0' };
  mustRun('node_modules/.bin/webpack', ['-c', 'webpack.config.mjs'], folder, env);
};

function run(name: string): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${name}/main.js`], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

for (const [name, bundle] of Object.entries({ esbuild, rollup, webpack })) {
  test(`${name} leaves the package out, and the program runs`, () => {
    bundle(true);
    const { status, out, err } = run(name);
    assert.is(status, 0, err);
    assert.equal(JSON.parse(out), [3, 3]);
  });
}

for (const [name, bundle] of Object.entries({ esbuild, webpack })) {
  test(`${name} takes the package in, and the program says what to do`, () => {
    bundle(false);
    const { status, err } = run(name);
    assert.is(status, 1);
    assert.match(err, 'let the bundler leave shoal out: --external:shoal');
    assert.match(err, 'ERR_SHOAL_UNSUPPORTED');
  });
}

test.run();
