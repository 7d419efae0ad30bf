import { SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TaskSpans } from '../../src/driver/task-spans.js';
import { siteOf } from '../../src/driver/task-sender.js';
import { Head } from '../../src/head/head.js';
import type { TaskSpec } from '../../src/protocol/pool-messages.js';
import { encodeValue } from '../../src/protocol/values.js';
import { activeContext } from '../../src/telemetry/telemetry.js';
import { FakeWorkers } from '../support/fake-workers.js';
import { plainSpans } from '../support/plain-span.js';

const test = suite('spans of tasks');
const workers = new FakeWorkers(4, false);
const head = new Head(workers, {
  graceMs: 1e6,
  maxQueue: 10,
  maxQueueBytes: 1e6,
  maxMessageBytes: 1e6,
  maxSharedBytes: 0,
  unawaited: 'warn',
  reload: 'never',
  communicator: 'split',
  communicatorCache: 4,
  roundTimeoutMs: 1e6,
  collectiveTimeoutMs: null,
});
workers.report(head);
const spec: TaskSpec = {
  source: { url: 'file:///project/train.js', exportName: 'default' },
  name: undefined,
  args: [encodeValue([], 'args')],
  timeoutMs: null,
  fresh: false,
  workers: 1,
  maxRetries: 1,
  placement: 'pack',
  priority: 0,
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function deliverAll(): Promise<void> {
  do await turn();
  while (workers.deliver(0));
  await turn();
}

test('a program without OpenTelemetry has none, and its tasks are given to the head as they are', async () => {
  const spans = new TaskSpans(head);
  const { context } = siteOf(test);
  assert.is(context, undefined);
  assert.is(spans.submit(spec, context).spec, spec);
  assert.is(head.listenerCount('taskStarted'), 0);
  await deliverAll();
});

test('a task that is run again has a span with an event for each attempt', async () => {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  const spans = new TaskSpans(head);
  const task = spans.submit({ ...spec, workers: 4 }, activeContext());
  const { traceparent } = task.spec.carrier!;
  while (task.attempts === 0) {
    workers.deliver(0);
    await turn();
  }
  workers.die(2);
  await deliverAll();
  assert.equal(await task.done, [0, 1, 2, 3]);
  const [span] = plainSpans(exporter);
  assert.is(traceparent, `00-${span!.traceId}-${span!.spanId}-01`);
  assert.is(span!.name, 'task train');
  assert.equal(
    span!.events.map(({ name, attributes }) => [name, attributes['shoal.task.attempt']]),
    [
      ['started', 1],
      ['retried', 2],
    ],
  );
  const { attributes, status } = span!;
  assert.equal([attributes['shoal.task.attempts'], attributes['shoal.task.outcome']], [2, 'succeeded']);
  assert.equal([attributes['shoal.task.nodes'], attributes['shoal.task.world_ranks']], [['here'], [0, 1, 2, 3]]);
  assert.is(status.code, SpanStatusCode.UNSET);
  const waits = span!.events.map(({ attributes: of }) => Number(of['shoal.task.queue_wait_ms']));
  assert.is(attributes['shoal.task.queue_wait_ms'], waits[0]! + waits[1]!);
});

test.run();
