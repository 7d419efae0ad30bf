/** What the page and `shoal top` make of one answer of a pool after the other. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DashboardNews } from '../../src/driver/dashboard-news.js';
import type { TaskView } from '../../src/driver/task-history.js';
import { FollowedPool } from '../../src/view/followed-pool.js';
import { poolFacts } from '../../src/view/pool-facts.js';

const test = suite('followed pool');

interface Made {
  readonly pool?: string;
  readonly nowMs: number;
  readonly cpuMs?: readonly number[];
  readonly succeeded?: number;
  readonly calls?: number;
  readonly tasks?: readonly Partial<TaskView>[];
}

function answer({ pool = 'a', nowMs, cpuMs = [0], succeeded = 0, calls = 0, tasks = [] }: Made): DashboardNews {
  const times = { count: 0, sumMs: 0, maxMs: 0 };
  const counts = { failed: 0, cancelled: 0, timedOut: 0, lost: 0, submitted: 0, started: 0, retried: 0 };
  return {
    pool,
    change: nowMs,
    nowMs,
    hasMore: false,
    status: {
      transport: 'threads',
      head: { pid: 7, uptimeMs: nowMs, rssBytes: 1000, cpuMs: 0 },
      workers: cpuMs.map((ms, worldRank) => ({ worldRank, pid: 7, node: 'n', state: 'idle', cpuMs: ms })),
      gangs: [],
    },
    stats: {
      queued: 0,
      running: 0,
      tasks: { ...counts, succeeded },
      waitMs: times,
      runMs: times,
      collectives: { ranks: 0, calls, bytes: calls * 8, elapsedMs: 0 },
      workers: { idle: cpuMs.length, busy: 0, lost: 0, rssBytes: 0, heapBytes: 0, cpuMs: 0 },
    },
    waiting: [],
    tasks: tasks.map((task) => ({ id: 't', source: 'm f', state: 'failed', collectives: [], worldRanks: [], ...task })),
  } as unknown as DashboardNews;
}

test('rates and use are those since the answer before; the first has none', () => {
  const followed = new FollowedPool();
  assert.is(followed.change, 0);
  followed.take(answer({ nowMs: 1_000, cpuMs: [100, 0], succeeded: 10, calls: 100 }));
  assert.is(followed.shown!.rates, undefined);
  assert.is(followed.change, 1_000);
  followed.take(answer({ nowMs: 3_000, cpuMs: [1_100, 0], succeeded: 50, calls: 300 }));
  assert.equal(followed.shown!.rates, { tasks: 20, calls: 100, bytes: 800 });
  assert.equal([...followed.shown!.cores.values()], [0.5, 0]);
});

test('parts of one look are not compared with each other, and no figure is below 0', () => {
  const followed = new FollowedPool();
  followed.take(answer({ nowMs: 0, succeeded: 0 }));
  followed.take(answer({ nowMs: 1_000, succeeded: 5 }));
  followed.take(answer({ nowMs: 1_001, succeeded: 6 }));
  assert.is(followed.shown!.rates!.tasks, 5);
  // Workers that were started again begin at 0.
  followed.take(answer({ nowMs: 2_000, succeeded: 5, cpuMs: [0] }));
  followed.take(answer({ nowMs: 3_000, succeeded: 4, cpuMs: [0] }));
  assert.is(followed.shown!.rates!.tasks, 0);
});

test('an answer of another pool begins anew', () => {
  const followed = new FollowedPool();
  followed.take(answer({ nowMs: 1_000, tasks: [{ id: 'old' }] }));
  followed.take(answer({ pool: 'b', nowMs: 2_000, tasks: [{ id: 'lost' }] }));
  assert.is(followed.change, 0);
  followed.take(answer({ pool: 'b', nowMs: 2_000, tasks: [{ id: 'new' }] }));
  assert.equal(
    followed.shown!.tasks.map(({ id }) => id),
    ['new'],
  );
});

test('facts have the failures newest first, and null for what is not known', () => {
  const followed = new FollowedPool();
  const tasks = Array.from({ length: 30 }, (_, index) => {
    return { id: `t${index}`, ended: index, error: { code: 'C', text: `text ${index}\nstack` } };
  });
  followed.take(answer({ nowMs: 100, tasks }));
  const facts = poolFacts(followed.shown!, new Date(0), undefined);
  assert.is(facts.at, '1970-01-01T00:00:00.000Z');
  assert.equal([facts.address, facts.mpi, facts.tasks.perSecond], [null, null, null]);
  assert.is(facts.failures.length, 20);
  assert.equal(facts.failures[0], { task: 't29', name: 'm f', code: 'C', message: 'text 29', agoMs: 71 });
  assert.equal(JSON.parse(JSON.stringify(facts)), facts);
});

test.run();
