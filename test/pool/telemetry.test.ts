import { fileURLToPath } from 'node:url';
import { SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gang, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import type { PlainSpan } from '../support/plain-span.js';
import { rejectsCode, throwsCode, until } from '../support/check.js';
import * as tracing from './tasks/tracing.js';

const test = suite('OpenTelemetry');
const tasks = taskModule<typeof import('./tasks/telemetry.js')>(new URL('./tasks/telemetry.js', import.meta.url));
const others = new URL('./tasks/misc.js', import.meta.url);
const workers = 2;
const tracer = trace.getTracer('driver');
const warnings: string[] = [];
let pool: Pool;

test.before(async () => {
  const setup = fileURLToPath(new URL('./tasks/tracing.js', import.meta.url));
  pool = await launch({ workers, maxQueue: 4, graceMs: 50, execArgv: ['--import', setup] });
  pool.on('warning', ({ message }) => warnings.push(message));
});
test.after(() => pool.close({ force: true }));

/** What the workers' programs have exported, by rank; the span of the task that asks is none of it. */
const ofRanks = async (): Promise<PlainSpan[][]> => {
  const spans = await pool.run(tasks, { export: 'spans', workers });
  tracing.takeSpans();
  return spans.map((each) => each.filter(({ name }) => name !== 'rank spans'));
};
const named = (spans: readonly PlainSpan[], name: string): PlainSpan[] => spans.filter((each) => each.name === name);

test('a task is a span below the active one, its ranks below it, and what they make below theirs', async () => {
  await ofRanks();
  const results = await tracer.startActiveSpan('request', async (span) => {
    const sums = await pool.run(tasks, { workers, name: 'epoch 1', priority: 3 });
    span.end();
    return sums;
  });
  assert.equal(results, [1, 1]);
  const [task, request] = tracing.takeSpans() as [PlainSpan, PlainSpan];
  const ranks = await ofRanks();
  assert.equal([task.name, task.kind, task.parent], ['task telemetry', SpanKind.PRODUCER, request.spanId]);
  const id = task.attributes['shoal.task.id'];
  assert.match(String(id), /^t\d+$/);
  assert.equal(
    { ...task.attributes, 'shoal.task.queue_wait_ms': 0 },
    {
      'code.function.name': 'default',
      'code.file.path': fileURLToPath(new URL('./tasks/telemetry.js', import.meta.url)),
      'shoal.task.workers': 2,
      'shoal.task.priority': 3,
      'shoal.task.name': 'epoch 1',
      'shoal.task.id': id,
      'shoal.task.attempts': 1,
      'shoal.task.queue_wait_ms': 0,
      'shoal.task.world_ranks': [0, 1],
      'shoal.task.nodes': [pool.status().workers[0]!.node],
      'shoal.task.outcome': 'succeeded',
    },
  );
  assert.ok(Number(task.attributes['shoal.task.queue_wait_ms']) >= 0);
  assert.equal([task.events.map(({ name }) => name), task.status.code], [['started'], SpanStatusCode.UNSET]);
  for (const [rank, spans] of ranks.entries()) {
    const [load, whole] = spans as [PlainSpan, PlainSpan];
    assert.equal([load.name, load.parent], ['load', whole.spanId]);
    assert.equal([whole.name, whole.kind, whole.parent], ['rank telemetry', SpanKind.CONSUMER, task.spanId]);
    assert.equal([whole.traceId, load.traceId], [request.traceId, request.traceId]);
    const { attributes } = whole;
    assert.equal([attributes['shoal.task.id'], attributes['shoal.task.rank']], [id, rank]);
    assert.equal([attributes['shoal.task.attempt'], attributes['shoal.worker.world_rank']], [1, rank]);
    assert.equal([attributes['shoal.collectives.calls'], attributes['shoal.collectives.bytes']], [1, 8]);
  }
});

test('trace and baggage are active in the function, also after it has waited', async () => {
  const entries = propagation.createBaggage({ tenant: { value: 'blue, green' } });
  const seen = await context.with(propagation.setBaggage(context.active(), entries), () => {
    return tracer.startActiveSpan('with baggage', (span) => {
      span.end();
      return pool.run(tasks, { export: 'seen', workers, args: ['tenant'] });
    });
  });
  const { traceId } = named(tracing.takeSpans(), 'task seen')[0]!;
  const expected = [traceId, 'blue, green'];
  for (const rank of seen) assert.equal(rank, [expected, expected]);
});

test('each item of a map is below what was active when the map was made', async () => {
  const items = tracer.startActiveSpan('mapping', (span) => {
    span.end();
    return pool.map(others, [1, 2, 3], { export: 'echo' });
  });
  const echoed: unknown[] = [];
  for await (const item of items) echoed.push(item);
  assert.equal(echoed, [1, 2, 3]);
  const spans = tracing.takeSpans();
  const [mapping] = named(spans, 'mapping');
  const parents = named(spans, 'task echo').map(({ parent }) => parent);
  assert.equal(parents, Array(3).fill(mapping!.spanId));
});

test('tasks of a gang and calls of its actors are spans too', async () => {
  const gang: Gang = await pool.gang({ workers });
  const counter = await gang.actor(tasks, { export: 'Counter' });
  assert.equal(await counter.call('add', [2]), [2, 2]);
  await gang.run(tasks, { export: 'countCall' });
  const { id } = gang;
  await gang.close();
  const spans = tracing.takeSpans();
  assert.equal(
    spans.map(({ name }) => name),
    ['task new Counter', 'task Counter.add', 'task countCall', 'task Counter.dispose'],
  );
  assert.ok(spans.every(({ attributes }) => attributes['shoal.gang.id'] === id));
});

test('a failure is recorded by the task and by the rank, with its type', async () => {
  await ofRanks();
  await rejectsCode(pool.run(tasks, { export: 'fail' }), 'TASK_FAILED');
  const [task] = tracing.takeSpans();
  const [rank] = (await ofRanks()).flat();
  assert.equal(
    [task!.status.code, task!.attributes['error.type'], task!.attributes['shoal.task.outcome']],
    [SpanStatusCode.ERROR, 'ERR_SHOAL_TASK_FAILED', 'failed'],
  );
  assert.equal([rank!.status, rank!.attributes['error.type']], [{ code: 2, message: 'no such shard' }, 'RangeError']);
  for (const span of [task!, rank!]) {
    const { attributes } = span.events.find(({ name }) => name === 'exception')!;
    assert.match(String(attributes['exception.message']), 'no such shard');
    assert.match(String(attributes['exception.stacktrace']), 'telemetry');
  }
});

test('what is cancelled and what is refused end as that', async () => {
  const busy = pool.submit(others, { workers, export: 'politeHang' });
  const waiting = pool.submit(tasks, { export: 'countCall' });
  waiting.cancel();
  busy.cancel();
  await rejectsCode(waiting.result(), 'CANCELLED');
  await busy.result().catch(() => undefined);
  throwsCode(() => pool.submit(tasks, { export: 'countCall', workers: 9 }), 'INSUFFICIENT_WORKERS');
  const spans = tracing.takeSpans();
  assert.equal(
    named(spans, 'task countCall').map(({ attributes }) => [
      attributes['shoal.task.outcome'],
      attributes['error.type'],
    ]),
    [
      ['cancelled', 'ERR_SHOAL_CANCELLED'],
      ['refused', 'ERR_SHOAL_INSUFFICIENT_WORKERS'],
    ],
  );
  assert.is(
    named(spans, 'task countCall')[0]!.events.some(({ name }) => name === 'started'),
    false,
  );
});

for (const how of [
  'provider',
  'tracer',
  'span',
  'propagator',
  'context manager',
  'context manager that calls twice',
  'context manager that calls nothing',
  'global object',
]) {
  test(`a broken ${how} breaks no task, and calls it once`, async () => {
    const [before] = await pool.run(tasks, { export: 'countCall', workers });
    await pool.run(tasks, { export: 'break_', workers, args: [how] });
    tracing.breakTelemetry(how);
    try {
      assert.equal((await pool.run(tasks, { export: 'countCall', workers }))[0], before! + 1);
      await rejectsCode(pool.run(tasks, { export: 'fail' }), 'TASK_FAILED');
      assert.equal(await pool.run(others, { workers, args: [8] }), [1, 1]);
    } finally {
      tracing.mendTelemetry();
      await pool.run(tasks, { export: 'mend', workers });
      tracing.takeSpans();
    }
  });
}

test('what failed is told once by the driver and once by each worker', async () => {
  await until(() => warnings.length === workers + 1);
  for (const warning of warnings) assert.match(warning, /^OpenTelemetry failed, .*: broken provider/);
});

test.run();
