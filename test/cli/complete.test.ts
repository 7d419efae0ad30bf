import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('shoal complete');
const cli = fileURLToPath(new URL('../../../../dist/cli.js', import.meta.url));

function complete(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, 'complete', ...args], { encoding: 'utf8' });
}

test('proposes commands, their options and what those take', () => {
  const proposed = (...words: string[]): string[] =>
    complete('--', ...words)
      .stdout.trim()
      .split('\n')
      .map((line) => line.split('\t')[0]!);
  assert.equal(proposed('st').slice(0, -1), ['start', 'status', 'stop']);
  const options = proposed('submit', '--');
  for (const option of ['--workers', '--export', '--name']) assert.ok(options.includes(option), options.join());
  assert.not.ok(options.includes('--hosts'), options.join());
});

test('prints a script that bash reads', () => {
  const { stdout, status } = complete('bash');
  assert.is(status, 0);
  const script = `${stdout}\ncomplete -p shoal`;
  const bash = spawnSync('bash', ['-eu', '-c', script], { encoding: 'utf8' });
  assert.is(bash.status, 0, bash.stderr);
  assert.match(bash.stdout, / shoal$/m);
});

test('says which shells there are', () => {
  for (const args of [[], ['tcsh']]) assert.is(complete(...args).status, 2);
  assert.match(complete('tcsh').stderr, 'zsh, bash, fish, powershell');
});

test.run();
