import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RunnerProject } from '../support/runner-project.js';

const test = suite('vitest');
let project: RunnerProject;
const vitest = (pool: string, ...files: string[]): string[] => {
  const names = files.map((name) => `vitest/${name}.test.ts`);
  return ['node_modules/vitest/vitest.mjs', 'run', '--pool', pool, ...names];
};

test.before(() => {
  project = new RunnerProject('vitest', ['vitest@3.2.7']);
});

for (const pool of ['threads', 'forks', 'vmThreads']) {
  test(`vitest with the pool ${pool} passes tests with a pool and with runRanks`, () => {
    assert.match(project.node(vitest(pool, 'pool', 'ranks', 'fake-timers')), /^\s*Tests\s+7 passed \(7\)$/m);
  });

  test(`vitest with the pool ${pool} shows what a beginner did wrong, and ends though no pool was closed`, () => {
    const out = project.node(vitest(pool, 'mistakes'), { status: 1 });
    assert.match(out, /^\s*Tests\s+2 failed \(2\)$/m);
    assert.match(out, /no module at .*\/tasks\/absent\.ts/);
    assert.match(out, /to export a function named "absent".*it exports .*"fails"/);
  });
}

test('vitest passes them with this package inlined, as it is when it is linked from another folder', () => {
  const out = project.node([...vitest('threads', 'pool', 'ranks', 'fake-timers'), '--config', 'inline.config.ts']);
  assert.match(out, /^\s*Tests\s+7 passed \(7\)$/m);
});

test.run();
