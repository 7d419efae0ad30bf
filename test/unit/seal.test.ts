import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collective } from 'shoal/worker';
import { runRanks } from 'shoal/testing';
import { compileKernels, instantiateKernels } from '../../src/kernels/wasm-module.js';
import { canaryBytes, sealedBytes } from '../../src/backend/window/layout.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { codeOf, rejectionOf, rejectsCode } from '../support/check.js';

const test = suite('what nobody may write to');

test('holds everything that the kernels keep in memory, and nothing where no one may be', () => {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  instantiateKernels(compileKernels(), memory, 2 ** 21);
  const bytes = new Uint8Array(memory.buffer);
  const used = Array.from(bytes.keys()).filter((address) => bytes[address] !== 0);
  assert.ok(used.length > 0);
  assert.ok(
    used.every((address) => address >= canaryBytes && address < sealedBytes),
    `${used[0]} to ${used.at(-1)}`,
  );
});

test('every byte of it shows when it changes', () => {
  const node = createWindow(compileKernels(), 2, 2 ** 20);
  const { header } = node.layout;
  assert.is(node.damage(), undefined);
  for (const address of [...Array(sealedBytes).keys(), ...Array.from({ length: 32 }, (_, i) => header + i)]) {
    node.bytes[address]! ^= 1;
    assert.type(node.damage(), 'string', `byte ${address}`);
    node.bytes[address]! ^= 1;
  }
  assert.is(node.damage(), undefined);
});

test('a slip is the error of runRanks, the next run is right', async () => {
  const slip = async (past: boolean): Promise<void> => {
    const x = collective.empty(Float32Array, 100);
    if (past) new Float32Array(x.buffer, x.byteOffset, 101).fill(1);
    else new Float32Array(x.buffer).fill(1);
    await collective.allreduce(x);
  };
  for (const past of [false, true]) {
    const error = await rejectsCode(runRanks(2, slip, past), 'WINDOW_DAMAGED');
    assert.match(error.message, 'new Float32Array(x.buffer, x.byteOffset, x.length)');
  }
  const sums = await runRanks(
    2,
    async () => (await collective.allreduce(collective.empty(Float32Array, 3).fill(1)))[2],
  );
  assert.equal(sums, [2, 2]);
});

test('an array class that lies about its size is refused', async () => {
  class Lying extends Float32Array {
    static override readonly BYTES_PER_ELEMENT = 1 as 4;
  }
  class Longer extends Float32Array {
    constructor(buffer: ArrayBuffer, byteOffset: number, count: number) {
      super(buffer, byteOffset, count + 8);
    }
  }
  for (const Class of [Lying, Longer] as unknown as Float32ArrayConstructor[]) {
    const failed = await rejectionOf(runRanks(1, () => void collective.empty(Class, 8)));
    assert.is(codeOf(failed.cause), 'ERR_SHOAL_INVALID_ARGUMENT', failed.stack);
  }
});

test.run();
