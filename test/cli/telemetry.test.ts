import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trace } from '@opentelemetry/api';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, taskModule } from 'shoal';
import { connectHead } from '../../src/driver/connect-head.js';
import type { TaskSpec } from '../../src/protocol/pool-messages.js';
import { encodeValue } from '../../src/protocol/values.js';
import { takeSpans } from '../pool/tasks/tracing.js';
import { rejectsCode } from '../support/check.js';

const test = suite('OpenTelemetry over connect');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));
const setup = fileURLToPath(new URL('../pool/tasks/tracing.js', import.meta.url));
const url = new URL('../pool/tasks/telemetry.js', import.meta.url);
const tasks = taskModule<typeof import('../pool/tasks/telemetry.js')>(url);
const home = mkdtempSync(join(tmpdir(), 'home-'));
process.env.SHOAL_HOME = home;

function shoal(...args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  assert.is(status, 0, stderr);
}

// What Node preloads into the command it preloads into the workers.
test.before(() => shoal('--import', setup, cli, 'start', '-n', '2', '--detach'));
test.after(() => {
  shoal(cli, 'stop', '--force');
  rmSync(home, { recursive: true });
});

test('ranks are below the task of a driver in another process, and that is below what is active there', async () => {
  const pool = await connect();
  await trace.getTracer('driver').startActiveSpan('request', async (span) => {
    assert.equal(await pool.run(tasks, { workers: 2 }), [1, 1]);
    span.end();
  });
  const [task, request] = takeSpans();
  const ranks = (await pool.run(tasks, { export: 'spans', workers: 2 })).flat();
  await pool.close();
  assert.equal([task!.name, task!.parent], ['task telemetry', request!.spanId]);
  const { attributes } = task!;
  assert.equal([attributes['shoal.task.outcome'], attributes['shoal.task.attempts']], ['succeeded', 1]);
  assert.equal(
    [attributes['shoal.task.world_ranks'], attributes['shoal.task.nodes']],
    [[0, 1], attributes['shoal.task.nodes']],
  );
  const whole = ranks.filter(({ name }) => name === 'rank telemetry');
  assert.equal(
    whole.map(({ parent, traceId }) => [parent, traceId]),
    Array(2).fill([task!.spanId, request!.traceId]),
  );
});

test('forged headers are refused as the task that has them, or begin a trace of their own', async () => {
  const head = await connectHead(undefined);
  const spec: TaskSpec = {
    source: { url: url.href, exportName: 'countCall' },
    name: undefined,
    args: [encodeValue([], 'args')],
    timeoutMs: null,
    fresh: false,
    workers: 2,
    maxRetries: 0,
    placement: 'pack',
    priority: 0,
  };
  const refused: unknown[] = [{ traceparent: 1 }, ['x'], 'x', { baggage: 'x'.repeat(13_000) }, { 'a\nb': 'c' }];
  for (const carrier of refused) {
    await rejectsCode(head.submit({ ...spec, carrier } as TaskSpec).done, 'INVALID_ARGUMENT');
  }
  const odd = ['', '00-', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, '00-zz-zz-zz', '\0'.repeat(100), '\ud800'];
  const calls = await Promise.all(odd.map((traceparent) => head.submit({ ...spec, carrier: { traceparent } }).done));
  assert.is(calls.length, odd.length);
  const spans = (await head.submit({ ...spec, source: { ...spec.source, exportName: 'spans' } }).done) as {
    name: string;
    parent?: string;
  }[][];
  const roots = spans.flat().filter(({ name, parent }) => name === 'rank countCall' && parent === undefined);
  assert.is(roots.length, 2 * odd.length);
  await head.close(true);
});

test.run();
