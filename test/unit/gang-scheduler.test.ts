import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Waiting } from '../../src/head/gang-scheduler.js';
import { GangScheduler } from '../../src/head/gang-scheduler.js';
import { choose, largestGang } from '../../src/head/placement.js';
import type { Placement } from '../../src/protocol/pool-messages.js';
import { placements } from '../../src/protocol/pool-messages.js';
import fc from '../support/property.js';

const test = suite('gang scheduler');

function withIdle(workers: number, nodeOf: (worldRank: number) => string = () => 'one'): GangScheduler {
  const scheduler = new GangScheduler(nodeOf);
  for (let worker = 0; worker < workers; worker++) scheduler.release(worker);
  return scheduler;
}

test('starts tasks in order on the lowest idle workers', () => {
  const scheduler = withIdle(5);
  scheduler.enqueue({ id: 'a', workers: 2, placement: 'pack', priority: 0 });
  scheduler.enqueue({ id: 'b', workers: 3, placement: 'pack', priority: 0 });
  scheduler.enqueue({ id: 'c', workers: 1, placement: 'pack', priority: 0 });
  assert.equal(scheduler.schedule(), [
    { id: 'a', worldRanks: [0, 1] },
    { id: 'b', worldRanks: [2, 3, 4] },
  ]);
  assert.is(scheduler.queued, 1);
});

test('lets small tasks pass a large one, but not for ever', () => {
  const scheduler = withIdle(2);
  scheduler.enqueue({ id: 'first', workers: 1, placement: 'pack', priority: 0 });
  scheduler.enqueue({ id: 'large', workers: 2, placement: 'pack', priority: 0 });
  for (let i = 0; i < 100; i++) scheduler.enqueue({ id: `small${i}`, workers: 1, placement: 'pack', priority: 0 });
  const started = scheduler.schedule().map(({ id }) => id);
  assert.equal(started, ['first', 'small0']);
  let passed = 1;
  for (; passed < 100; passed++) {
    scheduler.release(1);
    if (scheduler.schedule().length === 0) break;
  }
  assert.ok(passed <= 16, `${passed} tasks passed the large one`);
  scheduler.release(0);
  assert.is(scheduler.schedule()[0]?.id, 'large');
});

test('a task that has to run on certain workers waits for all of them, in their order', () => {
  const scheduler = withIdle(4);
  const task = { workers: 1, placement: 'pack', priority: 0 } as const;
  scheduler.remove(2);
  scheduler.enqueue({ ...task, id: 'bound', workers: 2, on: [3, 2] });
  scheduler.enqueue({ ...task, id: 'free' });
  scheduler.enqueue({ ...task, id: 'other', on: [1] });
  assert.equal(scheduler.schedule(), [
    { id: 'free', worldRanks: [0] },
    { id: 'other', worldRanks: [1] },
  ]);
  scheduler.release(2);
  assert.equal(scheduler.schedule(), [{ id: 'bound', worldRanks: [3, 2] }]);
  // Others that could use idle workers pass it as often as any.
  scheduler.enqueue({ ...task, id: 'bound', on: [2] });
  let passed = 0;
  for (; passed < 100; passed++) {
    scheduler.release(0);
    scheduler.enqueue({ ...task, id: `small${passed}` });
    if (scheduler.schedule().length === 0) break;
  }
  assert.is(passed, 16);
});

test('a gang is on one node where it can be, the smallest that holds it, or on few, or on many', () => {
  const nodes = [[0, 1, 2, 3], [4, 5], [6, 7, 8], [9]];
  const cases: [number, Placement, readonly number[] | undefined][] = [
    [1, 'pack', [9]],
    [2, 'pack', [4, 5]],
    [3, 'pack', [6, 7, 8]],
    [5, 'pack', [0, 1, 2, 3, 9]],
    [8, 'pack', [0, 1, 2, 3, 6, 7, 8, 9]],
    [4, 'strict-pack', [0, 1, 2, 3]],
    [5, 'strict-pack', undefined],
    [2, 'spread', [0, 6]],
    [4, 'spread', [0, 4, 6, 9]],
    [6, 'spread', [0, 1, 4, 6, 7, 9]],
    [4, 'strict-spread', [0, 4, 6, 9]],
    [5, 'strict-spread', undefined],
    [11, 'spread', undefined],
    [11, 'pack', undefined],
  ];
  for (const [count, placement, expected] of cases) {
    assert.equal(choose(count, placement, nodes), expected, `${count} ${placement}`);
  }
});

