import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectionOf, rejectsCode, until } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/planted-bugs.js')>(new URL('./tasks/planted-bugs.js', import.meta.url));
const test = suite('planted bugs');
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 3, graceMs: 300, unawaited: 'error' });
});
test.after(() => pool.close({ force: true }));

/** By bug: the error, and what has to be told of it: the rank with the bug, and the call. */
const bugs = {
  skippedCall: ['TASK_FAILED', /rank 1: barrier\(\)/, /rank 0: broadcast\(float32 × 8, root 0\)/],
  swappedOrder: ['TASK_FAILED', /rank 1: allreduce\(float32 × 6, op sum\)/, /rank 0: allreduce\(float32 × 5, op sum\)/],
  wrongRoot: ['TASK_FAILED', /rank 1: broadcast\(float32 × 8, root 1\)/],
  wrongOp: ['TASK_FAILED', /rank 1: allreduce\(float32 × 8, op max\)/],
  wrongDtype: ['TASK_FAILED', /rank 1: allreduce\(float64 × 8, op sum\)/],
  wrongSize: ['TASK_FAILED', /rank 1: allreduce\(float32 × 7, op sum\)/],
  wrongName: ['TASK_FAILED', /rank 1: allreduce\(float32 × 8, op sum, name "gradients"\)/],
  otherLists: ['TASK_FAILED', /missing on rank 1, which has 1 array/, /allreduce/],
  cycleOfSends: ['TASK_FAILED', /: a cycle/, /rank 1 .*send\(float32 × 1000000, dest 2, tag 0\)/],
  cycleOfReceives: [
    'TASK_FAILED',
    /: a cycle\. /,
    /rank 1 has waited \d+(\.\d)? m?s for rank 2 in recv\(float32 × 4, source 2, tag 0\)/,
    /a cycle, if these calls are awaited: rank 0 waits for rank 1, rank 1 for rank 2, rank 2 for rank 0/,
  ],
  unservedReceive: ['TASK_FAILED', /rank 1 waits for a message from rank 2 with tag 7/, /rank 2 .*barrier\(\)/],
  wrongTag: [
    'TASK_FAILED',
    /rank 1 .*recv\(float32 × 4, source 0, tag 4\)/,
    /rank 0 .*send\(float32 × 4, dest 1, tag 3\)/,
  ],
  rankBranch: ['TASK_FAILED', /rank 1: its function has returned/, /rank [02]: allreduce\(float32 × 8, op sum\)/],
  infiniteLoop: [
    'TASK_FAILED',
    /rank 1 is outside of calls; last: allreduce\(float32 × 4, op sum\), call 1, completed/,
    /barrier\(\), call 2/,
  ],
  stopped: [
    /TASK_FAILED|WORKER_DIED/,
    /rank 1 is outside of calls; last: allreduce\(float32 × 4, op sum\), call 1, completed/,
    /barrier\(\), call 2/,
  ],
  killed: [
    /TASK_FAILED|WORKER_DIED/,
    /rank 1/,
    /rank 1 (is outside of calls|has thrown); last: allreduce\(float32 × 4, op sum\), call 1/,
  ],
  exits: [
    'TASK_EXITED',
    /rank 1 called process.exit\(3\)/,
    /rank 1 is outside of calls; last: allreduce\(float32 × 4, op sum\), call 1/,
  ],
  throwsFirst: [
    'TASK_FAILED',
    /failed on rank 1: RangeError: nothing to read/,
    /rank 1 has thrown and has made no call/,
  ],
  throwsBetween: [
    'TASK_FAILED',
    /failed on rank 1/,
    /rank 1 has thrown; last: allreduce\(float32 × 4, op sum\), call 1/,
  ],
  returnsEarly: ['TASK_FAILED', /rank 1: its function has returned/, /rank [02]: broadcast\(float32 × 8, root 0\)/],
  splitNotByAll: ['TASK_FAILED', /rank 1: barrier\(\)/, /rank 0: split/],
  missingMember: ['TASK_FAILED', /rank 1 .*barrier\(\)/, /group/],
  forgottenAwait: ['NOT_AWAITED', /on rank 1/, /allreduce/],
  otherGroupOrder: ['TASK_FAILED', /rank 1.*broadcast\(float32 × 3, root 0\)/, /rank 2.*barrier\(\)/],
} satisfies Readonly<Record<string, readonly [string | RegExp, ...RegExp[]]>>;

for (const [bug, [code, ...told]] of Object.entries(bugs)) {
  const name = bug as keyof typeof bugs;
  test(`${name}: the rank and its call are named`, async () => {
    const handle = pool.submit(tasks, { export: name, workers: 3 });
    const error = await rejectionOf(handle.result());
    const [explanation] = await pool.explain(handle.id);
    assert.is(explanation?.error?.message, error.message);
    const text = `${error.message}\n${explanation?.text}`;
    assert.match((error as { code?: string }).code ?? '', code);
    for (const part of told) assert.match(text, part);
  });
}

for (const name of ['skippedCall', 'wrongOp'] as const) {
  test(`${name}: the error names the line that awaits the call`, async () => {
    const { cause } = await rejectionOf(pool.run(tasks, { export: name, workers: 3 }));
    assert.match((cause as Error).stack ?? '', new RegExp(`at (async )?${name} .*planted-bugs`));
  });
}

test('a task that runs is explained while a rank spins; afterwards it is the last that failed', async () => {
  const handle = pool.submit(tasks, { export: 'waitsForOne', workers: 3 });
  let text = '';
  const look = async (): Promise<void> => {
    for (const each of await pool.explain()) ({ text } = each);
  };
  const waits = /ranks 0, 2 have waited \d+( ms|\.\d s) for rank 1 in barrier\(\), call 2/;
  for (const end = performance.now() + 30_000; !waits.test(text) && performance.now() < end;) {
    await look();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(text, waits);
  assert.match(text, `task ${handle.id}: running on workers`);
  handle.cancel();
  await rejectsCode(handle.result(), 'CANCELLED');
  await look();
  assert.match(text, `task ${handle.id}: cancelled`);
  assert.match(text, waits);
  await until(() => pool.status().running === 0);
});

test('what has ended well or was never there is not explained', async () => {
  const handle = pool.submit(tasks, { export: 'begin', workers: 3 });
  await handle.result();
  await rejectsCode(pool.explain(handle.id), 'INVALID_ARGUMENT');
  await rejectsCode(pool.explain(7 as never), 'INVALID_ARGUMENT');
});

test.run();
