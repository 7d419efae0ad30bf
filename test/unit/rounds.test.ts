import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CommunicatorKind, GoOrder } from '../../src/protocol/round-messages.js';
import type { RoundAction } from '../../src/head/rounds.js';
import { Rounds } from '../../src/head/rounds.js';
import fc from '../support/property.js';

const test = suite('rounds');
const limitMs = 100;

function over(size: number, kind: CommunicatorKind = 'split'): Rounds {
  const rounds = new Rounds(kind, limitMs);
  rounds.reset(Array.from({ length: size }, (_, worldRank) => worldRank));
  return rounds;
}
const types = (actions: readonly RoundAction[]): string[] => actions.map(({ type }) => type);
const orders = (actions: readonly RoundAction[]): Map<number, GoOrder> => {
  return new Map(actions.flatMap((action) => (action.type === 'go' ? [[action.worldRank, action.order]] : [])));
};

test('a split takes every live worker, two steps, and all groups of a tick', () => {
  const rounds = over(5);
  rounds.request({ id: 1, worldRanks: [0, 2] });
  rounds.request({ id: 2, worldRanks: [3, 1] });
  assert.equal(rounds.begin(0), [{ type: 'prepare', round: 1, worldRanks: [0, 1, 2, 3, 4] }]);
  rounds.request({ id: 3, worldRanks: [4, 0] });
  assert.equal(rounds.begin(0), [], 'one at a time');
  for (let rank = 1; rank < 5; rank++) assert.equal(rounds.ready(rank, 1, 1), []);
  const go = orders(rounds.ready(0, 1, 1));
  assert.equal([...go.keys()], [0, 1, 2, 3, 4]);
  assert.equal(
    [...go.values()].map(({ group }) => group?.id),
    [1, 2, 1, 2, undefined],
  );
  for (let rank = 0; rank < 4; rank++) assert.equal(rounds.done(rank, 1, 2), []);
  const [formed, next] = rounds.done(4, 1, 2);
  assert.equal(formed, { type: 'formed', ids: [1, 2] });
  assert.equal(next, { type: 'prepare', round: 2, worldRanks: [0, 1, 2, 3, 4] });
});

test('with create-group only those concerned take part', () => {
  const rounds = over(5, 'create-group');
  rounds.request({ id: 1, worldRanks: [0, 2] });
  rounds.release({ id: 9, worldRanks: [2, 3] }, false);
  assert.equal(rounds.begin(0), [{ type: 'prepare', round: 1, worldRanks: [0, 2, 3] }]);
  rounds.ready(0, 1, 1);
  rounds.ready(3, 1, 1);
  const go = orders(rounds.ready(2, 1, 1));
  assert.equal(
    [...go].map(([rank, { group, free }]) => [rank, group?.id, free]),
    [
      [0, 1, []],
      [2, 1, [9]],
      [3, undefined, [9]],
    ],
  );
});

test('what must not stay on its way is cleared in a round of its own, what can stay waits for one', () => {
  const rounds = over(2);
  rounds.release({ id: 8, worldRanks: [0, 1] }, false);
  assert.equal(rounds.begin(0), []);
  rounds.release({ id: 9, worldRanks: [0, 1] }, true);
  assert.equal(rounds.begin(0), [{ type: 'prepare', round: 1, worldRanks: [0, 1] }]);
  rounds.ready(0, 1, 1);
  const { kind, free } = orders(rounds.ready(1, 1, 1)).get(0)!;
  assert.equal([kind, free], [undefined, [8, 9]]);
});

test('a worker that is lost in the first step undoes its groups alone, and the pool is made anew', () => {
  const rounds = over(4);
  rounds.request({ id: 1, worldRanks: [0, 1] });
  rounds.request({ id: 2, worldRanks: [2, 3] });
  rounds.begin(0);
  for (const rank of [0, 2, 3]) rounds.ready(rank, 1, 1);
  const actions = rounds.lost(1, 1);
  assert.equal(actions[0], { type: 'undone', ids: [1] });
  const go = orders(actions);
  assert.equal(
    [...go].map(([rank, { pool, group }]) => [rank, pool, group?.id]),
    [0, 2, 3].map((rank) => [rank, [0, 2, 3], rank === 0 ? undefined : 2]),
  );
});

