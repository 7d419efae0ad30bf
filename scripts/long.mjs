/**
 * `npm run test:long -- [--times N] [--only suite,suite]`: the random tests of the collectives, groups and messages,
 * with N times as many draws as in `npm test`, on each transport. Ends with how many tests passed and failed.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { root, say, tool } from './command.mjs';
import { suites } from './suites.mjs';

const transports = ['threads', 'openmpi', 'mpich', 'openmpi-wire', 'mpich-wire', 'loopback', 'processes'];
const files = ['any-call', 'any-message', 'groups', 'bucket', 'lists', 'objects', 'ragged', 'shared-arrays'];

const { values } = parseArgs({ options: { times: { type: 'string', default: '20' }, only: { type: 'string' } } });
const chosen = values.only === undefined ? transports : values.only.split(',');
const unknown = chosen.filter((name) => !transports.includes(name));
if (unknown.length > 0 || !(Number(values.times) >= 1)) {
  say(`test:long: expected --times of at least 1, and --only among ${transports.join(', ')}`);
  process.exit(1);
}
installPackages();
buildLibrary();
if (chosen.some((name) => suites[name].addons)) buildAddons();
tool('compile the tests', 'tsup/dist/cli-default.js', ['--config', 'test/support/tsup.config.ts', '--silent']);

const total = { passed: 0, failed: 0 };
for (const name of chosen) for (const file of files) run(name, file);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 ? 0 : 1);

function run(name, file) {
  const begun = performance.now();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--enable-source-maps', `test/.build/test/shared/${file}.test.js`],
    {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0', ...suites[name].env, SHOAL_TEST_TIMES: values.times },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  );
  const count = (word) => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(stdout)?.[1] ?? 0);
  const [tests, passed] = [count('Total'), count('Passed')];
  const isGood = status === 0 && tests > 0 && passed === tests;
  total.passed += passed;
  if (!isGood) total.failed += Math.max(1, tests - passed);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  say(`${isGood ? '✓' : '✗'} ${name} ${file}: ${passed} of ${tests} in ${seconds} s`);
  if (!isGood) say(`${stdout}\n${stderr}`);
}
