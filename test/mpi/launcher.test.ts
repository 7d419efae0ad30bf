import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launch } from 'shoal';
import { rejectsCode, until } from '../support/check.js';
import { root } from '../support/spawn.js';
import { files, launcherOf, lives } from './left-behind.js';

const test = suite('launchers');
const cli = join(root, 'dist/cli.js');
const script = join(root, 'test/fixtures/foreign.mjs');
const world = join(root, 'test/fixtures/world.ts');
const window = 4 * 1024 * 1024;

/** Run a program as a user would, under an mpiexec of their own. */
function mpiexec(
  family: string,
  ranks: number,
  program: readonly string[],
  more: NodeJS.ProcessEnv = {},
): ReturnType<typeof spawnSync> {
  const args = family === 'openmpi' ? ['--oversubscribe'] : [];
  const env = {
    ...process.env,
    OMPI_ALLOW_RUN_AS_ROOT: '1',
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
    NO_COLOR: '1',
    ...more,
  };
  return spawnSync(`mpiexec.${family}`, [...args, '-n', String(ranks), process.execPath, ...program], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env,
  });
}

const lines = (text: unknown): string[] =>
  String(text)
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .sort();

for (const family of ['openmpi', 'mpich']) {
  for (const where of ['a window', 'the wire']) {
    const env = where === 'the wire' ? { SHOAL_WINDOW: 'false' } : {};

    for (const ranks of [1, 2, 4]) {
      test(`${family}: a script under a launcher of the user's own joins its world over ${where}, ${ranks} ranks`, () => {
        const { status, stdout, stderr } = mpiexec(family, ranks, [script, 'sum'], env);
        const sum = (ranks * (ranks + 1)) / 2;
        const line = `sum ${sum} max ${ranks} of ${ranks}, launcher true 0, shared ${where === 'a window'}`;
        assert.equal([lines(stdout), status], [Array(ranks).fill(line), 0], String(stderr));
      });
    }

    test(`${family}: a rank that exits with 0 leaves the others alone, over ${where}`, () => {
      const { status, stdout, stderr } = mpiexec(family, 3, [script, 'exit'], env);
      assert.equal([lines(stdout), status], [['on', 'on'], 0], String(stderr));
    });

    test(`${family}: a rank that throws ends the job, and its error is printed, over ${where}`, () => {
      const { status, stderr } = mpiexec(family, 3, [script, 'throw'], env);
      assert.is.not(status, 0);
      assert.match(String(stderr), 'rank 1 gives up');
    });

    test(`${family}: shoal run under a launcher of the user's own joins its world over ${where}`, () => {
      const { status, stdout, stderr } = mpiexec(family, 3, [cli, 'run', world, 'sum'], env);
      assert.is(status, 0, String(stderr));
      assert.equal(
        lines(stdout).filter((line) => line.includes('sum')),
        [0, 1, 2].map((rank) => `${rank} | sum 6 of 3 `),
      );
      const { status: failed } = mpiexec(family, 3, [cli, 'run', world, 'exit'], env);
      assert.is.not(failed, 0);
    });
  }

  test(`${family}: launch in such a world is refused`, () => {
    const { stdout } = mpiexec(family, 2, [script, 'launch']);
    assert.equal(lines(stdout), Array(2).fill('ERR_SHOAL_UNSUPPORTED'));
  });

  test(`${family}: shoal run refuses another number of ranks than the launcher's`, () => {
    const { stderr: refused } = mpiexec(family, 2, [cli, 'run', '-n', '3', world]);
    assert.match(String(refused), 'leave --workers out');
  });

  for (const how of ['idle', 'sleep', 'stubborn']) {
    test(`${family}: nothing is left of a driver that ends without closing its pool (${how})`, async () => {
      const before = files();
      const driver = spawn(process.execPath, [join(root, 'test/fixtures/drivers/mpi.mjs'), `mpiexec.${family}`, how]);
      let text = '';
      driver.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await until(() => text.includes('\n'), 20_000);
      const pids = JSON.parse(text) as number[];
      const all = [...pids, ...(lives(pids[0]!) ? [launcherOf(pids[0]!)] : [])];
      await until(() => !all.some(lives), 15_000);
      await until(() => files().length === before.length);
    });
  }

  test(`${family}: a mistake in the arguments of mpiexec is told in its own words`, async () => {
    const start = launch({ workers: 2, mpiexec: `mpiexec.${family}`, mpiexecArgs: ['--no-such-option'], window });
    const error = await rejectsCode(start, 'LAUNCH');
    assert.match(error.message, 'no-such-option');
  });
}

test('without mpiexec the error says how to install one', async () => {
  const path = process.env.PATH;
  process.env.PATH = '/absent';
  try {
    const error = await rejectsCode(launch({ workers: 2, transport: 'mpi' }), 'LAUNCH');
    assert.match(error.message, 'apt-get install');
  } finally {
    process.env.PATH = path;
  }
});

/** An mpiexec that says it is MPICH's and then does what `body` says. */
async function withLauncher(body: string, use: (command: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'test-launcher-'));
  const command = join(folder, 'mpiexec');
  const version = 'echo "HYDRA build details:"; echo "    Version: 4.0.2"';
  writeFileSync(command, `#!/bin/sh\nif [ "$1" = --version ]; then ${version}; exit 0; fi\n${body}\n`);
  chmodSync(command, 0o755);
  await use(command);
  rmSync(folder, { recursive: true });
}

test('ranks that never come are an error at the deadline of the start, which names them', async () => {
  const before = files();
  await withLauncher('exec sleep 60', async (mpiexec) => {
    const begun = performance.now();
    const error = await rejectsCode(
      launch({ workers: 2, mpiexec, window, startTimeoutMs: 500 }),
      'REGISTRATION_TIMEOUT',
    );
    assert.match(error.message, 'worker 0 (its process never came), worker 1 (its process never came)');
    assert.ok(performance.now() - begun < 5_000);
  });
  assert.equal(files(), before);
});

test('an mpiexec that makes worlds of size 1 is an error that says so', async () => {
  await withLauncher(
    `while [ "$1" != ${JSON.stringify(process.execPath)} ]; do shift; done; PMI_RANK=0 PMI_SIZE=1 exec "$@"`,
    async (mpiexec) => {
      const error = await rejectsCode(launch({ workers: 2, mpiexec, window, startTimeoutMs: 20_000 }), 'LAUNCH');
      assert.match(error.message, 'worlds of 1');
    },
  );
});

test('an mpiexec of one family whose ranks find the library of the other is an error', async () => {
  // Open MPI's variables over MPICH's launcher: the ranks open Open MPI's library, each in a world of its own.
  await withLauncher(
    `while [ "$1" != ${JSON.stringify(process.execPath)} ]; do shift; done
     for rank in 0 1 2; do OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=3 "$@" & done; wait`,
    async (mpiexec) => {
      const error = await rejectsCode(launch({ workers: 2, mpiexec, window, startTimeoutMs: 20_000 }), 'LAUNCH');
      assert.match(error.message, 'not of the library');
    },
  );
});

test.run();
