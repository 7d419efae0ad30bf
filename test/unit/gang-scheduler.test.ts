import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GangScheduler } from '../../src/head/gang-scheduler.js';

const test = suite('gang scheduler');

function withIdle(workers: number): GangScheduler {
  const scheduler = new GangScheduler();
  for (let worker = 0; worker < workers; worker++) scheduler.release(worker);
  return scheduler;
}

test('starts tasks in order on the lowest idle workers', () => {
  const scheduler = withIdle(5);
  scheduler.enqueue({ id: 'a', workers: 2 });
  scheduler.enqueue({ id: 'b', workers: 3 });
  scheduler.enqueue({ id: 'c', workers: 1 });
  assert.equal(scheduler.schedule(), [
    { id: 'a', worldRanks: [0, 1] },
    { id: 'b', worldRanks: [2, 3, 4] },
  ]);
  assert.is(scheduler.queued, 1);
});

test('lets small tasks pass a large one, but not for ever', () => {
  const scheduler = withIdle(2);
  scheduler.enqueue({ id: 'first', workers: 1 });
  scheduler.enqueue({ id: 'large', workers: 2 });
  for (let i = 0; i < 100; i++) scheduler.enqueue({ id: `small${i}`, workers: 1 });
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

test('never leases a worker twice, loses no task and starves none, whatever the order of events', () => {
  const event = fc.oneof(
    fc.record({ enqueue: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ finish: fc.nat(10) }),
    fc.record({ withdraw: fc.nat(10) }),
    fc.record({ lose: fc.nat(4) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), (events) => {
      const scheduler = withIdle(5);
      const queued = new Map<string, number>();
      const running = new Map<string, readonly number[]>();
      const replaced: number[] = [];
      let next = 0;
      const tick = (): void => {
        for (const { id, worldRanks } of scheduler.schedule()) {
          assert.is(worldRanks.length, queued.get(id), 'a gang gets as many workers as it wants');
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
          queued.set(`t${next}`, each.enqueue);
          scheduler.enqueue({ id: `t${next++}`, workers: each.enqueue });
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
    { numRuns: 500 },
  );
});

test.run();
