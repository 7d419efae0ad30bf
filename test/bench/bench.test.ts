import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('bench');

interface Row {
  readonly contender: string;
  readonly form: string;
  readonly at: number;
  readonly us: number;
  readonly rounds: readonly number[];
}
interface Run {
  readonly facts: { readonly cpu: string; readonly versions: Readonly<Record<string, string>> };
  readonly results: readonly Row[];
  readonly otherWork: readonly number[];
}

const bench = (...flags: string[]): string => mustRun(process.execPath, ['scripts/bench.mjs', ...flags], root);

test('collectives times every form at every size and draws what it has timed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-test-'));
  const figure = join(folder, 'figure.svg');
  const flags = ['--only', 'threads', '--rounds', '2', '--sizes', '8,4096'];
  const { facts, results, otherWork } = JSON.parse(bench('collectives', ...flags, '--json', '--figure', figure)) as Run;
  const svg = readFileSync(figure, 'utf8');
  rmSync(folder, { recursive: true });
  assert.is(facts.versions.node, process.versions.node);
  assert.is(otherWork.length, 2);
  assert.ok(otherWork.every((part) => part >= 0 && part <= 1));
  for (const form of ['startSync', 'window Sync', 'window await', 'plain Sync']) {
    for (const at of [8, 4096]) {
      const row = results.find((each) => each.form === form && each.at === at);
      assert.ok(row && row.us > 0 && row.rounds.length === 2, `${form} at ${at} bytes`);
    }
  }
  assert.match(svg, /^<svg [^]*threads: window Sync[^]*<\/svg>\n$/);
  assert.not.match(svg, /NaN|undefined/);
});

test('operations times every operation on window arrays and plain ones', () => {
  const flags = ['--only', 'threads', '--rounds', '1', '--sizes', '8,4096', '--json'];
  const { results } = JSON.parse(bench('operations', ...flags)) as Run;
  const moves = ['broadcast', 'reduce', 'allgather', 'gather', 'scatter', 'reduceScatter', 'alltoall', 'scan'];
  const names = [...moves, 'pingPong', 'sendrecv', 'allreduce', 'allreduce of a list'];
  for (const form of names.flatMap((name) => [`${name}|window`, `${name}|plain`])) {
    for (const at of [8, 4096]) {
      const row = results.find((each) => each.form === form && each.at === at);
      assert.ok(row && row.us > 0, `${form} at ${at} bytes`);
    }
  }
});

test('tasks times ours beside piscina', () => {
  const flags = ['--only', 'threads,piscina', '--rounds', '1', '--sizes', '1,32', '--json'];
  const { results } = JSON.parse(bench('tasks', ...flags)) as Run;
  const timed = results.filter(({ us }) => us > 0).map(({ contender, form, at }) => `${contender}, ${form}, ${at}`);
  assert.equal(timed.sort(), [
    'piscina, task, 1',
    'piscina, task, 32',
    'threads, gang of 2, allreduce, 1',
    'threads, one, allreduce, 1',
    'threads, ready, 1',
    'threads, task, 1',
    'threads, task, 32',
  ]);
});

test('a wrong name or option is one line and exit code 2', () => {
  for (const [flags, line] of [
    [['nothing'], /^bench: no benchmark named nothing; there are collectives, /],
    [['collectives', '--only', 'nobody'], /^bench: no contender named nobody; here are threads/m],
    [['collectives', '--rounds', '0'], /^bench: --rounds wants numbers above 0, received 0$/m],
    [['collectives', '--growth'], /^bench: --growth is an option of tasks$/m],
    [['tasks', '--size', '8'], /^bench: Unknown option '--size'/m],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/bench.mjs', ...flags], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.is(status, 2, stderr);
    assert.match(stderr, line);
  }
});

test.run();
