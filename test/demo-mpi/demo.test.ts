import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('demo over MPI');

interface Report {
  readonly transport: string;
  readonly weightsSha256: string;
}

const demo = (more: readonly string[] = [], window?: 'false'): Report => {
  const env = { ...process.env, ...(window && { SHOAL_WINDOW: window }) };
  return JSON.parse(mustRun(process.execPath, ['scripts/demo.mjs', '--json', ...more], root, env)) as Report;
};

test('gives the same model on threads and on processes of either family, with a window and over the wire', () => {
  const { weightsSha256 } = demo();
  for (const family of ['openmpi', 'mpich']) {
    for (const window of [undefined, 'false'] as const) {
      const report = demo(['--transport', 'mpi', '--mpiexec', `mpiexec.${family}`], window);
      assert.equal([report.transport, report.weightsSha256], ['mpi', weightsSha256]);
    }
  }
});

test.run();
