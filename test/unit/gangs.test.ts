import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CancelledError, TaskFailedError, WindowDamagedError, WorkerDiedError } from '../../src/errors.js';
import type { Gang } from '../../src/head/gang.js';
import { Head } from '../../src/head/head.js';
import type { Task } from '../../src/head/task.js';
import type { TaskSpec } from '../../src/protocol/pool-messages.js';
import { encodeValue } from '../../src/protocol/values.js';
import { rejectsCode, throwsCode } from '../support/check.js';
import type { FakeEnd } from '../support/fake-workers.js';
import { FakeWorkers } from '../support/fake-workers.js';
import fc from '../support/property.js';

const test = suite('gangs of a head');
const size = 5;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeHead(goesOn: boolean, cached = 2): { head: Head; workers: FakeWorkers; warnings: string[] } {
  const workers = new FakeWorkers(size, goesOn, cached > 0);
  const limits = { graceMs: 1e6, maxQueue: 1e6, maxQueueBytes: 1e9, maxMessageBytes: 1e6, maxSharedBytes: 1e9 };
  const head = new Head(workers, {
    ...{ ...limits, collectiveTimeoutMs: null, unawaited: 'warn', reload: 'never' },
    ...{ communicator: 'split', communicatorCache: cached, roundTimeoutMs: 1e6 },
  });
  workers.report(head);
  const warnings: string[] = [];
  head.on('warning', ({ message }) => warnings.push(message));
  return { head, workers, warnings };
}

function spec(workers: number, gang?: Gang): TaskSpec {
  const source = { url: 'file:///task.js', exportName: 'default' };
  return {
    ...{ source, name: undefined, args: [encodeValue([], 'args')], timeoutMs: null, fresh: false },
    ...{ placement: 'pack', priority: 0, maxRetries: 0, workers, gang: gang?.id },
  };
}

const open = (head: Head, workers: number, name?: string): Gang => {
  return head.openGang({ name, workers, placement: 'pack' });
};

/** Until nothing is on its way. */
async function settle(workers: FakeWorkers): Promise<void> {
  for (let idle = 0; idle < 3;) {
    if (workers.deliver(0)) idle = 0;
    else {
      await turn();
      idle++;
    }
  }
}

const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ gang: fc.integer({ min: 1, max: size }) }) },
  { weight: 2, arbitrary: fc.record({ close: fc.nat(20), force: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ inGang: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ task: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 20,
    arbitrary: fc.record({
      deliver: fc.nat(50),
      end: fc.oneof(
        { weight: 12, arbitrary: fc.constant<FakeEnd>('returned') },
        { weight: 3, arbitrary: fc.constant<FakeEnd>('threw') },
        { weight: 1, arbitrary: fc.constant<FakeEnd>('damaged') },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ die: fc.nat(size - 1) }) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
);

for (const goesOn of [false, true]) {
  for (const cached of [0, 2]) {
    test(`gangs run their tasks alone and in order, and give all back, whatever comes (${goesOn ? 'continue' : 'restart'}, ${cached} cached)`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(event, { maxLength: 120, size: 'max' }), async (events) => {
          const { head, workers } = makeHead(goesOn, cached);
          const gangs: Gang[] = [];
          const tasks: Task[] = [];
          /** Tasks of each gang as they came, and as they began. */
          const came = new Map<Gang, string[]>();
          const began = new Map<Gang, string[]>();
          workers.assigned = (worldRank, { lease, gang }) => {
            const holder = gangs.find(({ state, worldRanks }) => state !== 'closed' && worldRanks.includes(worldRank));
            assert.is(holder?.id, gang?.id, 'a task of others on the worker of a gang');
            if (!holder) return;
            assert.equal(
              lease.members.map((member) => member.worldRank),
              holder.worldRanks,
            );
            const order = began.get(holder) ?? [];
            began.set(holder, order);
            if (lease.rank > 0) return;
            assert.is(gang?.isFirst, order.length === 0);
            order.push(lease.taskId);
          };
          for (const each of events) {
            if (each === 'turn') await turn();
            else if ('gang' in each) gangs.push(open(head, each.gang));
            else if ('close' in each) {
              const gang = gangs[each.close % Math.max(1, gangs.length)];
              if (gang) head.closeGang(gang, each.force);
            } else if ('inGang' in each) {
              const gang = gangs[each.inGang % Math.max(1, gangs.length)];
              if (gang?.state !== 'open' || gang.loss) continue;
              const task = head.submit(spec(gang.spec.workers, gang));
              tasks.push(task);
              came.set(gang, [...(came.get(gang) ?? []), task.id]);
            } else if ('task' in each) tasks.push(head.submit(spec(each.task)));
            else if ('deliver' in each) workers.deliver(each.deliver, each.end);
            else if ('die' in each) workers.die(each.die);
            else {
              const task = tasks[each.cancel % Math.max(1, tasks.length)];
              if (task) head.cancel(task, 'not wanted');
            }
          }
          await settle(workers);
          for (const gang of gangs) {
            const order = began.get(gang) ?? [];
            assert.equal(
              order,
              (came.get(gang) ?? []).filter((id) => order.includes(id)),
              'the order of a gang',
            );
            // Those that wait get their workers once the others are closed.
            head.closeGang(gang, false);
            await settle(workers);
            assert.is(gang.state, 'closed');
            await gang.done;
          }
          await settle(workers);
          for (const task of tasks) {
            assert.ok(task.ended, `${task.id} is ${task.state}`);
            const how = await task.done.catch((error: unknown) => error);
            const known = [CancelledError, TaskFailedError, WindowDamagedError, WorkerDiedError];
            assert.ok(Array.isArray(how) || known.some((each) => how instanceof each), String(how));
          }
          const status = head.status();
          assert.equal([status.gangs.length, status.queued, status.running], [0, 0, 0]);
          assert.ok(status.workers.every(({ gangId }) => gangId === undefined));
          // Everything has come back: all workers can be reserved at once.
          const last = open(head, size);
          await settle(workers);
          assert.is(last.state, 'open');
          head.closeGang(last, true);
          head.groups.close();
        }),
        { numRuns: 200, includeErrorInReport: true },
      );
    });
  }
}

