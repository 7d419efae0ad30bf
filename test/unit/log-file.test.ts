import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openOutput } from '../../src/native/output-file.js';
import { tailOf } from '../../src/node-manager/tail.js';
import { LogFile } from '../../src/worker/log-file.js';

const test = suite('log files');
const folder = mkdtempSync(join(tmpdir(), 'logs-'));
const line = (text: string): Buffer => Buffer.from(`${text}\n`);

test('a full file makes room, and the oldest goes', () => {
  const path = join(folder, 'deep', 'worker-0.log');
  const log = new LogFile(path, 10, 2);
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff', 'gggg']) log.write(line(text));
  assert.equal(readdirSync(join(folder, 'deep')).sort(), ['worker-0.log', 'worker-0.log.1', 'worker-0.log.2']);
  const read = (suffix: string): string => readFileSync(`${path}${suffix}`, 'latin1');
  assert.equal([read(''), read('.1'), read('.2')], ['gggg\n', 'eeee\nffff\n', 'cccc\ndddd\n']);
  assert.equal(statSync(path).mode & 0o77, 0, 'nobody else reads it');
});

test('goes on with a file that is there, and takes what is longer than a file alone', () => {
  const path = join(folder, 'worker-1.log');
  new LogFile(path, 10, 1).write(line('aaaa'));
  const next = new LogFile(path, 10, 1);
  next.write(line('bbbbbbbbbbbbbbbbb'));
  assert.equal([readFileSync(path, 'latin1'), readFileSync(`${path}.1`, 'latin1')], ['bbbbbbbbbbbbbbbbb\n', 'aaaa\n']);
});

test('a link, a pipe or a device in the place of a file is neither written nor waited for', () => {
  const target = join(folder, 'target');
  writeFileSync(target, 'of somebody');
  const link = join(folder, 'link.log');
  symlinkSync(target, link);
  const pipe = join(folder, 'pipe.log');
  assert.is(spawnSync('mkfifo', [pipe]).status, 0);
  for (const [path, why] of [
    [link, 'ELOOP'],
    [pipe, /ENXIO|is no file/],
    ['/dev/null', 'is no file'],
    [folder, 'EISDIR'],
  ] as const) {
    for (const fresh of [false, true]) assert.throws(() => openOutput(path, fresh), why);
    assert.is(tailOf(path), '');
  }
  assert.is(readFileSync(target, 'latin1'), 'of somebody');
  const file = join(folder, 'fresh.out');
  closeSync(openOutput(file, true));
  assert.is(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, 'from before');
  closeSync(openOutput(file, false));
  assert.is(readFileSync(file, 'latin1'), 'from before');
  closeSync(openOutput(file, true));
  assert.is(readFileSync(file, 'latin1'), '');
});

test('the tail of a file is its last whole lines', () => {
  const path = join(folder, 'tail');
  assert.is(tailOf(path), '');
  writeFileSync(path, 'one\ntwo\n');
  assert.is(tailOf(path), 'one\ntwo');
  writeFileSync(path, Array.from({ length: 1_000 }, (_, i) => `line ${i}`).join('\n'));
  const lines = tailOf(path).split('\n');
  assert.is(lines.at(-1), 'line 999');
  assert.match(lines[0]!, /^line \d+$/);
  assert.ok(lines.length > 100 && tailOf(path).length <= 2_000);
});

test.after(() => {
  rmSync(folder, { recursive: true });
});

test.run();
