/** Tensors of the libraries that users have, in a group: each task returns what was wrong, in words. */
import { Float16Array } from '@petamoriken/float16';
import Complex64Array from '@stdlib/array-complex64';
import stdlibNdarray from '@stdlib/ndarray-base-ctor';
import ndarray from 'ndarray';
import { Tensor } from 'onnxruntime-common';
import { collective, context } from 'shoal/worker';

const [rows, columns] = [3, 5];
const poison = -777;

/** Element (row, column) of a rank, and the sum over all ranks. */
const element = (rank: number, row: number, column: number): number => 100 * row + 10 * column + rank;
const sum = (row: number, column: number): number => {
  const { size } = context;
  return size * element(0, row, column) + (size * (size - 1)) / 2;
};

type View = ndarray.NdArray<Float64Array>;

/** The same matrix in memory in different ways, with poison around it. */
const views: readonly (readonly [name: string, make: () => View])[] = [
  ['row-major', () => ndarray(matrix(rows * columns), [rows, columns])],
  ['column-major', () => ndarray(matrix(rows * columns), [columns, rows]).transpose(1, 0)],
  ['a block of a larger one', () => ndarray(matrix(80), [8, 10]).lo(2, 3).hi(rows, columns)],
  ['every second row and third column', () => ndarray(matrix(90), [6, 15]).step(2, 3)],
  ['both axes reversed', () => ndarray(matrix(rows * columns), [rows, columns]).step(-1, -1)],
  ['a plane of a cube', () => ndarray(matrix(rows * columns * 4), [rows, 4, columns]).pick(null, 2, null)],
  ['in the window', () => ndarray(window(80), [8, 10]).lo(1, 1).hi(rows, columns)],
];
const matrix = (length: number): Float64Array => new Float64Array(length).fill(poison);
const window = (length: number): Float64Array => collective.empty(Float64Array, length).fill(poison);

function fill(view: View, rank: number): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) view.set(row, column, element(rank, row, column));
}

/** What a view has that it should not, and whether anything outside it has changed. */
function difference(name: string, view: View, expected: (row: number, column: number) => number): string[] {
  const wrong: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const got = view.get(row, column);
      if (got !== expected(row, column))
        wrong.push(`${name} (${row}, ${column}): got ${got}, expected ${expected(row, column)}`);
    }
  }
  const outside = view.data.filter((each) => each === poison).length;
  if (outside !== view.data.length - rows * columns) wrong.push(`${name}: memory outside the view was written`);
  return wrong;
}

/** Every rank has the matrix in another way: elements are matched by their indices, not by where they lie. */
export async function layouts(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  for (let turn = 0; turn < views.length; turn++) {
    const [name, make] = views[(rank + turn) % views.length]!;
    const [outName, makeOut] = views[(2 * rank + turn + 1) % views.length]!;
    const [view, out] = [make(), makeOut()];
    fill(view, rank);
    if ((await collective.allreduce(view, { out })) !== out) wrong.push(`${name}: out did not come back`);
    wrong.push(...difference(`${name} → ${outName}`, out, sum));
    wrong.push(...difference(`${name}, given`, view, (...at) => element(rank, ...at)));
    if ((await collective.allreduce(view)) !== view) wrong.push(`${name}: another array came back`);
    wrong.push(...difference(`${name}, in place`, view, sum));
    const root = turn % size;
    fill(view, rank);
    await collective.broadcast(view, { root });
    wrong.push(...difference(`${name}, broadcast from ${root}`, view, (...at) => element(root, ...at)));
    for (const { data } of [view, out]) if (data.buffer instanceof SharedArrayBuffer) collective.free(data);
  }
  return wrong;
}

const join = (values: ArrayLike<unknown>): string => Array.from(values, String).join(' ');
function compare(name: string, got: ArrayLike<unknown>, expected: ArrayLike<unknown>): string[] {
  return join(got) === join(expected) ? [] : [`${name}: got ${join(got)}, expected ${join(expected)}`];
}

