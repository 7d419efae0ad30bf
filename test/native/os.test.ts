import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadOs } from '../../src/native/os.js';
import { thrownBy } from '../support/check.js';
import { root } from '../support/spawn.js';

const test = suite('os addon');
const os = loadOs();
const page = 65_536;

test('has what src/native/os.ts declares, in the order of os.cpp', () => {
  const declared = [...readFileSync(`${root}/src/native/os.ts`, 'utf8').matchAll(/^ {2}(\w+)\(.*\): .*;$/gm)].map(
    (m) => m[1],
  );
  const defined = [...readFileSync(`${root}/bindings/src/os.cpp`, 'utf8').matchAll(/define\(env, exports, "(\w+)"/g)];
  assert.equal(
    declared,
    defined.map((m) => m[1]),
  );
  assert.equal(Object.keys(os), declared);
});

test('maps one segment over two memories: what one writes, the other reads', () => {
  const memories = [1, 2].map(() => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
    return new Uint8Array(memory.buffer);
  });
  const segment = os.createSegment(2 * page);
  for (const memory of memories) os.mapSegment(memory, page, 2 * page, segment);
  os.closeDescriptor(segment);
  memories[0]!.fill(7);
  assert.equal([memories[1]![0], memories[1]![page], memories[1]![3 * page - 1], memories[1]![3 * page]], [0, 7, 7, 0]);
});

test('refuses a range that is not whole pages of the memory', () => {
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }).buffer);
  const segment = os.createSegment(page);
  const ranges = [
    [1, page],
    [0, 100],
    [page, 2 * page],
    [4 * page, page],
    [0, 0],
    [-page, page],
  ] as const;
  for (const [offset, size] of ranges) {
    const error = thrownBy(() => os.mapSegment(memory, offset, size, segment));
    assert.is((error as NodeJS.ErrnoException).code, 'mmap', `${offset} ${size}`);
  }
  os.closeDescriptor(segment);
});

test('a segment cannot be cut short under those who map it', () => {
  const segment = os.createSegment(page);
  const cut = spawnSync('truncate', ['-s', '0', `/proc/${process.pid}/fd/${segment}`], { encoding: 'utf8' });
  assert.is.not(cut.status, 0);
  assert.match(cut.stderr, 'not permitted');
  os.closeDescriptor(segment);
});

test('a doorbell that rang before the wait ends it at once, and rings once', () => {
  const [readEnd, writeEnd] = os.createDoorbell();
  const peer = os.openDescriptor(process.pid, writeEnd, 1);
  assert.is(os.waitDoorbell(readEnd, 1), 0);
  for (let i = 0; i < 100_000; i++) os.ringDoorbell(peer); // more than the pipe holds
  assert.is(os.waitDoorbell(readEnd, 1_000), 1);
  assert.is(os.waitDoorbell(readEnd, 1), 0);
  os.closeDescriptor(readEnd);
  os.ringDoorbell(peer); // nobody listens any more
  for (const end of [writeEnd, peer]) os.closeDescriptor(end);
});

test('copies between any two byte arrays', () => {
  const source = Uint8Array.from({ length: 1_000 }, (_, i) => i);
  const target = new Uint8Array(new SharedArrayBuffer(1_001)).subarray(1);
  os.copyBytes(target, source);
  assert.equal([...target], [...source]);
  assert.is((thrownBy(() => os.copyBytes(target.subarray(1), source)) as NodeJS.ErrnoException).code, 'memcpy');
});

test('counts cores, opens processes, says what is wrong', () => {
  assert.is(os.countCores(), availableParallelism());
  os.yieldCore();
  os.closeDescriptor(os.openProcess(process.pid));
  const codeOf = (run: () => unknown): unknown => (thrownBy(run) as NodeJS.ErrnoException).code;
  assert.is(
    codeOf(() => os.openProcess(2 ** 30)),
    'pidfd_open',
  );
  assert.is(
    codeOf(() => os.openDescriptor(process.pid, 9_999, 0)),
    'open',
  );
  assert.is(
    codeOf(() => os.closeDescriptor(9_999)),
    'close',
  );
  assert.instance(
    thrownBy(() => os.createSegment('1' as never)),
    TypeError,
  );
  assert.instance(
    thrownBy(() => os.mapSegment([] as never, 0, page, 0)),
    TypeError,
  );
});

test.run();
