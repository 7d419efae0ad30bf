import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RunnerProject } from '../support/runner-project.js';

const test = suite('jest');
/** Its modules are in a context of its own: another realm than Node's. */
const jest = (...files: string[]): string[] => {
  const names = files.map((name) => `jest/${name}.test.mjs`);
  return ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...names];
};

for (const version of ['29.7.0', '30.5.2']) {
  const name = `jest ${version}`;
  let project: RunnerProject;

  test(`${name} is installed`, () => {
    project = new RunnerProject(`jest-${version}`, [`jest@${version}`]);
    assert.match(project.node(['node_modules/jest/bin/jest.js', '--version']), version);
  });

  for (const flags of [['--runInBand'], ['--maxWorkers=2']]) {
    test(`${name} ${flags[0]} passes tests with a pool and with runRanks`, () => {
      assert.match(project.node([...jest('pool', 'ranks', 'fake-timers'), ...flags]), /^Tests:\s+5 passed, 5 total$/m);
    });
  }

  test(`${name} shows what a beginner did wrong, and ends though no pool was closed`, () => {
    const out = project.node(jest('mistakes'), { status: 1 });
    assert.match(out, /^Tests:\s+2 failed, 2 total$/m);
    assert.match(out, /no module at .*\/tasks\/absent\.ts/);
    assert.match(out, /to export a function named "absent".*it exports .*"fails"/);
  });
}

test.run();
