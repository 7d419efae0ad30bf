import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processArguments, threadArguments } from '../../src/worker/node-arguments.js';

const test = suite('Node arguments of workers');

test('what the driver runs, tests, watches or debugs is not for its workers, with the values of its flags', () => {
  for (const own of [
    ['-e', 'console.log(1)'],
    ['--eval', 'x'],
    ['-p', '1'],
    ['--print', '1'],
    ['-c'],
    ['-i'],
    ['--input-type=module'],
    ['--input-type', 'module', '-e', 'x'],
    ['--test', '--test-name-pattern', 'sum'],
    ['--test-reporter', 'spec', '--test-only'],
    ['--inspect', '--inspect-port', '0'],
    ['--inspect-brk=127.0.0.1:9229'],
    ['--watch', '--watch-path', './src', '--watch-preserve-output'],
    ['--title', 'driver'],
    ['--cpu-prof', '--cpu-prof-dir', '/tmp'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--no-such-flag', 'value'],
  ]) {
    assert.equal(processArguments(own), [], own.join(' '));
  }
});

test('preloads, conditions and limits go along, with their values', () => {
  for (const good of [
    ['-r', './empty.cjs'],
    ['--require', './empty.cjs', '--import', './hooks.mjs'],
    ['--import=./hooks.mjs', '--enable-source-maps'],
    ['-C', 'development', '--conditions=production'],
    ['--no-warnings', '--trace-uncaught', '--unhandled-rejections=strict'],
    ['--max-old-space-size=512', '--expose-gc', '--stack-size=2000'],
  ]) {
    assert.equal(processArguments(good), good);
    assert.equal(processArguments(['--test', '--test-name-pattern', 'sum', ...good, '-e', '1']), good);
  }
});

test('threads inherit, but for a driver that is read as text', () => {
  assert.is(threadArguments(['-r', './empty.cjs', '--expose-gc']), undefined);
  assert.is(threadArguments(['-e', '1']), undefined);
  assert.equal(threadArguments(['--input-type=module', '-r', './empty.cjs', '--expose-gc', '-e', '1']), [
    '-r',
    './empty.cjs',
  ]);
});

test.run();