/** Fewest nodes that have this many idle workers in all: by trying every set of nodes. */
function fewest(count: number, sizes: readonly number[]): number {
  const sets = Array.from({ length: 2 ** sizes.length }, (_, set) => sizes.filter((_size, node) => set & (1 << node)));
  const enough = sets.filter((set) => set.reduce((sum, size) => sum + size, 0) >= count);
  return Math.min(...enough.map((set) => set.length));
}

test('every placement keeps its word, whoever is idle', () => {
  const nodesOf = fc.array(fc.array(fc.nat(99), { maxLength: 5 }), { minLength: 1, maxLength: 5 }).map((lists) => {
    let next = 0;
    return lists.map((list) => list.map(() => next++));
  });
  fc.assert(
    fc.property(nodesOf, fc.integer({ min: 1, max: 12 }), fc.constantFrom(...placements), (nodes, count, placement) => {
      const idle = nodes.flat();
      const chosen = choose(count, placement, nodes);
      const sizes = nodes.map((node) => node.length).filter((size) => size > 0);
      assert.is(chosen !== undefined, count <= largestGang(placement, sizes), 'it starts as soon as it can');
      if (!chosen) return;
      assert.equal(
        chosen,
        [...new Set(chosen)].sort((a, b) => a - b),
      );
      assert.ok(chosen.length === count && chosen.every((worldRank) => idle.includes(worldRank)));
      const shares = nodes.map((node) => node.filter((worldRank) => chosen.includes(worldRank)).length);
      const used = shares.filter((share) => share > 0).length;
      if (placement.endsWith('pack')) assert.is(used, fewest(count, sizes));
      else {
        assert.is(used, Math.min(count, sizes.length));
        // Evenly: a node that has two more than another has taken them because the other had none left.
        for (const [node, share] of shares.entries()) {
          for (const most of shares) assert.ok(share >= most - 1 || share === nodes[node]!.length);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a higher priority starts first, and keeps its workers free until it has enough', () => {
  const scheduler = withIdle(3);
  scheduler.enqueue({ id: 'low', workers: 1, placement: 'pack', priority: -1 });
  scheduler.enqueue({ id: 'plain', workers: 1, placement: 'pack', priority: 0 });
  scheduler.enqueue({ id: 'high', workers: 2, placement: 'pack', priority: 5 });
  assert.equal(
    scheduler.schedule().map(({ id }) => id),
    ['high', 'plain'],
  );
  scheduler.enqueue({ id: 'gang', workers: 3, placement: 'pack', priority: 5 });
  scheduler.enqueue({ id: 'same', workers: 1, placement: 'pack', priority: 5 });
  scheduler.release(0);
  assert.equal(scheduler.schedule(), [{ id: 'same', worldRanks: [0] }]);
  for (const worldRank of [0, 1, 2]) {
    assert.equal(scheduler.schedule(), [], 'the low one may not pass the gang');
    scheduler.release(worldRank);
  }
  assert.equal(scheduler.schedule(), [{ id: 'gang', worldRanks: [0, 1, 2] }]);
  scheduler.putBack({ id: 'gang', workers: 3, placement: 'pack', priority: 5 });
  scheduler.enqueue({ id: 'next', workers: 1, placement: 'pack', priority: 5 });
  for (const worldRank of [0, 1, 2]) scheduler.release(worldRank);
  assert.equal(scheduler.schedule()[0]?.id, 'gang', 'it waits before those of its priority');
});

test('how often a task was passed is remembered while one of a higher priority is before it', () => {
  const scheduler = withIdle(2);
  scheduler.enqueue({ id: 'first', workers: 1, placement: 'pack', priority: 0 });
  scheduler.enqueue({ id: 'large', workers: 2, placement: 'pack', priority: 0 });
  for (let i = 0; i < 100; i++) scheduler.enqueue({ id: `small${i}`, workers: 1, placement: 'pack', priority: 0 });
  const started = scheduler.schedule().map(({ id }) => id);
  for (let i = 0; i < 100; i++) {
    scheduler.release(1);
    started.push(...scheduler.schedule().map(({ id }) => id));
    if (!scheduler.isIdle(1)) continue;
    scheduler.enqueue({ id: `high${i}`, workers: 1, placement: 'pack', priority: 1 });
    started.push(...scheduler.schedule().map(({ id }) => id));
  }
  const small = started.filter((id) => id.startsWith('small')).length;
  const high = started.filter((id) => id.startsWith('high')).length;
  assert.is(small, 16);
  assert.is(high, 100 - 15, 'the user wants these first, however many come');
});

test('never leases a worker twice, loses no task, starves none and keeps to priorities, whatever the order of events', () => {
  const nodeOf = (worldRank: number): string => (worldRank < 3 ? 'one' : 'two');
  const gang = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom<Placement>('pack', 'spread')),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constant<Placement>('strict-pack')),
    fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constant<Placement>('strict-spread')),
  );
  const event = fc.oneof(
    fc.record({ enqueue: gang, priority: fc.integer({ min: -1, max: 1 }) }),
    fc.record({ putBack: fc.nat(10) }),
    fc.record({ finish: fc.nat(10) }),
    fc.record({ withdraw: fc.nat(10) }),
    fc.record({ lose: fc.nat(4) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120, size: 'max' }), (events) => {
      const scheduler = withIdle(5, nodeOf);
      /** A model: what waits, and the order in which those of one priority are to start. */
      const queued = new Map<string, Waiting & { order: number; passed: number }>();
      const running = new Map<string, readonly number[]>();
      const tasks = new Map<string, Waiting>();
      const replaced: number[] = [];
      let [next, least] = [0, 0];
      const wait = (task: Waiting, order: number): void => {
        tasks.set(task.id, task);
        queued.set(task.id, { ...task, order, passed: 0 });
      };
      const tick = (): void => {
        for (const { id, worldRanks } of scheduler.schedule()) {
          const { workers, placement, priority, order } = queued.get(id)!;
          const others = [...queued.values()].filter((other) => other.id !== id);
          assert.not.ok(
            others.some((other) => other.priority > priority),
            'it starts before one of a higher priority',
          );
          const [passed] = others
            .filter((other) => other.priority === priority && other.order < order)
            .sort((a, b) => a.order - b.order);
          if (passed) assert.ok(++passed.passed <= 16, 'the first is passed too often');
          assert.is(worldRanks.length, workers, 'a gang gets as many workers as it wants');
          const nodes = new Set(worldRanks.map(nodeOf)).size;
          if (placement === 'strict-pack') assert.is(nodes, 1);
          if (placement === 'strict-spread') assert.is(nodes, workers);
          const busy = [...running.values()].flat();
          for (const rank of worldRanks) assert.not.ok(busy.includes(rank), 'a worker is leased twice');
          assert.is(new Set(worldRanks).size, worldRanks.length);
          queued.delete(id);
          running.set(id, worldRanks);
        }
      };
      const finish = (id: string): void => {
        for (const rank of running.get(id)!) scheduler.release(rank);
        running.delete(id);
      };
      for (const each of events) {
        if ('enqueue' in each) {
          const [workers, placement] = each.enqueue;
          const task = { id: `t${next++}`, workers, placement, priority: each.priority };
          wait(task, next);
          scheduler.enqueue(task);
        } else if ('putBack' in each) {
          const id = [...running.keys()][each.putBack % Math.max(1, running.size)];
          if (id !== undefined) {
            finish(id);
            wait(tasks.get(id)!, --least);
            scheduler.putBack(tasks.get(id)!);
          }
        } else if ('finish' in each) {
          const id = [...running.keys()][each.finish % Math.max(1, running.size)];
          if (id !== undefined) finish(id);
        } else if ('withdraw' in each) {
          const id = [...queued.keys()][each.withdraw % Math.max(1, queued.size)];
          if (id !== undefined) {
            assert.ok(scheduler.withdraw(id));
            queued.delete(id);
          }
        } else if (scheduler.isIdle(each.lose)) {
          scheduler.remove(each.lose);
          replaced.push(each.lose);
        }
        tick();
      }
      for (const rank of replaced) scheduler.release(rank);
      // Drained, every task that was not withdrawn has run.
      for (let guard = 0; queued.size + running.size > 0; guard++) {
        assert.ok(guard < 1_000, 'a task starves');
        tick();
        const [first] = running.keys();
        if (first !== undefined) finish(first);
      }
    }),
    { numRuns: 1_000 },
  );
});

test.run();
