/** Tests of shared suites that are a task of one name on each number of ranks. */
import * as assert from 'uvu/assert';
import { sizes } from './check.js';
import { ranks } from './world.js';

/** A sentence, the export of the module that is run, and its arguments; it gives what was wrong, in words. */
export type Case = readonly [sentence: string, name: string, ...args: unknown[]];

/** Make the tests. */
export function eachSize(
  test: (name: string, run: () => Promise<void>) => unknown,
  tasks: URL,
  cases: readonly Case[],
): void {
  for (const [sentence, name, ...args] of cases) {
    for (const size of sizes) {
      test(`${sentence}, ${size} ranks`, async () => {
        const wrong = (await ranks(size, tasks, name, ...args)) as string[][];
        assert.equal(wrong.flat(), []);
      });
    }
  }
}