test('a worker that stays silent is put aside before anybody is inside MPI', () => {
  const rounds = over(3);
  rounds.request({ id: 1, worldRanks: [0, 1] });
  rounds.begin(0);
  rounds.ready(0, 1, 1);
  rounds.ready(1, 1, 1);
  assert.equal(rounds.tick(limitMs - 1), []);
  const actions = rounds.tick(limitMs);
  assert.equal(types(actions), ['go', 'go', 'silent']);
  assert.equal(actions[2], { type: 'silent', round: 1, worldRanks: [2] });
});

test('a worker that is lost in the second step, or does not return, breaks the epoch', () => {
  for (const how of ['lost', 'late'] as const) {
    const rounds = over(2);
    rounds.request({ id: 1, worldRanks: [0, 1] });
    rounds.begin(0);
    rounds.ready(0, 1, 1);
    rounds.ready(1, 1, 1);
    rounds.done(0, 1, 2);
    const actions = how === 'lost' ? rounds.lost(1, 3) : rounds.tick(1 + limitMs);
    assert.equal(actions, [
      { type: 'broken', round: 1, worldRanks: [1] },
      { type: 'undone', ids: [1] },
    ]);
    rounds.request({ id: 2, worldRanks: [0, 1] });
    assert.equal(rounds.begin(4), [], 'nobody is left until the next epoch');
    assert.equal(types(rounds.reset([0, 1])), ['undone']);
  }
});

test('answers of another round or step change nothing', () => {
  const rounds = over(1 + 1);
  rounds.request({ id: 1, worldRanks: [0, 1] });
  rounds.begin(0);
  assert.equal(rounds.done(0, 1, 1), []);
  assert.equal(rounds.ready(0, 7, 1), []);
  rounds.ready(0, 1, 1);
  assert.equal(rounds.ready(0, 1, 1), []);
  assert.equal(types(rounds.ready(1, 1, 1)), ['go', 'go']);
  assert.equal(rounds.ready(1, 1, 1), []);
});

/** What can happen to the rounds of a pool of five. */
const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ request: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 2 }) }) },
  { weight: 8, arbitrary: fc.record({ answer: fc.nat(20) }) },
  fc.record({ release: fc.nat(20), urgent: fc.boolean() }),
  fc.record({ lose: fc.nat(4) }),
  fc.record({ waitMs: fc.constantFrom(1, limitMs) }),
  fc.record({ renew: fc.boolean() }),
);

