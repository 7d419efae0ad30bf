import { suite } from 'uvu';
import { passesOn, testFiles } from '../support/node-versions.js';

const test = suite('Node 22 and 26');

// All on both would take a quarter of an hour: each has a third of the files, which third is drawn, and Node 24 has all.
const drawn = Math.floor(Math.random() * 3);
for (const [part, major] of [22, 26].entries()) {
  test(`Node ${major} passes a third of the tests of unit, pool, cli and threads (${(part + drawn) % 3})`, () => {
    passesOn(
      major,
      testFiles().filter((_, index) => index % 3 === (part + drawn) % 3),
    );
  });
}

test.run();