test('a gang has one communicator: no round for its tasks, and one after a task that failed', async () => {
  const { head, workers } = makeHead(true, 0);
  const gang = open(head, 3);
  assert.is(gang.state, 'waiting');
  await settle(workers);
  assert.is(gang.state, 'open');
  const run = async (end: FakeEnd): Promise<Task> => {
    const task = head.submit(spec(3, gang));
    while (workers.deliver(0, end));
    await settle(workers);
    return task;
  };
  for (let i = 0; i < 5; i++) assert.is((await run('returned')).state, 'succeeded');
  assert.equal(head.groups.counts, { rounds: 1, splits: 1, cacheHits: 0 });
  assert.is((await run('threw')).state, 'failed');
  assert.is(gang.state, 'open');
  for (let i = 0; i < 5; i++) assert.is((await run('returned')).state, 'succeeded');
  assert.equal(head.groups.counts, { rounds: 2, splits: 2, cacheHits: 0 });
  head.closeGang(gang, false);
  assert.is(gang.state, 'closed');
  head.groups.close();
});

test('the death of a member closes the gang, that of another worker does not, also where all would start again', async () => {
  for (const goesOn of [false, true]) {
    const { head, workers, warnings } = makeHead(goesOn);
    const [gang, other] = [open(head, 2), open(head, 2)];
    await settle(workers);
    const outside = [0, 1, 2, 3, 4].find((each) => ![...gang.worldRanks, ...other.worldRanks].includes(each))!;
    workers.die(outside);
    await settle(workers);
    assert.equal([gang.state, other.state, workers.restarts], ['open', 'open', 0]);
    const tasks = [1, 2, 3].map(() => head.submit(spec(2, gang)));
    workers.die(gang.worldRanks[1]!);
    await settle(workers);
    for (const task of tasks) {
      const error = await rejectsCode(task.done, 'WORKER_DIED');
      assert.match(error.message, /killed/);
    }
    assert.equal([gang.state, other.state, workers.restarts], ['closed', 'open', 0]);
    assert.match(gang.error!.message, `gang ${gang.id} is closed: rank 1, on worker ${gang.worldRanks[1]}`);
    assert.ok(warnings.includes(gang.error!.message));
    throwsCode(() => head.submit(spec(2, gang)), 'CLOSED');
    const last = head.submit(spec(2, other));
    await settle(workers);
    assert.is(last.state, 'succeeded');
    head.closeGang(other, false);
    await settle(workers);
    assert.is(workers.restarts, goesOn ? 0 : 1);
    head.groups.close();
  }
});

test('the end of all workers closes open gangs, and those that wait get new workers', async () => {
  const { head, workers } = makeHead(true);
  const [gang, waiting] = [open(head, 4, 'four'), open(head, 3)];
  await settle(workers);
  const task = head.submit(spec(4, gang));
  workers.renew('was ended by the test');
  await rejectsCode(task.done, 'WORKER_DIED');
  await settle(workers);
  assert.equal([gang.state, waiting.state], ['closed', 'open']);
  assert.match(gang.error!.message, 'gang g1 ("four") is closed');
  assert.match(gang.error!.message, 'was ended by the test');
  head.closeGang(waiting, false);
  head.groups.close();
});

test('what is waited for ends with the pool or its own close', async () => {
  const { head, workers } = makeHead(true);
  throwsCode(() => open(head, size + 1), 'INSUFFICIENT_WORKERS');
  const [gang, waiting] = [open(head, size), open(head, 1)];
  await settle(workers);
  head.closeGang(waiting, false);
  await rejectsCode(waiting.opened, 'CANCELLED');
  const last = open(head, 2);
  const task = head.submit(spec(size, gang));
  throwsCode(() => head.submit(spec(size - 1, gang)), 'INVALID_ARGUMENT');
  const outside = head.submit(spec(1));
  const closing = head.close(false);
  await rejectsCode(last.opened, 'CLOSED');
  throwsCode(() => open(head, 1), 'CLOSED');
  await settle(workers);
  await closing;
  assert.equal([task.state, outside.state, gang.state], ['succeeded', 'succeeded', 'closed']);
  assert.is(gang.error, undefined);
});

test.run();
