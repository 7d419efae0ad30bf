/** Cases of group. */
import type { CollectiveGroup } from 'shoal/worker';
import { collective } from 'shoal/worker';
import type { Case, Cases } from './case.js';
import { runCases } from './case.js';

async function check(c: Case, what: string, ranks: readonly number[]): Promise<void> {
  if (!ranks.includes(c.rank)) return;
  const group = await collective.group(ranks);
  c.same(`${what}: rank and size`, [group.rank, group.size], [ranks.indexOf(c.rank), ranks.length]);
  c.same(`${what}: members`, [...(await group.allgather(Int32Array.of(c.rank)))], [...ranks]);
  group.close();
}

const upTo = (size: number): number[] => Array.from({ length: size }, (_, rank) => rank);

export const cases: Cases = {
  'every form': async (c) => {
    for (const form of ['awaited', 'blocking'] as const) {
      const group = (await c.call('group', form, upTo(c.size))) as CollectiveGroup;
      c.same(form, [group.rank, group.size, await group.allreduce(1)], [c.rank, c.size, c.size]);
      group.close();
    }
  },
  'the lower half': async (c) => check(c, 'half', upTo(Math.ceil(c.size / 2))),
  'groups of every size': async (c) => {
    for (let size = 1; size <= c.size; size++) await check(c, `${size}`, upTo(size));
  },
  'any ranks in any order': async (c) => {
    for (let round = 0; round < 4; round++) {
      const ranks = upTo(c.size).filter(() => c.draw(2) === 0);
      for (let i = ranks.length - 1; i > 0; i--) {
        const j = c.draw(i + 1);
        [ranks[i], ranks[j]] = [ranks[j]!, ranks[i]!];
      }
      if (ranks.length > 0) await check(c, `round ${round}`, ranks);
    }
  },
  'two groups that overlap': async (c) => {
    const lists = [
      upTo(c.size),
      upTo(c.size)
        .reverse()
        .slice(0, Math.ceil((c.size + 1) / 2)),
    ];
    const mine = lists.filter((ranks) => ranks.includes(c.rank));
    // Not all ranks make them in one order.
    if (c.rank % 2 === 1) mine.reverse();
    const groups = await Promise.all(mine.map((ranks) => collective.group(ranks)));
    const sums = await Promise.all(groups.map((group) => group.allreduce(1)));
    c.same(
      'sums',
      sums,
      mine.map(({ length }) => length),
    );
    for (const group of groups) group.close();
  },
  'a group of a group': async (c) => {
    const group = await collective.split(c.rank % 2);
    const inner = await group.group(upTo(group.size).reverse());
    c.same('rank', inner.rank, group.size - 1 - group.rank);
    c.same('sum', await inner.allreduce(1), group.size);
    inner.close();
    group.close();
  },
  'not a member': async (c) => {
    const others = upTo(c.size).filter((rank) => rank !== c.rank);
    await c.refused('others alone', () => collective.group(others), 'INVALID_ARGUMENT');
  },
  'wrong lists': async (c) => {
    for (const ranks of [[], [c.rank, c.rank], [c.rank, c.size], [c.rank, 0.5], 'all']) {
      await c.refused(String(ranks), () => collective.group(ranks as number[]), 'INVALID_ARGUMENT');
    }
  },
  'made and freed again and again': async (c) => {
    for (let i = 0; i < 6; i++) (await collective.group(upTo(c.size))).close();
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
