/** Lists that are called again: with the same arrays, with others, and with arrays that are gone. */
import { collective, context } from 'shoal/worker';
import type { Bad } from './failure.js';
import { failure } from './failure.js';

/** The ranks share one thread, in which no form but the awaited one is. */
const isOneThread = ['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '');

type List = readonly Float32Array[];
interface Options {
  readonly op?: 'max';
  readonly out?: List;
}

/** A call in the forms that there are, in turn. */
function callOf(turn: number): (list: List, options?: Options) => Promise<List> {
  if (isOneThread || turn % 2 === 0) return (list, options) => collective.allreduce(list, options);
  return (list, options) => Promise.resolve(collective.allreduceSync(list, options));
}

/** Arrays of this rank. */
function made(lengths: readonly number[], inWindow: boolean): Float32Array[] {
  return lengths.map((length) => (inWindow ? collective.empty(Float32Array, length) : new Float32Array(length)));
}

/** The same arrays again and again, in one list or in new ones, with others between. */
export async function again(lengths: readonly number[]): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const triangle = (size * (size - 1)) / 2;
  for (const inWindow of [false, true]) {
    const [arrays, others] = [made(lengths, inWindow), made(lengths, !inWindow)];
    const list = [...arrays];
    const check = async (turn: number, what: string, given: Float32Array[], options?: Options): Promise<void> => {
      const label = `turn ${turn}, ${inWindow ? 'window' : 'plain'}, ${what}`;
      for (const [index, array] of [...arrays, ...others].entries()) array.fill(rank + index + turn);
      const before = given.map((array) => array[0] ?? 0);
      const result = await callOf(turn)(given, options);
      if (result !== (options?.out ?? given)) wrong.push(`${label}: gave another list`);
      for (const [index, array] of result.entries()) {
        const own = before[index]! - rank;
        const want = options?.op === 'max' ? own + size - 1 : size * own + triangle;
        if (array.some((value) => value !== want)) wrong.push(`${label}: array ${index} is ${array[0]}, not ${want}`);
      }
      const written = new Set<Float32Array>(result);
      for (const [index, array] of [...arrays, ...others].entries()) {
        if (!written.has(array) && array.some((value) => value !== rank + index + turn))
          wrong.push(`${label}: wrote ${index}`);
      }
    };
    for (let turn = 0; turn < 6; turn++) {
      await check(turn, 'one list', list);
      await check(turn, 'a new list', [...arrays]);
      await check(turn, 'another op', list, { op: 'max' });
      await check(turn, 'with out', list, { out: others });
      await check(turn, 'with a new out', [...list], { out: [...others] });
      await check(turn, 'fewer arrays', arrays.slice(0, -1));
      await check(turn, 'another order', [...arrays].reverse());
      // The list is the caller's: what was in it is not what is in it.
      const changed = [...list];
      await check(turn, 'before a change', changed);
      changed[lengths.length - 1] = others[turn % lengths.length]!;
      await check(turn, 'after a change', changed);
      changed.pop();
      await check(turn, 'after a pop', changed);
    }
    for (const array of inWindow ? arrays : others) collective.free(array);
  }
  return wrong;
}

/** What was called before, and cannot be called again as it is. */
export async function gone(): Promise<string[]> {
  const { rank } = context;
  const wrong: string[] = [];
  const call = callOf(rank);
  const [first, second, third] = made([30, 40, 50], false) as [Float32Array, Float32Array, Float32Array];
  const inWindow = collective.empty(Float32Array, 64);
  const list = [first, second, inWindow];
  const other = [third, second];
  for (let turn = 0; turn < 3; turn++) await call(list);
  for (let turn = 0; turn < 3; turn++) await call(other);
  const expect = async (...bad: Bad): Promise<void> => {
    wrong.push(...(await failure(...bad)));
  };
  await Promise.all([
    collective.allreduce(list),
    expect('arrays that are under way', () => collective.allreduce([...list]), 'INVALID_ARGUMENT'),
    expect('one of them in another list', () => collective.allreduce(other), 'INVALID_ARGUMENT'),
  ]);
  collective.free(inWindow);
  await expect('a freed array', () => call(list), 'CLOSED');
  // Where the freed one lay there is one of all ranks now, perhaps.
  const shared = await collective.emptyShared(Float32Array, 64, { root: 0 });
  const isThere = shared.buffer === inWindow.buffer && shared.byteOffset === inWindow.byteOffset;
  const isSame = (await collective.allreduce(isThere ? 1 : 0, { op: 'min' })) === 1;
  if (isSame) await expect('a shared array in its place', () => call(list), 'INVALID_ARGUMENT');
  collective.free(shared);
  await call(other);
  structuredClone(second.buffer, { transfer: [second.buffer as ArrayBuffer] });
  await expect('a detached array', () => call(other), 'INVALID_ARGUMENT');
  await expect('the same once more', () => call([third, second]), 'INVALID_ARGUMENT');
  const empty = new Float32Array(0);
  await call([third, empty]);
  await call([third, empty]);
  structuredClone(empty.buffer, { transfer: [empty.buffer] });
  await expect('a detached array without elements', () => call([third, empty]), 'INVALID_ARGUMENT');
  await call([third]);
  return wrong;
}

/** Ranks that have other lists than before, each time nobody writes. */
export async function unequal(): Promise<string[]> {
  const { rank, size } = context;
  if (size === 1) return [];
  const odd = rank === size - 1;
  const [x, y, z] = made([8, 9, 10], false) as [Float32Array, Float32Array, Float32Array];
  const lists: readonly [string, List][] = [
    ['one array fewer', odd ? [x] : [x, y]],
    ['another order', odd ? [y, x] : [x, y]],
    ['a list, where others have an array', [y]],
  ];
  const wrong: string[] = [];
  for (let turn = 0; turn < 3; turn++) {
    await collective.allreduce([x, y]);
    await collective.allreduce([y, z]);
    for (const array of [x, y, z]) array.fill(1);
    for (const [sentence, list] of lists) {
      const isArray = odd && sentence.startsWith('a list');
      const one = (): Promise<unknown> => (isArray ? collective.allreduce(y) : collective.allreduce(list));
      wrong.push(...(await failure(`${sentence}, turn ${turn}`, one, 'COLLECTIVE_MISMATCH')));
    }
    const named = (): Promise<unknown> => collective.allreduce([x, y], { name: odd ? 'a' : 'b' });
    wrong.push(...(await failure(`another name, turn ${turn}`, named, 'COLLECTIVE_MISMATCH')));
    if ([x, y, z].some((array) => array.some((value) => value !== 1))) wrong.push(`turn ${turn} has written`);
  }
  return wrong;
}
