/** The task without a pool: `runRanks` runs it on ranks in this process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRanks } from 'shoal/testing';
import statistics from './statistics.js';

for (const ranks of [1, 2, 3]) {
  test(`the statistics of 0 to 9 on ${ranks} ranks`, async () => {
    for (const { mean, deviation } of await runRanks(ranks, statistics, 10)) {
      assert.equal(mean, 4.5);
      assert.ok(Math.abs(deviation - Math.sqrt(8.25)) < 1e-12);
    }
  });
}
