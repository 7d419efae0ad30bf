/** Cases with lists: of arrays that go as one call, and of arrays that stand for one with a block for each rank. */
import type { TypedArray } from 'shoal/worker';
import type { Case, Cases } from './case.js';
import { facts } from './table-call.js';

const classes = [Float32Array, Int32Array, Uint16Array, Float64Array] as const;

/** Lists that go as one call. */
function coalescedCases(operation: string): Cases {
  const { reduces, isForRoot } = facts[operation]!;
  /** The arrays of this rank: rank + 1 in all of the first, rank + 2 in the second, and so on. */
  const arraysOf = (c: Case, lengths: readonly number[]): TypedArray[] =>
    lengths.map((length, i) => {
      const array: TypedArray = c.array<TypedArray>(classes[i % classes.length]!, length);
      return array.fill((c.rank + 1 + i) as never);
    });
  const run = async (c: Case, lengths: readonly number[]): Promise<void> => {
    const root = c.draw(c.size);
    const list = arraysOf(c, lengths);
    await c.call(operation, 'awaited', list, operation === 'allreduce' ? {} : { root });
    const total = (c.size * (c.size + 1)) / 2;
    list.forEach((array, i) => {
      const sum = total + i * c.size;
      const after = reduces ? sum : root + 1 + i;
      const want = isForRoot && c.rank !== root ? c.rank + 1 + i : after;
      c.elements(`array ${i} of ${list.length}, root ${root}`, array, lengths[i]!, () => want);
    });
  };
  return {
    'coalesced list': async (c) => {
      await run(c, [3]);
      await run(c, [1, 40, 0, 7, 2_000, 5]);
      await run(c, []);
    },
    'many in a list': (c) =>
      run(
        c,
        Array.from({ length: 40 }, (_, i) => i % 3),
      ),
    'unmatched lists': async (c) => {
      if (c.size === 1) return run(c, [2, 2]);
      const isOdd = c.rank === c.draw(c.size);
      const list = arraysOf(c, isOdd ? [2, 3] : [3, 2]);
      await c.refused('other lengths', () => c.call(operation, 'awaited', list), 'COLLECTIVE_MISMATCH');
      const longer = arraysOf(c, isOdd ? [2, 2, 2] : [2, 2]);
      await c.refused('an array more', () => c.call(operation, 'awaited', longer), 'COLLECTIVE_MISMATCH');
      const arrays = [...list, ...longer];
      const first = (array: TypedArray): number | bigint => array[0]!;
      const kept = [...list, ...longer].map((_, i) => c.rank + 1 + (i < 2 ? i : i - 2));
      c.same('the arrays', arrays.map(first), kept);
    },
  };
}

/** Lists that stand for an array with a block for each rank. */
function blockListCases(operation: string): Cases {
  const { brings, gets, isRooted, isForRoot, reduces } = facts[operation]!;
  const make = (c: Case, blocks: 'one' | 'each', count: number): Int32Array | Int32Array[] =>
    blocks === 'one' ? c.array(Int32Array, count) : Array.from({ length: c.size }, () => c.array(Int32Array, count));
  const call = (c: Case, root: number, buffer: unknown, out: unknown): Promise<unknown> => {
    const options = { out, ...(isRooted && { root }) };
    return c.call(operation, 'awaited', operation === 'scatter' && c.rank !== root ? undefined : buffer, options);
  };
  return {
    'list of blocks': async (c) => {
      for (const count of [0, 1, 300]) {
        const root = c.draw(c.size);
        const buffer = make(c, brings, count);
        const out = make(c, gets, count);
        // Block t of rank s is full of 100 s + t.
        [buffer].flat().forEach((block, to) => block.fill(100 * c.rank + to));
        await call(c, root, buffer, out);
        if (isForRoot && c.rank !== root) continue;
        [out].flat().forEach((block, from) => {
          const to = brings === 'each' ? c.rank : 0;
          const sender = gets === 'each' ? from : root;
          const sum = (100 * c.size * (c.size - 1)) / 2 + to * c.size;
          c.elements(`block ${from}`, block, count, () => (reduces ? sum : 100 * sender + to));
        });
      }
    },
    'unmatched length of a list': async (c) => {
      for (const more of [-1, 1]) {
        const list = Array.from({ length: c.size + more }, () => c.array(Int32Array, 2));
        const root = c.draw(c.size);
        const isWrong = operation === 'scatter' || isForRoot ? c.rank === root : true;
        const buffer = brings === 'each' ? list : make(c, 'one', 2);
        const out = brings === 'each' || !isWrong ? make(c, gets, 2) : list;
        const code = isWrong ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
        await c.refused(`${list.length} blocks`, () => call(c, root, buffer, out), code);
        for (const block of list) c.elements('a block', block, 2, () => 0);
      }
    },
  };
}

/** The cases of an operation; scan and exscan take no lists. */
export function listCases(operation: string): Cases {
  if (['allreduce', 'reduce', 'broadcast'].includes(operation)) return coalescedCases(operation);
  return operation.endsWith('scan') ? {} : blockListCases(operation);
}
