/** Cases of split. */
import type { CollectiveGroup } from 'shoal/worker';
import { collective } from 'shoal/worker';
import type { Case, Cases } from './case.js';
import { runCases } from './case.js';

/** How many ranks, and the sum of what each brings: who is in a group. */
async function membersOf(group: CollectiveGroup, mine: number): Promise<number[]> {
  return [...(await group.allgather(Int32Array.of(mine)))];
}

const ranksWith = (c: Case, isIn: (rank: number) => boolean): number[] => {
  return Array.from({ length: c.size }, (_, rank) => rank).filter(isIn);
};

export const cases: Cases = {
  'every form': async (c) => {
    for (const form of ['awaited', 'blocking'] as const) {
      const group = (await c.call('split', form, c.rank % 2, 0)) as CollectiveGroup;
      const want = ranksWith(c, (rank) => rank % 2 === c.rank % 2);
      c.same(form, [group.rank, group.size], [want.indexOf(c.rank), want.length]);
      c.same(`${form}: members`, await membersOf(group, c.rank), want);
      group.close();
    }
  },
  'the same members': async (c) => {
    const group = await collective.split(0);
    c.same('rank and size', [group.rank, group.size], [c.rank, c.size]);
    // Its calls are apart from those of the task's own group.
    const [mine, all] = [c.array(Int32Array, 3).fill(1), c.array(Int32Array, 3).fill(2)];
    await Promise.all([group.allreduce(mine), collective.allreduce(all)]);
    c.elements('of the group', mine, 3, () => c.size);
    c.elements('of the task', all, 3, () => 2 * c.size);
    group.close();
  },
  'keys turn the order round': async (c) => {
    const group = await collective.split(0, -c.rank);
    c.same('members', await membersOf(group, c.rank), ranksWith(c, () => true).reverse());
    group.close();
  },
  'equal keys keep the order': async (c) => {
    const group = await collective.split(5, c.rank < 2 ? 1 : 0);
    c.same('members', await membersOf(group, c.rank), [
      ...ranksWith(c, (rank) => rank >= 2),
      ...ranksWith(c, (rank) => rank < 2),
    ]);
    group.close();
  },
  'no color': async (c) => {
    const odd = c.draw(c.size);
    const group = await collective.split(c.rank === odd ? undefined : 3);
    c.same('whether there is a group', group !== undefined, c.rank !== odd);
    if (group)
      c.same(
        'members',
        await membersOf(group, c.rank),
        ranksWith(c, (rank) => rank !== odd),
      );
    group?.close();
  },
  'one rank each': async (c) => {
    const group = await collective.split(c.rank);
    c.same('rank and size', [group.rank, group.size, await group.allreduce(7)], [0, 1, 7]);
    group.close();
  },
  'groups of groups': async (c) => {
    const groups: CollectiveGroup[] = [];
    let at: CollectiveGroup = await collective.split(0);
    for (let size = c.size; ; size = Math.ceil(size / 2)) {
      groups.push(at);
      if (at.size === 1) break;
      at = await at.split(at.rank % 2);
    }
    const bits = groups.slice(1).map((_, i) => (c.rank >> i) & 1);
    const isLike = (rank: number): boolean => bits.every((bit, i) => ((rank >> i) & 1) === bit);
    c.same('the last', await membersOf(at, c.rank), ranksWith(c, isLike));
    for (const group of groups.reverse()) group.close();
  },
  'several groups at a time': async (c) => {
    const groups = await Promise.all([0, 1, 2, 3].map((i) => collective.split((c.rank + i) % 2)));
    const sums = await Promise.all(groups.reverse().map((group) => group.allreduce(1)));
    const want = [3, 2, 1, 0].map((i) => ranksWith(c, (rank) => (rank + i) % 2 === (c.rank + i) % 2).length);
    c.same('sums', sums, want);
    for (const group of groups) group.close();
  },
  'made and freed again and again': async (c) => {
    for (let i = 0; i < 12; i++) {
      const group = await collective.split(i % 3 === 0 ? 0 : c.rank % 2, i);
      if (i % 4 === 0) await group.barrier();
      group.close();
    }
  },
  'freed with a call in flight': async (c) => {
    const group = await collective.split(0);
    const coming = group.recv(Int32Array, group.rank);
    await c.refused('close', () => Promise.resolve().then(() => group.close()), 'INVALID_ARGUMENT');
    await group.send(Int32Array.of(4), group.rank);
    c.elements('the message', (await coming).data, 1, () => 4);
    group.close();
  },
  'used after it was freed': async (c) => {
    const group = await collective.split(0);
    group.close();
    await c.refused('a call', () => group.barrier(), 'CLOSED');
    await c.refused('a message', () => group.send(Int32Array.of(1), group.rank), 'CLOSED');
    await c.refused('another group', () => group.split(0), 'CLOSED');
  },
  'different name': async (c) => {
    for (const name of ['default', '123?34!']) {
      const group = await collective.split(0, 0, { name });
      c.same(name, group.size, c.size);
      group.close();
    }
  },
  'unmatched name': async (c) => {
    const name = c.rank === 0 ? 'a' : 'b';
    if (c.size === 1) return;
    await c.refused('names', () => collective.split(0, 0, { name }), 'COLLECTIVE_MISMATCH');
  },
  'another operation': async (c) => {
    const odd = c.draw(c.size);
    if (c.size === 1) return;
    const call = (): unknown => (c.rank === odd ? collective.barrier() : collective.split(0));
    await c.refused('a barrier', call, 'COLLECTIVE_MISMATCH');
  },
  'wrong on one rank': async (c) => {
    const isOdd = c.rank === c.draw(c.size);
    const code = isOdd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
    await c.refused('a color below 0', () => collective.split(isOdd ? -1 : 0), code);
    await c.refused('a key of text', () => collective.split(0, (isOdd ? 'a' : 0) as number), code);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