for (const kind of ['split', 'create-group'] as const) {
  test(`${kind}: every group ends once, nobody enters MPI before all are ready or beside another round`, () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 150, size: 'max' }), (events) => {
        const rounds = over(5, kind);
        const all = [0, 1, 2, 3, 4];
        let now = 0;
        let nextId = 1;
        let live = new Set(all);
        const pending = new Map<number, readonly number[]>();
        const formed = new Map<number, readonly number[]>();
        const released = new Map<number, readonly number[]>();
        /** What each worker owes an answer to. */
        let prepared = new Map<number, number>();
        const inside = new Map<number, GoOrder>();
        let ready = new Set<number>();
        let broken = false;

        const apply = (actions: readonly RoundAction[]): void => {
          for (const worldRank of actions.flatMap((action) => (action.type === 'silent' ? action.worldRanks : []))) {
            assert.ok(prepared.delete(worldRank), 'put aside though it has answered');
            live.delete(worldRank);
          }
          const go = orders(actions);
          if (go.size > 0) {
            assert.is(prepared.size, 0, 'go before all are ready');
            for (const worldRank of go.keys()) {
              assert.ok(ready.has(worldRank) && live.has(worldRank), 'go to one that is not ready or not there');
            }
            for (const [worldRank, { group, pool }] of go) {
              assert.ok(!pool || pool.join() === [...live].sort().join(), 'a pool of the living');
              if (!group) continue;
              assert.ok(group.worldRanks.includes(worldRank));
              for (const other of group.worldRanks) assert.is(go.get(other)?.group?.id, group.id);
            }
            if (kind === 'split') assert.equal([...go.keys()].sort(), [...live].sort(), 'a split of all');
            for (const { free } of go.values()) {
              for (const id of free) {
                const holders = [...go].filter(([, order]) => order.free.includes(id)).map(([rank]) => rank);
                assert.equal(holders.sort(), [...(released.get(id) ?? [])].sort(), 'freed by all its members together');
              }
            }
            for (const id of [...go.values()].flatMap(({ free }) => free)) released.delete(id);
          }
          for (const action of actions) {
            if (action.type === 'prepare') {
              assert.is(prepared.size + inside.size, 0, 'two rounds at a time');
              prepared = new Map(action.worldRanks.map((worldRank) => [worldRank, action.round]));
              ready = new Set();
            } else if (action.type === 'go') {
              inside.set(action.worldRank, action.order);
            } else if (action.type === 'formed') {
              assert.is(inside.size, 0, 'formed while somebody is inside');
              for (const id of action.ids) {
                assert.ok(pending.has(id), 'a group ends twice');
                formed.set(id, pending.get(id)!);
                pending.delete(id);
              }
            } else if (action.type === 'undone') {
              for (const id of action.ids) assert.ok(pending.delete(id), 'a group ends twice');
            } else if (action.type === 'broken') {
              broken = true;
              prepared.clear();
              inside.clear();
            }
          }
        };
        const renew = (): void => {
          prepared.clear();
          inside.clear();
          live = new Set(all);
          formed.clear();
          released.clear();
          broken = false;
          apply(rounds.reset(all));
          assert.is(pending.size, 0);
        };
        const answer = (which: number): void => {
          const [worldRank, round] = [...prepared][which % Math.max(1, prepared.size)] ?? [];
          if (worldRank !== undefined && round !== undefined) {
            prepared.delete(worldRank);
            ready.add(worldRank);
            apply(rounds.ready(worldRank, round, now));
            return;
          }
          const [member, order] = [...inside][which % Math.max(1, inside.size)] ?? [];
          if (member === undefined || !order) return;
          inside.delete(member);
          apply(rounds.done(member, order.round, now));
        };
        for (const each of events) {
          if ('request' in each) {
            const busy = [...pending.values()].flat();
            const worldRanks = each.request.filter((rank) => live.has(rank) && !busy.includes(rank));
            if (worldRanks.length < 2 || broken) continue;
            pending.set(nextId, worldRanks);
            rounds.request({ id: nextId++, worldRanks });
            apply(rounds.begin(now));
          } else if ('answer' in each) {
            answer(each.answer);
          } else if ('release' in each) {
            const [id, worldRanks] = [...formed][each.release % Math.max(1, formed.size)] ?? [];
            if (id === undefined || !worldRanks) continue;
            formed.delete(id);
            released.set(id, worldRanks);
            rounds.release({ id, worldRanks }, each.urgent);
            apply(rounds.begin(now));
          } else if ('lose' in each) {
            if (!live.has(each.lose) || broken) continue;
            live.delete(each.lose);
            prepared.delete(each.lose);
            inside.delete(each.lose);
            apply(rounds.lost(each.lose, now));
          } else if ('waitMs' in each) {
            now += each.waitMs;
            if (now >= rounds.deadline) apply(rounds.tick(now));
          } else if (each.renew) renew();
        }
        // Answered to the end, everything that was asked for has been made or has been given up.
        for (let guard = 0; prepared.size + inside.size > 0; guard++) {
          assert.ok(guard < 1_000, 'rounds without end');
          answer(0);
        }
        assert.ok(broken || pending.size === 0, 'a group is forgotten');
      }),
      { numRuns: 2_000, includeErrorInReport: true },
    );
  });
}

test.run();
