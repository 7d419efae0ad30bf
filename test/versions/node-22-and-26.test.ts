import { suite } from 'uvu';
import { passesOn, testFiles } from '../support/node-versions.js';

const test = suite('Node 22 and 26');

// All on both would take a quarter of an hour: each has every second file, and Node 24 all of them.
for (const [half, major] of [22, 26].entries()) {
  test(`Node ${major} passes half of the tests of unit, pool, cli and threads`, () => {
    passesOn(
      major,
      testFiles().filter((_, index) => index % 2 === half),
    );
  });
}

test.run();
