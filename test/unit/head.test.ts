import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CancelledError, TaskFailedError, WindowDamagedError, WorkerDiedError } from '../../src/errors.js';
import { Head } from '../../src/head/head.js';
import type { Task } from '../../src/head/task.js';
import type { Placement } from '../../src/protocol/pool-messages.js';
import { encodeValue } from '../../src/protocol/values.js';
import { rejectsCode } from '../support/check.js';
import type { FakeEnd } from '../support/fake-workers.js';
import { FakeWorkers } from '../support/fake-workers.js';
import fc from '../support/property.js';

const test = suite('head');
const size = 5;

const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      gang: fc.oneof(
        fc.record({
          workers: fc.integer({ min: 1, max: size }),
          placement: fc.constantFrom<Placement>('pack', 'spread'),
        }),
        { weight: 3, arbitrary: fc.record({ workers: fc.constant(1), placement: fc.constant<Placement>('pack') }) },
        // The fake workers are three on one node, two on another.
        fc.record({ workers: fc.integer({ min: 1, max: 3 }), placement: fc.constant<Placement>('strict-pack') }),
        fc.record({ workers: fc.integer({ min: 1, max: 2 }), placement: fc.constant<Placement>('strict-spread') }),
      ),
      maxRetries: fc.nat(2),
      priority: fc.integer({ min: -1, max: 1 }),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      deliver: fc.nat(50),
      end: fc.oneof(
        { weight: 12, arbitrary: fc.constant<FakeEnd>('returned') },
        { weight: 4, arbitrary: fc.constant<FakeEnd>('threw') },
        { weight: 1, arbitrary: fc.constant<FakeEnd>('damaged') },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ die: fc.nat(size - 1) }) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const variants = (['split', 'create-group'] as const).flatMap((communicator) =>
  [0, 2].flatMap((communicatorCache) => [false, true].map((goesOn) => ({ communicator, communicatorCache, goesOn }))),
);

