import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';

const tasks = taskModule<typeof import('./tasks/chaos.js')>(new URL('./tasks/chaos.js', import.meta.url));
const test = suite('chaos');
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 4, graceMs: 30 });
});
test.after(() => pool.close({ force: true }));

/** Ways in which a task may end. */
const ends = ['good', 'throw', 'exit', 'late', 'spin', 'cancel', 'timeout', 'skip'] as const;

test('whatever ends tasks, and whenever, every other result is right and nothing hangs', async () => {
  const one = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    end: fc.constantFrom(...ends),
    afterMs: fc.integer({ min: 0, max: 25 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
  let good = 0;
  let bad = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 4, maxLength: 8 }), async (list) => {
      const runs = list.map(async ({ workers, end, afterMs, seed }) => {
        const handle = pool.submit(tasks, {
          workers,
          args: [end, afterMs, seed],
          timeoutMs: end === 'timeout' ? 10 : end === 'spin' ? 60 : 20_000,
        });
        if (end === 'cancel') setTimeout(() => handle.cancel(), afterMs);
        try {
          assert.equal(await handle.result(), Array(workers).fill('right'));
          good++;
        } catch (error) {
          const code = String((error as { code?: unknown }).code);
          assert.match(code, /^ERR_SHOAL_/, String(error));
          assert.not.equal(end, 'good', (error as Error).stack);
          const cause = (error as { cause?: unknown }).cause;
          assert.not.ok(String(cause).includes('wrong'), String(cause));
          bad++;
        }
      });
      await Promise.all(runs);
    }),
    { numRuns: 40, endOnFailure: true },
  );
  console.log(`${good} succeeded, ${bad} ended otherwise`);
  assert.ok(good > 20 && bad > 20);
});

test.run();
