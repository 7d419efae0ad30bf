import { Float16Array } from '@petamoriken/float16';
import Complex64Array from '@stdlib/array-complex64';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Tensor } from 'onnxruntime-common';
import { runRanks } from 'shoal/testing';
import { collective, context } from 'shoal/worker';
import { rejectsCode } from '../support/check.js';
import { resizable } from '../support/resizable.js';

const test = suite('tensors, refused');
const f32 = (...values: number[]): Float32Array => Float32Array.of(...values);
const allreduce = (buffer: unknown, options?: unknown): Promise<unknown> =>
  collective.allreduce(buffer as Float32Array, options as object);

const detached = f32(1, 2);
structuredClone(detached.buffer, { transfer: [detached.buffer as ArrayBuffer] });

const room = resizable(16);
const beyond = new Float32Array(room, 8, 2);
room.resize(8);

const shared = f32(1, 2, 3, 4);

/** What is wrong, the buffer and options, and what the message says. */
const refusals: readonly (readonly [sentence: string, buffer: unknown, options: unknown, says: string])[] = [
  [
    'no data',
    { shape: [2] },
    {},
    'a typed array such as Float32Array, or a tensor with one as its data, received an Object',
  ],
  [
    'a list as data',
    { data: [1, 2], shape: [2] },
    {},
    'buffer.data to be a typed array such as Float32Array, received an array of 2 elements',
  ],
  ['strings', new Tensor('string', ['a', 'b'], [2]), {}, 'buffer.data to be a typed array'],
  ['clamped bytes', { data: new Uint8ClampedArray(2), shape: [2] }, {}, 'received a Uint8ClampedArray'],
  ['a DataView', { data: new DataView(new ArrayBuffer(8)) }, {}, 'received a DataView'],
  [
    'data on another device',
    Tensor.fromGpuBuffer({ mapState: 'unmapped' } as never, { dataType: 'float32', dims: [2] }),
    {},
    'buffer.data cannot be read: The data is not on CPU',
  ],
  [
    'numbers of four bits',
    new Tensor('uint4', new Uint8Array(2), [4]),
    {},
    'the dtype of buffer to be one of bool, int8',
  ],
  ['an unknown dtype', { data: f32(1), dtype: 'float' }, {}, 'received "float"'],
  [
    'a dtype of another class',
    { data: f32(1), dtype: 'float64' },
    {},
    'buffer.data to hold the float64 that its dtype says, but its Float32Array holds float32, complex64',
  ],
  [
    'an array that says float16 under another dtype',
    { data: new Float16Array(2), dtype: 'bfloat16' },
    {},
    'but its Uint16Array holds float16',
  ],
  [
    'another dtype than the tensor says',
    new Tensor('float16', new Uint16Array(2), [2]),
    { dtype: 'bfloat16' },
    'one that what says that it is float16 can hold: float16, received "bfloat16"',
  ],
  [
    'too few elements',
    { data: f32(1, 2, 3), shape: [2, 2] },
    {},
    'the elements of shape [2, 2] at offset 0, elements 0 to 3, received 3 elements',
  ],
  ['too many elements', { data: f32(1, 2, 3), dims: [2] }, {}, 'received 3 elements'],
  [
    'elements past the end',
    { data: f32(1, 2, 3), shape: [2], strides: [3] },
    {},
    'shape [2] and strides [3] at offset 0, elements 0 to 3',
  ],
  ['elements before the first', { data: f32(1, 2, 3), shape: [2], stride: [-1] }, {}, 'elements -1 to 0'],
  ['an offset past the end', { data: f32(1, 2, 3), shape: [2], offset: 2 }, {}, 'at offset 2'],
  [
    'half an offset',
    { data: f32(1, 2, 3), shape: [2], offset: 0.5 },
    {},
    'buffer.offset to be an integer >= 0, received 0.5',
  ],
  ['a shape of huge numbers', { data: f32(1), shape: [2 ** 40, 2 ** 40] }, {}, 'received 1 element'],
  [
    'a size below 0',
    { data: f32(1), shape: [-1] },
    {},
    "buffer's shape to be a list of integers >= 0, received -1 at 0",
  ],
  ['a size that is none', { data: f32(1), shape: [1, undefined] }, {}, 'received undefined at 1'],
  ['a number as shape', { data: f32(1), shape: 1 }, {}, "buffer's shape to be a list of integers >= 0, received 1"],
  [
    'a stride of text',
    { data: f32(1), shape: [1], strides: ['1'] },
    {},
    'buffer\'s strides to be a list of integers, received "1" at 0',
  ],
  [
    'strides of other axes',
    { data: f32(1, 2), shape: [2], strides: [1, 1] },
    {},
    'a stride of buffer for each of 1 axes, received 2',
  ],
  [
    'strides without a shape',
    { data: f32(1, 2), strides: [1] },
    {},
    'to have a shape, since it has strides or an offset',
  ],
  [
    'column-major without strides',
    { data: f32(1, 2), shape: [1, 2], order: 'column-major' },
    {},
    'to have strides, since its order is column-major',
  ],
  [
    'elements that share memory',
    { data: f32(1, 2), shape: [3, 2], strides: [0, 1] },
    {},
    'the elements of buffer to lie apart, but with shape 3 × 2 and strides 0, 1',
  ],
  [
    'elements of out that share memory',
    { data: f32(1, 2, 3, 4), shape: [4] },
    { out: { data: f32(1), shape: [4], strides: [0] } },
    'the elements of out to lie apart',
  ],
  [
    'out of another shape',
    { data: f32(1, 2), shape: [2, 1] },
    { out: { data: f32(1, 2), shape: [1, 2] } },
    'out to be a Float32Array of 2 × 1 elements like buffer, received a Float32Array of 1 × 2',
  ],
  [
    'out that says another dtype',
    new Uint16Array(2),
    { out: new Float16Array(2) },
    'one that what says that it is float16 can hold: float16, received "uint16"',
  ],
  [
    'out in the same memory',
    { data: shared, shape: [2], strides: [2] },
    { out: { data: shared, shape: [2], strides: [2], offset: 1 } },
    'out overlaps buffer',
  ],
  ['half a complex number', { data: f32(1, 2, 3), dtype: 'complex64', shape: [1] }, {}, 'received 1.5 elements'],
  [
    'an operation that its dtype lacks',
    new Tensor('float16', new Uint16Array(2), [2]),
    { op: 'band' },
    'no op band on float16',
  ],
  [
    'an array beyond the end of its buffer',
    beyond,
    {},
    'buffer to be usable, but its buffer was detached, or has shrunk',
  ],
  ['a proxy of an array', new Proxy(f32(1), {}), {}, 'or a tensor with one as its data, received a proxy'],
  ['detached data', { data: detached }, {}, 'expected buffer.data to be usable, but it is detached'],
];

