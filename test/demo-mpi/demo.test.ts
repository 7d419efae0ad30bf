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

// One family has a window and the other goes over the wire; which, is drawn.
const drawn = Math.random() < 0.5;
const families = drawn ? (['openmpi', 'mpich'] as const) : (['mpich', 'openmpi'] as const);

test(`gives the same model on threads, on ${families[0]} with a window and on ${families[1]} over the wire`, () => {
  const { weightsSha256 } = demo();
  for (const [family, window] of [
    [families[0], undefined],
    [families[1], 'false'],
  ] as const) {
    const report = demo(['--transport', 'mpi', '--mpiexec', `mpiexec.${family}`], window);
    assert.equal([report.transport, report.weightsSha256], ['mpi', weightsSha256]);
  }
});

test.run();
