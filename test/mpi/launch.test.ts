import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mpiCommand } from '../../src/launch/command-line.js';
import { detectLauncher } from '../../src/launch/family.js';
import type { LaunchedRank } from '../../src/worker/launcher-environment.js';
import { launchedRank, launcherVariables } from '../../src/worker/launcher-environment.js';

const test = suite('mpiexec');

/** Each rank writes its environment to a file of its own: lines of several ranks on one pipe would mix. */
const print = `require('fs').writeFileSync(process.argv[1] + '/' + process.pid, JSON.stringify({ ...process.env }))`;

for (const family of ['openmpi', 'mpich'] as const) {
  const launcher = detectLauncher(`mpiexec.${family}`);

  test(`${family}: is what its name says`, () => {
    assert.is(launcher.family, family);
    assert.match(launcher.version, /^\d+\.\d+/);
  });

  for (const ranks of [1, 2, 4, 7]) {
    test(`${family}: starts ${ranks} ranks, as this user, with more ranks than cores`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'shoal-mpi-'));
      const job = {
        ranks,
        program: [process.execPath, '-e', print, folder],
        hosts: [],
        hostfile: undefined,
        extraArgs: [],
        folder,
      };
      const { command, args, env } = mpiCommand(launcher, { ...job, root: process.getuid?.() === 0 });
      const options = { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } } as const;
      const { status, stderr } = spawnSync(command, args, options);
      assert.is(status, 0, stderr);
      const environments = readdirSync(folder).map((file) => {
        return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, string>;
      });
      rmSync(folder, { recursive: true });
      const places = environments.map((each) => launchedRank(each)).sort((a, b) => a!.rank - b!.rank);
      assert.equal(
        places,
        Array.from({ length: ranks }, (_, rank): LaunchedRank => ({ family, rank, size: ranks })),
      );
      for (const each of environments) {
        assert.is(each.UCX_HANDLE_ERRORS, 'none');
        const gone = launcherVariables(each);
        const left = Object.fromEntries(Object.entries(each).filter(([name]) => !gone.includes(name)));
        assert.is(launchedRank(left), undefined);
        assert.ok(left.PATH !== undefined);
      }
    });
  }
}

test.run();
