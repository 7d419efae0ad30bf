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

test('a doorbell that was notified before the wait ends it at once, and only once', () => {
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

test('copies between any two typed arrays, from any byte to any other, and nothing beside them', () => {
  for (const sizeBytes of [0, 1, 31, 32, 127, 128, 129, 1_000, 5_000]) {
    for (const [from, to] of [
      [0, 0],
      [1, 0],
      [0, 3],
      [5, 130],
      [64, 65],
    ] as const) {
      const source = Uint8Array.from({ length: 6_000 }, (_, i) => i % 251);
      const target = new Uint8Array(new SharedArrayBuffer(6_000)).fill(255);
      const want = Uint8Array.from(target);
      want.set(source.subarray(from, from + sizeBytes), to);
      for (const way of ['copyBytes', 'stageBytes'] as const) {
        target.fill(255);
        assert.is(os[way](target, to, source, from, sizeBytes), true);
        assert.equal(Buffer.compare(target, want), 0, `${way}: ${sizeBytes} bytes from ${from} to ${to}`);
      }
    }
  }
  const items = new Float64Array(new ArrayBuffer(40), 8, 3).fill(1.5);
  const copy = new BigInt64Array(new SharedArrayBuffer(32), 8, 3);
  assert.is(os.copyBytes(copy, 8, items, 0, 16), true);
  assert.equal([...new Float64Array(copy.buffer)], [0, 0, 1.5, 1.5]);
});

test('copies nothing beyond the end of several arrays, and takes nothing else for them', () => {
  const list = os.listArrays([new Uint8Array(4), new Uint8Array(0), new Uint8Array(5)]);
  const target = new Uint8Array(16).fill(3);
  for (const [to, from, sizeBytes] of [
    [0, 0, 10],
    [0, 9, 1],
    [8, 0, 9],
    [0, 10, 0],
    [-1, 0, 1],
    [0, -1, 1],
  ] as const) {
    assert.is(os.gather(target, to, list, from, sizeBytes), false);
    assert.is(os.gatherStaged(target, to, list, from, sizeBytes), false);
    assert.is(os.scatter(list, from, target, to, sizeBytes), false);
  }
  assert.ok(target.every((byte) => byte === 3));
  assert.is(os.gather(target, 16, list, 9, 0), true);
  assert.is(os.gather(target, 7, list, 0, 9), true);
  assert.equal([...target], [3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.throws(() => os.gather(target, 0, {} as never, 0, 1), TypeError);
  assert.throws(() => os.listArrays([new Float32Array(1) as never]), TypeError);
  assert.throws(() => os.listArrays({ length: 1 } as never), TypeError);
  const none = os.listArrays([]);
  assert.is(os.gather(target, 0, none, 0, 0), true);
});

test('copies nothing from or to an array that is too short, was detached or cut short', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100));
  const gone = new Uint8Array(100);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  const resizable = new (
    ArrayBuffer as unknown as new (
      size: number,
      o: object,
    ) => ArrayBuffer & {
      resize(size: number): void;
    }
  )(100, { maxByteLength: 100 });
  const [tracking, fixed] = [new Uint8Array(resizable), new Uint8Array(resizable, 10, 90)];
  assert.is(os.copyBytes(tracking, 0, shared, 0, 100), true);
  assert.is(os.copyBytes(fixed, 0, shared, 0, 90), true);
  resizable.resize(60);
  assert.is(os.copyBytes(tracking, 0, shared, 0, 60), true);
  const short: readonly (readonly [Uint8Array, number, number])[] = [
    [gone, 0, 1],
    [tracking, 0, 61],
    [fixed, 0, 1],
    [new Uint8Array(10), 5, 6],
    [new Uint8Array(10), 11, 0],
    [new Uint8Array(10), -1, 2],
    [new Uint8Array(10), 0, -1],
    [new Uint8Array(10), 2 ** 60, 2 ** 60],
  ];
  for (const [array, offset, sizeBytes] of short) {
    for (const way of ['copyBytes', 'stageBytes'] as const) {
      assert.is(os[way](array, offset, shared, 0, sizeBytes), false, `to ${offset}, ${sizeBytes} bytes`);
      assert.is(os[way](shared, 0, array, offset, sizeBytes), false, `from ${offset}, ${sizeBytes} bytes`);
    }
  }
  assert.instance(
    thrownBy(() => os.copyBytes(new DataView(resizable) as never, 0, shared, 0, 1)),
    TypeError,
  );
});

test('a store of several segments is written, sealed and mapped as one', () => {
  const sizes = [page, page, 5000];
  const sizeBytes = 2 * page + 5000;
  const store = Int32Array.from(sizes.map((size) => os.createStore(size)));
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, i) => i % 251);
  const views = new Uint8Array(sizeBytes + 3);
  views.set(bytes, 3);
  os.writeStore(store, page, views.subarray(3, 3 + 100), 0);
  os.writeStore(store, page, views.subarray(103, 103 + page), 100);
  os.writeStore(store, page, views.subarray(103 + page), 100 + page);
  os.writeStore(store, page, new Uint8Array(0), 0);
  const codeOf = (run: () => unknown): unknown => (thrownBy(run) as NodeJS.ErrnoException).code;
  assert.is(
    codeOf(() => os.writeStore(store, page, bytes, 1)),
    'pwrite',
    'beyond the last segment',
  );
  assert.is(
    codeOf(() => os.writeStore(store, page, bytes.subarray(0, 1), 3 * page)),
    'pwrite',
  );
  os.writeStore(store, page, bytes, 0);
  for (const descriptor of store) os.sealStore(descriptor);
  assert.is(
    codeOf(() => os.writeStore(store, page, bytes, 0)),
    'pwrite',
    'it is sealed',
  );
  for (const [segmentBytes, size] of [
    [page, 3 * page + 1],
    [page, 2 * page],
    [100, sizeBytes],
    [0, sizeBytes],
    [page, 0],
  ] as const) {
    assert.is(
      codeOf(() => os.mapStore(store, segmentBytes, size)),
      'mmap',
    );
  }
  assert.is(
    codeOf(() => os.mapStore(new Int32Array(0), page, 1)),
    'mmap',
  );
  const [one, other] = [os.mapStore(store, page, sizeBytes), os.mapStore(store, page, sizeBytes)];
  for (const descriptor of store) os.closeDescriptor(descriptor);
  assert.equal(new Uint8Array(one), bytes);
  new Uint8Array(one).fill(9);
  assert.equal(new Uint8Array(other), bytes, 'a write is its own');
  const view = new Uint8Array(one);
  assert.is(os.detachStore(one), true);
  assert.equal([one.byteLength, view.length], [0, 0]);
  os.detachStore(other);
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
