import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mpiCommand } from '../../src/launch/command-line.js';
import { detectLauncher } from '../../src/launch/family.js';
import { sizes } from '../support/check.js';

const test = suite('mpi addon');
const entry = fileURLToPath(new URL('./rank.js', import.meta.url));

for (const family of ['openmpi', 'mpich'] as const) {
  const launcher = detectLauncher(`mpiexec.${family}`);
  for (const ranks of sizes) {
    test(`${family}: init, gather, one window, collectives, split, messages, finalize, ${ranks} ranks`, () => {
      const job = {
        ranks,
        program: [process.execPath, entry],
        hosts: [],
        hostfile: undefined,
        extraArgs: [],
        folder: tmpdir(),
      };
      const { command, args, env } = mpiCommand(launcher, { ...job, root: process.getuid?.() === 0 });
      const options = { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } } as const;
      const { status, stdout, stderr } = spawnSync(command, args, options);
      assert.is(stdout.replace(/\r/g, ''), 'right\n'.repeat(ranks), stdout + stderr);
      assert.is(status, 0, stderr);
    });
  }
}

test.run();
