/** `shoal bench`: refusals, and what a short run prints. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSizes } from '../../src/cli/sizes.js';
import { codeOf, thrownBy } from '../support/check.js';
import { Terminal } from '../support/terminal.js';

const test = suite('shoal bench');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function bench(...args: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'bench', ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

test('sizes are bytes with a unit, or without', () => {
  assert.equal(parseSizes('4,64KiB, 1 MiB ,16mib,12b'), [4, 65_536, 2 ** 20, 2 ** 24, 12]);
  const wrong = ['', ',', '0', '-4', '6', '4.5', '1e3', '64kb', '1GiB', '257MiB', 'x', '4 4', Array(17).fill(4).join()];
  for (const text of wrong) assert.is(codeOf(thrownBy(() => parseSizes(text))), 'ERR_SHOAL_INVALID_ARGUMENT', text);
});

test('refuses what it cannot measure, before anything begins', () => {
  for (const args of [
    ['--sizes', '6'],
    ['-n', '0'],
    ['-n', '257'],
    ['-n', '1.5'],
    ['--transport', 'tcp'],
    ['--transport', 'mpi', '--mpiexec', '/nowhere/mpiexec'],
  ]) {
    const { code, out, err } = bench(...args);
    assert.is(code, 2, args.join(' '));
    assert.is(out, '');
    assert.match(err, /^error: .* \(ERR_SHOAL_(INVALID_ARGUMENT|LAUNCH)\)\n$/, args.join(' '));
  }
});

test('--json: figures of two workers beside those of one thread', () => {
  const { code, out, err } = bench('--quick', '--json', '-n', '2', '--transport', 'threads', '--sizes', '4KiB,64KiB');
  assert.is(code, 0, err);
  assert.is(err, '');
  const { workers, baselines, pools, skipped, machine } = JSON.parse(out) as {
    workers: number;
    machine: Record<string, unknown>;
    baselines: { bytes: number; memcpyUs: number; loopUs: number }[];
    pools: {
      name: string;
      taskUs: number;
      tasksPerSecond: number;
      gangUs: number;
      allreduce: { bytes: number; isBlocking: boolean; us: number; ofCopy: number | null; ofLoop: number | null }[];
    }[];
    skipped: unknown[];
  };
  assert.equal(Object.keys(machine).sort(), ['cores', 'cpu', 'load', 'node', 'shoal']);
  assert.is(workers, 2);
  assert.equal(skipped, []);
  assert.equal(
    baselines.map(({ bytes }) => bytes),
    [4_096, 65_536],
  );
  assert.is(pools.length, 1);
  const { name, allreduce, taskUs, tasksPerSecond, gangUs } = pools[0]!;
  assert.is(name, 'threads');
  assert.equal(
    allreduce.map(({ bytes, isBlocking }) => [bytes, isBlocking]),
    [
      [8, true],
      [8, false],
      [4_096, false],
      [65_536, false],
    ],
  );
  for (const figure of [taskUs, tasksPerSecond, gangUs, ...allreduce.map(({ us }) => us)]) assert.ok(figure > 0);
  for (const { bytes, us, ofCopy, ofLoop } of allreduce) {
    const alone = baselines.find((each) => each.bytes === bytes);
    assert.equal([ofCopy, ofLoop], alone ? [alone.memcpyUs / us, alone.loopUs / us] : [null, null]);
  }
});

test('one worker, as a table with how to read it', () => {
  const { code, out, err } = bench('--quick', '-n', '1', '--transport', 'threads', '--sizes', '1KiB');
  assert.is(code, 0, err);
  assert.is(err, '');
  for (const text of ['one thread alone', 'allreduce of 8 B, blocking', 'allreduce of 1 KiB', 'How to read it: ']) {
    assert.match(out, text);
  }
  assert.not.match(out, 'a task of 2 ranks');
});

test('on a terminal it says what it measures, and Ctrl-C ends it in order', async () => {
  const terminal = await Terminal.open([process.execPath, cli, 'bench', '-n', '2', '--transport', 'threads'], {});
  await terminal.shows((text) => text.includes('threads: allreduce of 8 B …'));
  terminal.press('\x03');
  assert.is(await terminal.ended, 130);
  assert.ok(terminal.text.endsWith('\x1b[1G\x1b[2K'), JSON.stringify(terminal.text.slice(-100)));
});

test.run();
