/** Which operations give what they must, by dtype: one call of each op on plain arrays and one on window arrays. */
import type { Dtype, TypedArray } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { operations } from '../../../src/operations/index.js';
import { opsOf } from '../../../src/types/contract.js';
import { dtypeNames, itemBytes } from '../../../src/types/dtype.js';
import type { AnyCall } from './any-call.js';
import { one } from './any-call.js';
import { arrayOf, fill } from './contract-model.js';

/** Dtypes that were right on this rank, by operation. */
export type Covered = Record<string, Dtype[]>;

const count = 5;
const places = ['plain', 'window'] as const;

export async function coverage(): Promise<Covered> {
  const covered: Covered = {};
  for (const { name, reduces } of operations.filter(({ takes }) => takes === 'buffer')) {
    covered[name] = await rightOf(async (dtype) => {
      const ops = reduces ? opsOf(dtype) : opsOf(dtype).slice(0, 1);
      for (const op of ops) for (const place of places) if (!(await isRight(name, dtype, op, place))) return false;
      return ops.length > 0;
    });
  }
  for (const name of ['allgatherv', 'gatherv', 'scatterv', 'alltoallv'] as const) {
    covered[name] = await rightOf((dtype) => isRaggedRight(name, dtype));
  }
  covered.emptyShared = await rightOf(isSharedRight);
  covered['list of arrays'] = await rightOf(isListRight);
  covered.bucket = await rightOf(isBucketRight);
  covered['send and recv'] = await rightOf((dtype) => isMessageRight(dtype, false));
  covered.sendrecv = await rightOf((dtype) => isMessageRight(dtype, true));
  return covered;
}

/** The dtypes of which it is so; a call that is refused on all ranks is not right. */
async function rightOf(isSo: (dtype: Dtype) => Promise<boolean>): Promise<Dtype[]> {
  const right: Dtype[] = [];
  for (const dtype of dtypeNames) {
    try {
      if (await isSo(dtype)) right.push(dtype);
    } catch (error) {
      // Only what is refused before anything is sent leaves the group as it was.
      if ((error as { code?: string }).code !== 'ERR_SHOAL_INVALID_ARGUMENT') throw error;
    }
  }
  return right;
}

async function isRight(
  operation: string,
  dtype: Dtype,
  op: AnyCall['op'],
  place: 'plain' | 'window',
): Promise<boolean> {
  const wrong = await one({
    group: 'task',
    operation,
    form: 'awaited',
    root: 1,
    dtype,
    op,
    carried: false,
    count,
    numbers: 'bits',
    on: 0,
    asList: [false, false],
    seed: 7,
    places: [place],
    outPlaces: operation === 'scatter' ? ['plain'] : undefined,
  });
  return wrong.length === 0;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

/** Numbers of a rank. */
function made(dtype: Dtype, elements: number, rank: number): TypedArray {
  const array = arrayOf(dtype, elements);
  fill(dtype, array, rank);
  return array;
}

/** Bytes of so many elements of a rank's numbers, from one on. */
function part(dtype: Dtype, rank: number, total: number, from: number, to: number): Buffer {
  return bytesOf(made(dtype, total, rank)).subarray(from * itemBytes[dtype], to * itemBytes[dtype]);
}

const upTo = (size: number): number[] => Array.from({ length: size }, (_, rank) => rank);

/** Rank r has r + 1 elements for each rank, or in all. */
async function isRaggedRight(
  name: 'allgatherv' | 'gatherv' | 'scatterv' | 'alltoallv',
  dtype: Dtype,
): Promise<boolean> {
  const { rank, size } = context;
  const sizes = upTo(size).map((each) => each + 1);
  const total = sizes.reduce((sum, each) => sum + each, 0);
  const isGiven = name === 'scatterv' ? rank === 0 : true;
  const mine = made(dtype, name === 'alltoallv' ? (rank + 1) * size : name === 'scatterv' ? total : rank + 1, rank);
  const out = arrayOf(dtype, name === 'scatterv' ? rank + 1 : total);
  const call = collective[name].bind(collective) as unknown as (buffer: unknown, options: object) => Promise<unknown>;
  await call(isGiven ? mine : undefined, {
    dtype,
    out,
    ...(name === 'alltoallv' && { sendCounts: upTo(size).map(() => rank + 1), recvCounts: sizes }),
    ...(name === 'scatterv' && rank === 0 && { counts: sizes }),
  });
  if (name === 'gatherv' && rank !== 0) return true;
  const start = sizes.slice(0, rank).reduce((sum, each) => sum + each, 0);
  const want = {
    scatterv: () => [part(dtype, 0, total, start, start + rank + 1)],
    alltoallv: () =>
      upTo(size).map((from) => part(dtype, from, (from + 1) * size, rank * (from + 1), (rank + 1) * (from + 1))),
    allgatherv: () => upTo(size).map((from) => part(dtype, from, from + 1, 0, from + 1)),
    gatherv: () => upTo(size).map((from) => part(dtype, from, from + 1, 0, from + 1)),
  }[name]();
  return Buffer.compare(bytesOf(out), Buffer.concat(want)) === 0;
}

/** An op that the dtype has. */
function opOf(dtype: Dtype): AnyCall['op'] {
  return dtype.startsWith('complex') ? 'sum' : 'max';
}

async function isSharedRight(dtype: Dtype): Promise<boolean> {
  const like = arrayOf(dtype, count);
  const out = await collective.emptyShared<TypedArray>(like.constructor as never, like.length);
  if (context.rank === 0) bytesOf(out).set(bytesOf(made(dtype, count, 3)));
  await collective.barrier();
  await collective.broadcast(out, { dtype });
  const isSame = Buffer.compare(bytesOf(out), bytesOf(made(dtype, count, 3))) === 0;
  collective.free(out);
  return isSame;
}

async function isListRight(dtype: Dtype): Promise<boolean> {
  const op = opOf(dtype);
  const want = [await reduced(dtype, op, 0), await reduced(dtype, op, 1)];
  const list = [made(dtype, count, context.rank), made(dtype, count, context.rank + 1)];
  await collective.allreduce(list, { dtype, op } as never);
  return list.every((array, i) => Buffer.compare(bytesOf(array), want[i]!) === 0);
}

async function isBucketRight(dtype: Dtype): Promise<boolean> {
  const op = opOf(dtype);
  const want = [await reduced(dtype, op, 0), await reduced(dtype, op, 1)];
  const arrays = [made(dtype, count, context.rank), made(dtype, count, context.rank + 1)];
  const bucket = collective.bucket({ dtype, op });
  for (const array of arrays) void bucket.add(array);
  await bucket.flush();
  return arrays.every((array, i) => Buffer.compare(bytesOf(array), want[i]!) === 0);
}

/** What an allreduce gives of this rank's numbers: the model has looked at that before. */
async function reduced(dtype: Dtype, op: string, salt: number): Promise<Buffer> {
  const x = made(dtype, count, context.rank + salt);
  await collective.allreduce(x, { dtype, op } as never);
  return bytesOf(x);
}

/** To the next rank, from the one before. */
async function isMessageRight(dtype: Dtype, together: boolean): Promise<boolean> {
  const { rank, size } = context;
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  const [mine, theirs] = [made(dtype, count, rank), arrayOf(dtype, count)];
  if (together) await collective.sendrecv(mine, next, theirs, before);
  else {
    const coming = collective.recv(theirs, before, { dtype });
    await collective.send(mine, next, { dtype });
    await coming;
  }
  return Buffer.compare(bytesOf(theirs), bytesOf(made(dtype, count, before))) === 0;
}