for (const { communicator, communicatorCache, goesOn } of variants) {
  const what = `${communicator}, ${communicatorCache} cached, ${communicatorCache > 0 ? 'tasks ahead, ' : ''}${goesOn ? 'continue' : 'restart'}`;
  test(`no lease twice, no task lost, none starves or passes one of a higher priority, whatever comes in whatever order (${what})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 120, size: 'max' }), async (events) => {
        const workers = new FakeWorkers(size, goesOn, communicatorCache > 0);
        const limits = {
          graceMs: 1e6,
          maxQueue: 1e6,
          maxQueueBytes: 1e9,
          maxMessageBytes: 1e6,
          maxSharedBytes: 0,
          unawaited: 'warn' as const,
          reload: 'never' as const,
        };
        const rounds = { communicator, communicatorCache, roundTimeoutMs: 1e6 };
        const head = new Head(workers, { ...limits, ...rounds, collectiveTimeoutMs: null });
        workers.report(head);
        const tasks: Task[] = [];
        const ends = new Map<string, unknown>();
        /** A model: what waits, by id. One that is to run again takes its place with the next turn at the latest. */
        let waiting = new Set<Task>();
        const isWaiting = (task: Task): boolean =>
          task.state === 'queued' && task.attempts === (workers.begun.get(task.id) ?? 0);
        for (const each of events) {
          const before = new Set(tasks.filter(({ state }) => state === 'queued'));
          if (each === 'turn') {
            await turn();
            waiting = new Set(tasks.filter(isWaiting));
          } else if ('gang' in each) {
            const source = { url: 'file:///task.js', exportName: 'default' };
            const spec = { source, name: undefined, args: [encodeValue([], 'args')], timeoutMs: null, fresh: false };
            const { gang, maxRetries, priority } = each;
            const task = head.submit({ ...spec, ...gang, maxRetries, priority });
            tasks.push(task);
            waiting.add(task);
            const ended = (how: unknown): void => {
              assert.not.ok(ends.has(task.id), 'a task ends twice');
              ends.set(task.id, how);
            };
            task.done.then(ended, ended);
          } else if ('deliver' in each) workers.deliver(each.deliver, each.end);
          else if ('die' in each) workers.die(each.die);
          else {
            const task = tasks[each.cancel % Math.max(1, tasks.length)];
            if (task) head.cancel(task, 'not wanted');
          }
          for (const task of waiting) if (!isWaiting(task)) waiting.delete(task);
          for (const task of tasks) {
            if (!before.has(task) || task.state !== 'running') continue;
            const passed = [...waiting].find((other) => other.spec.priority > task.spec.priority);
            assert.is(passed, undefined, `${task.id} starts while ${passed?.id} waits`);
          }
        }
        for (let guard = 0; head.status().queued + head.status().running > 0; guard++) {
          assert.ok(guard < 10_000, 'a task starves');
          if (!workers.deliver(0)) await turn();
        }
        while (workers.deliver(0));
        await turn();
        for (const task of tasks) {
          const end = ends.get(task.id);
          const expected = Array.from({ length: task.spec.workers }, (_, rank) => rank);
          if (Array.isArray(end)) assert.equal(end, expected);
          else {
            const known = [CancelledError, TaskFailedError, WindowDamagedError, WorkerDiedError];
            assert.ok(
              known.some((each) => end instanceof each),
              `${task.id} ends with ${String(end)}`,
            );
          }
          assert.ok(task.attempts <= 1 + task.spec.maxRetries, 'tried too often');
        }
        assert.is(head.status().workers.filter(({ state }) => state === 'busy').length, 0, 'a worker stays reserved');
        // Everything that was reserved has come back: a task on all workers still runs.
        const source = { url: 'file:///task.js', exportName: 'default' };
        const spec = {
          source,
          name: undefined,
          args: [encodeValue([], 'args')],
          timeoutMs: null,
          fresh: false,
          placement: 'pack' as const,
          priority: 0,
        };
        const last = Array.from({ length: 6 }, () => head.submit({ ...spec, workers: size, maxRetries: 0 }));
        for (let guard = 0; guard < 1_000 && last.some((task) => !task.ended); guard++) {
          if (!workers.deliver(0)) await turn();
        }
        assert.equal(
          last.map(({ state }) => state),
          Array(6).fill('succeeded'),
        );
        // Whatever came, the figures agree with what became of the tasks.
        const { tasks: counts, waitMs, runMs } = head.stats;
        const all = [...tasks, ...last];
        const again = all.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0);
        const { succeeded, failed, cancelled, timedOut, lost } = counts;
        assert.is(counts.submitted, all.length);
        assert.is(succeeded + failed + cancelled + timedOut + lost, all.length);
        assert.is(succeeded, all.filter(({ state }) => state === 'succeeded').length);
        assert.is(cancelled, all.filter(({ state }) => state === 'cancelled').length);
        assert.is(
          counts.started,
          all.reduce((sum, { attempts }) => sum + attempts, 0),
        );
        assert.ok(counts.retried >= again, `${counts.retried} of ${again} retries`);
        assert.equal([waitMs.count, runMs.count], [counts.started, counts.started]);
        head.groups.close();
      }),
      { numRuns: 300, includeErrorInReport: true },
    );
  });
}

/** Accepts a task of some workers. */
function submit(head: Head, workers: number, priority = 0, maxRetries = 0): Task {
  const source = { url: 'file:///task.js', exportName: 'default' };
  const args = [encodeValue([], 'args')];
  const spec = { source, name: undefined, args, timeoutMs: null, fresh: false, placement: 'pack' as const };
  return head.submit({ ...spec, workers, priority, maxRetries });
}

/** A head that gives tasks ahead to two workers. */
function quickHead(): { head: Head; workers: FakeWorkers } {
  const workers = new FakeWorkers(2, false, true);
  const limits = {
    graceMs: 1e6,
    maxQueue: 1e6,
    maxQueueBytes: 1e9,
    maxMessageBytes: 1e6,
    maxSharedBytes: 0,
    collectiveTimeoutMs: null,
  };
  const head = new Head(workers, {
    ...limits,
    ...{ unawaited: 'warn', reload: 'never', communicator: 'split', communicatorCache: 2, roundTimeoutMs: 1e6 },
  });
  workers.report(head);
  return { head, workers };
}

/** Of so many tasks one has ended, in less than a millisecond, and some wait at its worker. */
async function givenAhead(count: number): Promise<{ head: Head; workers: FakeWorkers; tasks: Task[] }> {
  for (let tries = 0; tries < 1_000; tries++) {
    const { head, workers } = quickHead();
    const tasks = Array.from({ length: count }, () => submit(head, 1));
    assert.is(workers.ahead.given, 0);
    assert.ok(workers.deliver(0));
    if (workers.ahead.given > 0) return { head, workers, tasks };
    // This thread was kept from running.
    await settle(workers);
    head.groups.close();
  }
  throw new Error('no task is given ahead');
}

test('workers whose tasks are short are given some ahead, which count as queued until they begin', async () => {
  const { head, workers, tasks } = await givenAhead(30);
  const { queued, running } = head.status();
  assert.equal({ queued, running }, { queued: 27, running: 2 });
  await settle(workers);
  assert.ok(tasks.every(({ state, attempts }) => state === 'succeeded' && attempts === 1));
  assert.is(head.status().queued, 0);
  head.groups.close();
});

test('a task that waits at a busy worker is begun by one that is idle, and one that is cancelled is not begun', async () => {
  const { head, workers, tasks } = await givenAhead(7);
  const waiting = tasks.slice(3);
  assert.ok(waiting.every(({ state }) => state === 'queued'));
  head.cancel(tasks[4]!, 'not wanted');
  assert.is(tasks[4]!.state, 'cancelled');
  // The other worker ends everything, while the first says nothing.
  while (workers.deliver(1) && head.status().running > 1);
  for (let guard = 0; guard < 20; guard++) workers.deliver(1);
  await turn();
  const begun = tasks.filter(({ id }) => workers.begun.has(id)).length;
  assert.is(workers.begun.has(tasks[4]!.id), false);
  assert.ok(begun >= 5, `${begun} have begun`);
  await settle(workers);
  assert.is(tasks.filter(({ state }) => state === 'succeeded').length, 6);
  head.groups.close();
});

test('what workers were given ahead is taken back when a task of a higher priority comes, and begins after it', async () => {
  for (const gang of [1, 2]) {
    const { head, workers, tasks: low } = await givenAhead(12);
    const begun = workers.begun.size;
    const high = submit(head, gang, 1);
    assert.is(workers.ahead.given, workers.ahead.takenBack, 'none is left there');
    while (high.state === 'queued' && workers.deliver(1));
    // Those that ran already, and no others.
    assert.ok(low.filter(({ id }) => workers.begun.has(id)).length <= begun + 2);
    await settle(workers);
    assert.ok([high, ...low].every(({ state, attempts }) => state === 'succeeded' && attempts === 1));
    head.groups.close();
  }
});

test('a task of a lower priority is given ahead to nobody while one of a higher priority waits', async () => {
  const { head, workers } = quickHead();
  Array.from({ length: 4 }, () => submit(head, 1, 3));
  assert.ok(workers.deliver(0));
  const gang = submit(head, 2, 2);
  const low = Array.from({ length: 6 }, () => submit(head, 1, 1));
  await settle(workers);
  assert.is(gang.state, 'succeeded');
  assert.ok(low.every(({ state }) => state === 'succeeded'));
  const order = [...workers.begun.keys()];
  assert.ok(
    low.every(({ id }) => order.indexOf(id) > order.indexOf(gang.id)),
    order.join(' '),
  );
  head.groups.close();
});

test('a task that is run again keeps its priority, and waits behind the others of it', async () => {
  const { head, workers } = quickHead();
  const ends: string[] = [];
  const note = (name: string, task: Task): void => void task.done.then(() => ends.push(name));
  const dying = submit(head, 2, 1, 1);
  note('again', dying);
  note('low', submit(head, 2, 0));
  note('high', submit(head, 2, 1));
  note('low too', submit(head, 2, 0));
  while (!workers.begun.has(dying.id)) workers.deliver(0, 'damaged');
  await settle(workers);
  assert.equal(ends, ['high', 'again', 'low', 'low too']);
  assert.is(dying.attempts, 2);
  head.groups.close();
});

test('a gang waits for no task that came after it, and a death takes no task along that was given ahead', async () => {
  const { head, workers, tasks: first } = await givenAhead(6);
  const gang = submit(head, 2);
  const later = Array.from({ length: 6 }, () => submit(head, 1));
  workers.die(0);
  await settle(workers);
  assert.ok(workers.ahead.takenBack > 0);
  const failed = first.filter(({ state }) => state === 'failed');
  assert.ok(failed.length <= 2, 'those alone that the workers ran');
  assert.ok([gang, ...later].every(({ state }) => state === 'succeeded'));
  head.groups.close();
});

test('all workers end while each has begun with several more tasks than the head knows: none is left running', async () => {
  const { head, workers, tasks } = await givenAhead(15);
  assert.ok(workers.ahead.given >= 3, `${workers.ahead.given} were given ahead`);
  workers.takeBack = () => false;
  head.ending('was ended');
  assert.is(head.status().running, 0);
  const ended = tasks.filter(({ state }) => state === 'succeeded' || state === 'failed').length;
  assert.is(ended + head.status().queued, tasks.length);
  head.groups.close();
});

/** Lets everything arrive that is on its way. */
async function settle(workers: FakeWorkers): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    while (workers.deliver(0)) quiet = 0;
    await turn();
  }
}

test('a task whose worker cannot be ended ends without it; worker and slot come back when it is gone', async () => {
  const workers = new FakeWorkers(2, false);
  const limits = {
    graceMs: 10,
    maxQueue: 1e6,
    maxQueueBytes: 1e9,
    maxMessageBytes: 1e6,
    maxSharedBytes: 0,
    unawaited: 'warn' as const,
    reload: 'never' as const,
  };
  const rounds = { communicator: 'split' as const, communicatorCache: 2, roundTimeoutMs: 1e6 };
  const head = new Head(workers, { ...limits, ...rounds, collectiveTimeoutMs: null });
  workers.report(head);
  const states = (): string => String(head.status().workers.map(({ state }) => state));
  const stuck = submit(head, 1);
  head.cancel(stuck, 'not wanted');
  assert.is(states(), 'busy,idle');
  await rejectsCode(stuck.done, 'CANCELLED');
  assert.is(states(), 'lost,idle');
  // One slot of four is not lent while the worker may still use it.
  for (let i = 0; i < 8; i++) {
    const next = submit(head, 1);
    await settle(workers);
    assert.is(next.state, 'succeeded');
  }
  const both = submit(head, 2);
  await settle(workers);
  assert.is(both.state, 'queued');
  workers.endAtLast(0);
  await settle(workers);
  assert.is(states(), 'idle,idle');
  assert.is(both.state, 'succeeded');
  await head.close(false);
});

test.run();
