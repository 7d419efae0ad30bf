/** Cases of `shoal/ray`. */
import * as ray from 'shoal/ray';
import { collective, context } from 'shoal/worker';
import type { Case, Cases } from './case.js';
import { runCases } from './case.js';

const names = ['default', 'test', '123?34!'];

/** A group of all ranks, given up afterwards. */
async function inGroup(name: string, run: () => Promise<void>): Promise<void> {
  await ray.initCollectiveGroup(context.size, context.rank, 'gloo', name);
  await run();
  ray.destroyCollectiveGroup(name);
}

/** A call that is to fail with a code on every rank. */
async function fails(c: Case, sentence: string, call: () => unknown, code = 'INVALID_ARGUMENT'): Promise<void> {
  await c.refused(sentence, call, code);
}

export const cases: Cases = {
  'init, get rank, get world size': async (c) => {
    for (const name of names) {
      c.same('before', ray.isGroupInitialized(name), false);
      await inGroup(name, async () => {
        c.same('after', ray.isGroupInitialized(name), true);
        c.same('the rank', [ray.getRank(name), ray.getCollectiveGroupSize(name)], [c.rank, c.size]);
        await ray.barrier(name);
      });
      c.same('at the end', ray.isGroupInitialized(name), false);
    }
  },
  'several groups in turn on one buffer': async (c) => {
    const x = c.array(Float32Array, 10).fill(1);
    for (let i = 0; i < 5; i++) await ray.initCollectiveGroup(c.size, c.rank, 'gloo', `${i}`);
    for (let i = 0; i < 5; i++) {
      await ray.allreduce(x, `${i}`);
      c.elements(`group ${i}`, x, 10, () => c.size ** (i + 1));
    }
    for (let i = 0; i < 5; i++) ray.destroyCollectiveGroup(`${i}`);
  },
  'allreduce of any name and size': async (c) => {
    for (const name of names) {
      await inGroup(name, async () => {
        for (const count of [2, 2 ** 5, 2 ** 10, 2 ** 15]) {
          const x = c.array(Float32Array, count).fill(1);
          await ray.allreduce(x, name);
          c.elements(`${name}, ${count}`, x, count, () => c.size);
        }
      });
    }
  },
  'destroy, then allreduce': async (c) => {
    const x = c.array(Float32Array, 4).fill(1);
    await inGroup('default', () => ray.allreduce(x));
    await fails(c, 'the group is gone', () => ray.allreduce(x));
    await inGroup('default', () => ray.allreduce(x));
    c.elements('made again', x, 4, () => c.size ** 2);
  },
  'destroy on one rank': async (c) => {
    await ray.initCollectiveGroup(c.size, c.rank);
    if (c.rank === 0) ray.destroyCollectiveGroup();
    c.same('the name', ray.isGroupInitialized(), c.rank !== 0);
    if (c.rank !== 0) ray.destroyCollectiveGroup();
  },
  'every op': async (c) => {
    await inGroup('default', async () => {
      let product = 1;
      for (let each = 2; each < c.size + 2; each++) product *= each;
      const want = { SUM: (c.size * (c.size + 3)) / 2, PRODUCT: product, MIN: 2, MAX: c.size + 1 };
      for (const op of Object.values(ray.ReduceOp)) {
        const x = c.array(Float64Array, 3).fill(c.rank + 2);
        await ray.allreduce(x, 'default', op);
        c.elements(op, x, 3, () => want[op]);
      }
      const y = c.array(Float64Array, 3).fill(c.rank + 2);
      await ray.allreduce(y); // the op of the call before stays with that
      c.elements('without an op', y, 3, () => want.SUM);
    });
  },
  'reduce to every rank, broadcast from every rank': async (c) => {
    await inGroup('default', async () => {
      for (let root = 0; root < c.size; root++) {
        const x = c.array(Int32Array, 5).fill(c.rank + 1);
        await ray.reduce(x, root, 'default', ray.ReduceOp.MAX);
        c.elements(`reduce to ${root}`, x, 5, () => (c.rank === root ? c.size : c.rank + 1));
        const y = c.array(Int32Array, 5).fill(c.rank + 1);
        await ray.broadcast(y, root);
        c.elements(`broadcast from ${root}`, y, 5, () => root + 1);
      }
      const x = c.array(Int32Array, 5);
      await fails(c, 'reduce to a rank that is none', () => ray.reduce(x, c.size));
      await fails(c, 'broadcast from a rank that is none', () => ray.broadcast(x, -1));
    });
  },
  'allgather and reducescatter with lists': async (c) => {
    await inGroup('default', async () => {
      const list = Array.from({ length: c.size }, () => c.array(Float32Array, 10));
      await ray.allgather(list, c.array(Float32Array, 10).fill(c.rank + 1));
      for (const [rank, x] of list.entries()) c.elements(`of rank ${rank}`, x, 10, () => rank + 1);
      const mine = c.array(Float32Array, 10);
      await ray.reducescatter(mine, list, 'default', ray.ReduceOp.SUM);
      c.elements('the own block', mine, 10, () => c.size * (c.rank + 1));
      for (const [rank, x] of list.entries()) c.elements(`still of rank ${rank}`, x, 10, () => rank + 1);
    });
  },
  'lists of another length': async (c) => {
    await inGroup('default', async () => {
      const x = c.array(Float32Array, 2);
      for (const length of [0, 1, 3, 4, 7].filter((each) => each !== c.size)) {
        const list = Array.from({ length }, () => c.array(Float32Array, 2));
        await fails(c, `allgather into ${length}`, () => ray.allgather(list, x));
        await fails(c, `reducescatter of ${length}`, () => ray.reducescatter(x, list));
      }
      await fails(c, 'no list', () => ray.allgather(x as never, x));
      await fails(c, 'no list either', () => ray.reducescatter(x, 'list' as never));
    });
  },
  'send and recv between all': async (c) => {
    await inGroup('test', async () => {
      for (let from = 0; from < c.size; from++) {
        for (let to = 0; to < c.size; to++) {
          if (from === to) continue;
          const x = c.array(Float32Array, 6).fill(c.rank + 1);
          if (c.rank === from) await ray.send(x, to, 'test');
          if (c.rank === to) await ray.recv(x, from, 'test');
          c.elements(`${from} to ${to}`, x, 6, () => (c.rank === to ? from + 1 : c.rank + 1));
        }
      }
      const x = c.array(Float32Array, 6);
      await fails(c, 'send to itself', () => ray.send(x, c.rank, 'test'));
      await fails(c, 'recv of itself', () => ray.recv(x, c.rank, 'test'));
      await fails(c, 'send to a rank that is none', () => ray.send(x, c.size, 'test'));
    });
  },
  'shuffled and reversed ranks': async (c) => {
    const reversed = c.size - 1 - c.rank;
    await ray.initCollectiveGroup(c.size, reversed, 'gloo', 'reversed');
    c.same('the rank', ray.getRank('reversed'), reversed);
    const x = c.array(Int32Array, 3).fill(c.rank);
    await ray.broadcast(x, 0, 'reversed');
    c.elements('from the last rank of the task', x, 3, () => c.size - 1);
    ray.destroyCollectiveGroup('reversed');
  },
  'groups of some ranks': async (c) => {
    const actors = Array.from({ length: Math.ceil(c.size / 2) }, (_, i) => 2 * i);
    const ranks = actors.map((_, i) => actors.length - 1 - i);
    if (c.rank % 2 === 0) {
      await ray.createCollectiveGroup(actors, actors.length, ranks, 'gloo', 'even');
      const rank = actors.length - 1 - c.rank / 2;
      const facts = [ray.getRank('even'), ray.getCollectiveGroupSize('even')];
      c.same('rank and size', facts, [rank, actors.length]);
      const x = c.array(Int32Array, 3).fill(c.rank);
      await ray.allreduce(x, 'even', ray.ReduceOp.MAX);
      c.elements('the largest', x, 3, () => actors.at(-1));
      ray.destroyCollectiveGroup('even');
    } else c.same('no member', ray.isGroupInitialized('even'), false);
  },
  'groups that cannot be': async (c) => {
    await ray.initCollectiveGroup(c.size, c.rank);
    const bad: readonly (readonly [string, () => unknown])[] = [
      ['twice', () => ray.initCollectiveGroup(c.size, c.rank)],
      ['an empty name', () => ray.initCollectiveGroup(c.size, c.rank, 'gloo', '')],
      ['a rank that is none', () => ray.initCollectiveGroup(c.size, c.size, 'gloo', 'a')],
      ['another size', () => ray.initCollectiveGroup(c.size + 1, c.rank, 'gloo', 'a')],
      ['a backend that is none', () => ray.initCollectiveGroup(c.size, c.rank, 'smoke', 'a')],
      ['declared twice', () => ray.createCollectiveGroup([0], 1, [0])],
      ['size 0', () => ray.createCollectiveGroup([], 0, [], 'gloo', 'a')],
      ['actors of another length', () => ray.createCollectiveGroup([0], 2, [0, 1], 'gloo', 'a')],
      ['ranks of another length', () => ray.createCollectiveGroup([0], 1, [], 'gloo', 'a')],
      ['ranks from 1 on', () => ray.createCollectiveGroup([0], 1, [1], 'gloo', 'a')],
      ['an actor that is none', () => ray.createCollectiveGroup([c.size], 1, [0], 'gloo', 'a')],
      ['get rank', () => ray.getRank('a')],
      ['get size', () => ray.getCollectiveGroupSize('a')],
      [
        'destroy',
        () => {
          ray.destroyCollectiveGroup('a');
        },
      ],
    ];
    for (const [sentence, call] of bad) await fails(c, sentence, call);
    if (c.size > 1) {
      const rank = c.rank === 1 ? 0 : c.rank;
      await fails(c, 'one rank twice', () => ray.initCollectiveGroup(c.size, rank, 'gloo', 'a'), 'COLLECTIVE_MISMATCH');
      const name = c.rank === 1 ? 'a' : 'b';
      await fails(c, 'other names', () => ray.initCollectiveGroup(c.size, c.rank, 'gloo', name), 'COLLECTIVE_MISMATCH');
    }
    ray.destroyCollectiveGroup();
    c.same(
      'what is left',
      [...names, 'a', 'b'].filter((name) => ray.isGroupInitialized(name)),
      [],
    );
  },
  'isolated groups': async (c) => {
    // Calls of both names and of the task itself, under way at the same time.
    const arrays = Array.from({ length: 3 }, () => c.array(Float64Array, 7).fill(1));
    await ray.initCollectiveGroup(c.size, c.rank, 'gloo', 'a');
    await ray.initCollectiveGroup(c.size, c.rank, 'gloo', 'b');
    await Promise.all([
      ray.allreduce(arrays[0]!, 'a'),
      ray.allreduce(arrays[1]!, 'b'),
      collective.allreduce(arrays[2]!),
    ]);
    for (const x of arrays) c.elements('a sum', x, 7, () => c.size);
    ray.destroyCollectiveGroup('a');
    ray.destroyCollectiveGroup('b');
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
