import vm from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClosedError, ShoalError } from 'shoal';
import { runRanks } from 'shoal/testing';
import { collective } from 'shoal/worker';
import { isError } from '../../src/show.js';
import { rejectsCode } from '../support/check.js';

const test = suite('another realm, as test runners make them');
/** Evaluate in a realm of its own. */
const foreign = <T>(code: string): T => vm.runInNewContext(code) as T;

test('errors are errors', async () => {
  const error = foreign<Error>('Object.assign(new RangeError("low"), { code: "ERR_SHOAL_CLOSED" })');
  assert.not(error instanceof Error);
  assert.ok(isError(error) && error instanceof ShoalError && error instanceof ClosedError);
  assert.ok(isError(AbortSignal.abort().reason));
  for (const other of [undefined, null, 'text', { message: 'x' }, foreign('({ message: "x", code: "ERR_SHOAL" })')]) {
    assert.not(isError(other));
  }
  const failed = await rejectsCode(
    runRanks(1, () => {
      throw foreign<Error>('new RangeError("low")');
    }),
    'TASK_FAILED',
  );
  assert.match(failed.message, /failed on rank 0: RangeError: low/);
});

test('typed arrays, tensors over them and arrays of other libraries are reduced in place', async () => {
  const complex = `new (class Complex64Array {
    values = Float32Array.of(1, 2);
    get buffer() { return this.values.buffer; }
    get byteOffset() { return 0; }
    get byteLength() { return 8; }
  })`;
  const [sums] = await runRanks(2, async () => {
    const plain = await collective.allreduce(foreign<Float32Array>('Float32Array.of(1, 2)'));
    const shared = await collective.allreduce(foreign<Int32Array>('new Int32Array(new SharedArrayBuffer(8)).fill(3)'));
    const tensor = await collective.allreduce(
      foreign<{ data: Float32Array }>('({ data: Float32Array.of(5), dims: [1] })'),
    );
    const { values } = await collective.allreduce(foreign<{ data: never; values: Float32Array }>(complex));
    return [plain, shared, tensor.data, values].map((array) => [...array]);
  });
  assert.equal(sums, [[2, 4], [6, 6], [10], [2, 4]]);
});

test.run();