/** onnxruntime's tensors say their dtype and dims. */
export async function onnxruntime(): Promise<string[]> {
  const { rank, size } = context;
  const floats = new Tensor('float32', Float32Array.of(1, 2, rank), [3, 1]);
  const back: typeof floats = await collective.allreduce(floats, { op: 'avg' });
  const wrong = compare('float32', floats.data, [1, 2, (size - 1) / 2]);
  if (back !== floats) wrong.push('another tensor came back');
  // Bits of 1.5 and 1; as integers they would add up to those of other numbers.
  const halves = new Tensor('float16', Uint16Array.of(0x3e00, 0x3c00), [2]);
  await collective.allreduce(halves);
  // Where the runtime has Float16Array, the tensor has made one of them.
  wrong.push(...compare('float16', new Float16Array(halves.data.buffer), [1.5 * size, size]));
  await collective.allreduce(halves, { op: 'prod', accumulate: 'float32' });
  const product = new Float16Array([(1.5 * size) ** size, size ** size]); // beyond its range: Infinity
  wrong.push(...compare('float16 product', new Float16Array(halves.data.buffer), product));
  const truths = new Tensor('bool', [rank === 0, true, false], [1, 3]);
  await collective.allreduce(truths, { op: 'sum' });
  wrong.push(...compare('bool', truths.data, [1, 1, 0]));
  const longs = new Tensor('int64', BigInt64Array.of(2n ** 62n, BigInt(-rank)), [2]);
  await collective.allreduce(longs, { op: 'min' });
  wrong.push(...compare('int64', longs.data, [2n ** 62n, BigInt(1 - size)]));
  const scalar = new Tensor('float64', Float64Array.of(rank), []);
  await collective.broadcast(scalar, { root: size - 1 });
  return [...wrong, ...compare('scalar', scalar.data, [size - 1])];
}

/** stdlib's ndarrays name their strides otherwise, and have complex numbers, counted in pairs. */
export async function stdlib(): Promise<string[]> {
  const { rank, size } = context;
  const order = rank % 2 === 0 ? 'row-major' : 'column-major';
  const strides = order === 'row-major' ? [3, 1] : [1, 2];
  const plain = stdlibNdarray('int32', new Int32Array(7), [2, 3], strides, 1, order);
  for (let i = 0; i < 6; i++) plain.set(Math.floor(i / 3), i % 3, i + rank);
  await collective.allreduce(plain);
  const seen = Array.from({ length: 6 }, (_, i) => plain.get(Math.floor(i / 3), i % 3) as number);
  const wrong = compare(
    'int32',
    seen,
    Array.from(seen, (_, i) => i * size + (size * (size - 1)) / 2),
  );
  wrong.push(...compare('the element before', [(plain.data as Int32Array)[0]], [0]));

  const numbers = new Complex64Array(Float32Array.of(0, 1, 9, 9, 2, rank));
  const apart = stdlibNdarray('complex64', numbers as unknown as ArrayLike<unknown>, [2], [2], 0, 'row-major');
  await collective.allreduce(apart, { op: 'prod' });
  // i to the n-th, and (2 + r·i) one after the other.
  const product = (of: (rank: number) => readonly [number, number]): number[] => {
    let [re, im] = of(0);
    for (let other = 1; other < size; other++) {
      const [x, y] = of(other);
      [re, im] = [re * x - im * y, re * y + im * x];
    }
    return [re, im];
  };
  const flat = new Float32Array(numbers.buffer);
  wrong.push(...compare('complex64, untouched', flat.subarray(2, 4), [9, 9]));
  wrong.push(
    ...compare(
      'complex64',
      [...flat.subarray(0, 2), ...flat.subarray(4)].map((each) => each + 0),
      [...product(() => [0, 1]), ...product((other) => [2, other])].map((each) => each + 0),
    ),
  );
  return wrong;
}

/** The arrays of @petamoriken/float16 are no typed arrays of the runtime. */
export async function petamoriken(): Promise<string[]> {
  const { rank, size } = context;
  const plain = new Float16Array([0.5, rank, 2048, -0]);
  const back: Float16Array = await collective.allreduce(plain);
  const wrong = back === plain ? [] : ['another array came back'];
  let large = 2048;
  for (let other = 1; other < size; other++) large = new Float16Array([large + 2048])[0]!;
  wrong.push(...compare('plain', plain, [size / 2, (size * (size - 1)) / 2, large, -0]));
  if (!Object.is(plain[3], -0)) wrong.push('−0 was lost');
  const inWindow = collective.empty(Float16Array, 300);
  inWindow.fill(rank + 1);
  await collective.allreduce(inWindow, { op: 'max' });
  wrong.push(...compare('window', inWindow, new Array<number>(300).fill(size)));
  collective.free(inWindow);
  const apart = ndarray(new Float16Array([1, rank, 3, rank]) as unknown as Float32Array, [2], [2], 1);
  await collective.allreduce(apart);
  const total = (size * (size - 1)) / 2;
  return [...wrong, ...compare('with strides', apart.data, [1, total, 3, total])];
}
