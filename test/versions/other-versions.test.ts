import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeOf, passesOn, testFiles, threadsEnvironment } from '../support/node-versions.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('other versions of Node');
const majors = [22, 24, 26] as const;

// All on each would take a quarter of an hour: each has a third of the files; which third is drawn.
const drawn = Math.floor(Math.random() * majors.length);
for (const [index, major] of majors.entries()) {
  const third = (index + drawn) % majors.length;
  test(`Node ${major} passes a third of the tests of unit, pool, cli and threads (${third})`, async () => {
    await passesOn(
      major,
      testFiles().filter((_, file) => file % majors.length === third),
    );
  });
}

const script = `
  import { runRanks } from 'shoal/testing';
  import { collective, context } from 'shoal/worker';
  const sums = await runRanks(3, async () => {
    const x = await collective.allreduce(Float16Array.of(0.5, 65504, 2048 * (context.rank < 1), context.rank));
    const y = collective.empty(Float16Array, 2).fill(context.rank - 0.5);
    await collective.allreduce(y, { op: 'max', dtype: 'float16' });
    return [x.constructor.name, ...x, ...y];
  });
  console.log(JSON.stringify(sums));`;

for (const major of [24, 26]) {
  test(`Node ${major}: a Float16Array is float16`, () => {
    const out = mustRun(nodeOf(major), ['--input-type=module', '--eval', script], root, threadsEnvironment);
    const one = ['Float16Array', 1.5, null, 2048, 3, 1.5, 1.5]; // an infinity is null in JSON
    assert.equal(JSON.parse(out), [one, one, one]);
  });
}

test.run();
