/** Runs the cases of an operation, test/conformance/tasks/<operation>.ts, in groups of several sizes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes } from './check.js';
import { closeWorld, expectRanks, ranks } from './world.js';

const seed = Math.floor(Math.random() * 2 ** 31);

/** One task for each size runs all cases of an operation, here also with other sizes than the usual ones. */
export function conform(operation: string, furtherSizes: readonly number[] = []): void {
  const tasks = new URL(`../conformance/tasks/${operation}.js`, import.meta.url);
  const test = suite(`${operation}, seed ${seed}`);
  for (const size of [...sizes, ...furtherSizes]) {
    expectRanks(size);
    test(`all cases, ${size} ranks`, async () => {
      const wrong = (await ranks(size, tasks, 'all', seed)) as string[][];
      assert.equal(wrong.flat(), []);
    });
  }
  // Where files run together, they use one world, and who runs them closes it.
  if (!('UVU_DEFER' in globalThis)) test.after(closeWorld);
  test.run();
}
