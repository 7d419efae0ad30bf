import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('demo over MPI');

interface Report {
  readonly transport: string;
  readonly weightsSha256: string;
}

const demo = (...more: string[]): Report => {
  return JSON.parse(mustRun(process.execPath, ['scripts/demo.mjs', '--json', ...more], root)) as Report;
};

test('gives the same model on threads and on processes of either family', () => {
  const { weightsSha256 } = demo();
  for (const family of ['openmpi', 'mpich']) {
    const report = demo('--transport', 'mpi', '--mpiexec', `mpiexec.${family}`);
    assert.equal([report.transport, report.weightsSha256], ['mpi', weightsSha256]);
  }
});

test.run();
