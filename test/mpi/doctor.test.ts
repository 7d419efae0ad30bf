import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';

const test = suite('shoal doctor');

interface Report {
  readonly launchers: readonly {
    readonly family: string;
    readonly matches: boolean;
    readonly trial?: {
      readonly window: boolean;
      readonly rendezvous: string;
      readonly gathered: number;
      readonly splitSize: number;
      readonly roundTrip: boolean;
    };
  }[];
  readonly problems: readonly { readonly problem: string; readonly fix: string }[];
}

function doctor(args: readonly string[], env: NodeJS.ProcessEnv = process.env): { status: number | null; out: string } {
  const command = [join(root, 'dist/cli.js'), 'doctor', ...args];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 60_000, env });
  return { status, out: stdout };
}

test('finds both families and tries each for real', () => {
  const { status, out } = doctor(['--json']);
  const { launchers, problems } = JSON.parse(out) as Report;
  assert.equal(problems, []);
  assert.is(status, 0);
  assert.equal(launchers.map(({ family }) => family).sort(), ['mpich', 'openmpi']);
  for (const { family, matches, trial } of launchers) {
    assert.equal([trial?.rendezvous, trial?.gathered], [family === 'openmpi' ? 'accept-connect' : 'intercomm', 1]);
    assert.ok(matches);
    assert.equal([trial?.window, trial?.splitSize, trial?.roundTrip], [true, 2, true]);
  }
});

test('says in words what is there', () => {
  const { out } = doctor([]);
  for (const text of ['threads work', 'openmpi 4', 'mpich 4', 'messages there and back']) assert.match(out, text);
});

test('without MPI it says how to install one, and that threads work', () => {
  const { status, out } = doctor([], { ...process.env, PATH: '/absent' });
  assert.is(status, 1);
  assert.match(out, 'threads work');
  assert.match(out, 'apt-get install');
});

test.run();