for (const [sentence, buffer, options, says] of refusals) {
  test(`${sentence}: said, and the group goes on`, async () => {
    await runRanks(2, async () => {
      const error = await rejectsCode(allreduce(buffer, options), 'INVALID_ARGUMENT');
      assert.match(error.message, says);
      assert.match(error.message, 'allreduce: ');
      assert.equal(await collective.allreduce(f32(1)), f32(2));
    });
  });
}

test('what shares memory may be read, where the result goes elsewhere', async () => {
  await runRanks(2, async () => {
    const row = f32(1, 2);
    const out = new Float32Array(6);
    await collective.allreduce({ data: row, shape: [3, 2], strides: [0, 1] }, { out: { data: out, shape: [3, 2] } });
    assert.equal(out, f32(2, 4, 2, 4, 2, 4));
    assert.equal(row, f32(1, 2));
    const sent = context.rank === 0 ? { data: f32(7), shape: [2], strides: [0] } : { data: f32(1, 2), shape: [2] };
    await collective.broadcast(sent);
    assert.equal(sent.data, context.rank === 0 ? f32(7) : f32(7, 7));
  });
});

test('no element at all is a tensor too', async () => {
  await runRanks(2, async () => {
    for (const shape of [[0], [3, 0, 2]]) await collective.allreduce({ data: new Float32Array(0), shape });
    await collective.allreduce({ data: f32(1), shape: [0, 2], strides: [7, 9] });
  });
});

test('a dtype of what the elements are stored as is named by the option', async () => {
  await runRanks(3, async () => {
    const bfloat16 = new Tensor('uint16', Uint16Array.of(0x3f80), [1]);
    await collective.allreduce(bfloat16, { dtype: 'bfloat16' });
    assert.is(bfloat16.data[0], 0x4040);
    const complex = new Complex64Array(Float32Array.of(0, 1));
    await allreduce(complex, { op: 'prod' });
    assert.equal(new Float32Array(complex.buffer), f32(0, -1));
  });
});

test('a tensor in flight is in use, and so is the memory between its elements', async () => {
  await runRanks(2, async () => {
    const data = new Float32Array(6);
    const first = collective.allreduce({ data, shape: [3], strides: [2] });
    const error = await rejectsCode(
      collective.allreduce({ data, shape: [2], strides: [2], offset: 1 }),
      'INVALID_ARGUMENT',
    );
    assert.match(error.message, 'still in use');
    await first;
  });
});

test('a tensor whose memory goes away under way is an error, not a lost result', async () => {
  await runRanks(2, async () => {
    const data = f32(1, 2, 3);
    const call = collective.allreduce({ data, shape: [2], strides: [2] });
    // The last rank to call has its result at once.
    if (context.rank === 1) {
      await call;
      return;
    }
    structuredClone(data.buffer, { transfer: [data.buffer] });
    const error = await rejectsCode(call, 'INVALID_ARGUMENT');
    assert.match(error.message, 'but it was detached');
  });
});

test('an array in the window that was freed is known through a tensor', async () => {
  await runRanks(1, async () => {
    const data = collective.empty(Float32Array, 4);
    collective.free(data);
    await rejectsCode(collective.allreduce({ data, shape: [2], strides: [2] }), 'CLOSED');
  });
});

test.run();
