import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, WindowDamagedError } from 'shoal';
import { launch, taskModule } from 'shoal';
import { codeOf, rejectionOf, rejectsCode } from '../support/check.js';
import { randomOf } from '../support/random.js';
import type { Slip, Then } from './tasks/window.js';

const tasks = taskModule<typeof import('./tasks/window.js')>(new URL('./tasks/window.js', import.meta.url));
const test = suite('memory that is not a task’s own');
const workers = 3;
/** Over the wire no memory is shared: there is nothing that a slip could hit. */
const isShared = process.env.SHOAL_WINDOW !== 'false';
const isMpi = process.env.SHOAL_TRANSPORT === 'mpi';
let pool: Pool;
let warnings: string[] = [];

test.before(async () => {
  pool = await launch({ workers, graceMs: 200, maxRestarts: 1 });
  pool.on('warning', ({ message }) => warnings.push(message));
});
test.before.each(() => {
  warnings = [];
});
test.after(() => pool.close({ force: true }));

function drawn<T>(all: readonly T[], count: number): T[] {
  return [...all].sort(() => Math.random() - 0.5).slice(0, count);
}

/** Every worker computes right, alone and with the others. */
async function allIsRight(): Promise<void> {
  assert.equal(await pool.run(tasks, { export: 'computes', workers }), Array(workers).fill([]));
  const alone = Array.from({ length: workers }, () => pool.run(tasks, { export: 'computes' }));
  assert.equal(await Promise.all(alone), Array(workers).fill([[]]));
}

const slips: readonly (readonly [Slip, Then])[] = [
  ['whole', 'call'],
  ['first floats', 'return'],
  ['first zeros', 'return'],
  ['past its end', 'call'],
  ['before its start', 'return'],
  ['past a freed one', 'return'],
  ['past a shared one', 'return'],
  ['before a shared one', 'call'],
  ['past a freed shared one', 'call'],
  ['first floats', 'throw'],
  ['whole', 'loop'],
];
// A new job takes a second or two: there some are drawn.
for (const [slip, then] of isMpi ? drawn(slips, 5) : slips) {
  test(`a task that writes there (${slip}, then ${then}) is told so, and later tasks are right`, async () => {
    const args: [Slip, Then, number] = [slip, then, 1];
    const run = pool.run(tasks, { export: 'slips', workers, args, timeoutMs: isShared ? 20_000 : 1_000 });
    if (isShared) {
      const error = (await rejectsCode(run, 'WINDOW_DAMAGED')) as WindowDamagedError;
      assert.match(error.message, 'x.byteOffset, x.length');
      assert.ok(error.where.length > 0 && error.rank < workers, error.where);
      if (then === 'throw') assert.match(String(error.cause), /on purpose|of the task failed/);
      assert.is(
        warnings.filter((text) => text.includes('started again over new memory')).length,
        1,
        warnings.join('\n'),
      );
    } else await run.catch(() => undefined);
    await allIsRight();
  });
}

for (const [then, code] of [
  ['exit', 'TASK_EXITED'],
  ['wait', 'TASK_TIMEOUT'],
] as const) {
  test(`a task that writes there and ends otherwise (${then}) keeps its error, and later tasks are right`, async () => {
    const args: [Slip, Then, number] = ['whole', then, 0];
    await rejectsCode(pool.run(tasks, { export: 'slips', args, timeoutMs: 1_500 }), code);
    if (isShared) assert.match(warnings.join('\n'), 'started again over new memory');
    await allIsRight();
  });
}

test('what runs beside such a task ends, and is tried again if it may be', async () => {
  if (isMpi && !isShared) return allIsRight();
  const beside = rejectionOf(pool.run(tasks, { export: 'computesLater', args: [1_500] }));
  const again = pool.run(tasks, { export: 'computesLater', args: [1_500], maxRetries: 1 });
  await rejectsCode(pool.run(tasks, { export: 'slips', args: ['first floats', 'return', 0] }), 'WINDOW_DAMAGED');
  assert.match(codeOf(await beside), /WORKER_DIED|WINDOW_DAMAGED/);
  assert.equal(await again, [[]]);
  await allIsRight();
});

test('bytes written anywhere give no later task a wrong result, and no task hangs', async () => {
  const seed = Math.floor(Math.random() * 1e9);
  console.log(`seed ${seed}`);
  const random = randomOf(seed);
  const [bytes] = await pool.run(tasks, { export: 'memoryBytes' });
  for (let round = 0; round < (isMpi ? 3 : 30); round++) {
    // Half of them where the kernels' own memory and the slots lie.
    const addresses = Array.from({ length: 6 }, () => random(random(2) === 0 ? bytes! : 2_000_000));
    const values = addresses.map(() => random(256));
    const strays = pool.run(tasks, { export: 'strays', workers: 2, args: [addresses, values], timeoutMs: 20_000 });
    const what = `seed ${seed}, round ${round}`;
    await strays.catch((error: unknown) => assert.match(codeOf(error), /^ERR_SHOAL_/, what));
    // A slot that nobody had then may be found overwritten by the next task that gets it: that is told, never computed
    // with.
    for (let tries = 0; ; tries++) {
      const end = await pool.run(tasks, { export: 'computes', workers, timeoutMs: 20_000 }).catch(codeOf);
      if (end !== 'ERR_SHOAL_WINDOW_DAMAGED' || tries === 3) {
        assert.equal(end, Array(workers).fill([]), what);
        break;
      }
    }
  }
});

test.run();
