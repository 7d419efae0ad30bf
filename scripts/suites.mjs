/** The suites of `npm test`: where their files are and what they need beyond Node and npm. */

/** The shared suites, those of the pool and those of `shoal run`, over processes that one family's mpiexec starts. */
const overMpi = (family) => ({
  folders: ['test/shared', 'test/pool', 'test/cli'],
  needs: ['g++', 'make', family],
  addons: true,
  env: {
    SHOAL_TEST_TRANSPORT: 'pool',
    SHOAL_TRANSPORT: 'mpi',
    SHOAL_MPIEXEC: `mpiexec.${family}`,
    SHOAL_WINDOW: '8388608',
  },
});

/** The shared suites over the same processes with every byte over MPI, and half of those of the pool. */
const overWire = (family, half) => {
  const { env, ...suite } = overMpi(family);
  return {
    ...suite,
    folders: ['test/shared', 'test/pool'],
    part: { folder: 'test/pool', index: half, of: 2 },
    env: { ...env, SHOAL_WINDOW: 'false' },
  };
};

/**
 * `folders`: all their *.test.ts. `needs`: of the set-up. `addons`: built before. `env`: for the test processes. `part`:
 * of one folder it has one of so many parts, and other suites the others; a number that is drawn says which. `byName`: wants the rights of root, and runs when it is named alone.
 */
export const suites = {
  unit: { folders: ['test/unit'], needs: [] },
  fuzz: { folders: ['test/fuzz'], needs: [] },
  local: { folders: ['test/shared'], needs: [], env: { SHOAL_TEST_TRANSPORT: 'local' } },
  loopback: { folders: ['test/shared'], needs: [], env: { SHOAL_TEST_TRANSPORT: 'loopback' } },
  threads: {
    folders: ['test/shared'],
    needs: [],
    env: { SHOAL_TEST_TRANSPORT: 'pool', SHOAL_TRANSPORT: 'threads', SHOAL_WINDOW: '8388608' },
  },
  processes: {
    folders: ['test/shared'],
    needs: ['g++', 'make'],
    addons: true,
    env: { SHOAL_TEST_TRANSPORT: 'processes' },
  },
  native: { folders: ['test/native'], needs: ['g++', 'make'], addons: true },
  mpi: { folders: ['test/mpi'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  openmpi: overMpi('openmpi'),
  mpich: overMpi('mpich'),
  'openmpi-wire': overWire('openmpi', 0),
  'mpich-wire': overWire('mpich', 1),
  multihost: {
    folders: ['test/multihost'],
    needs: ['g++', 'make', 'openmpi', 'mpich', 'ip', 'nsenter'],
    addons: true,
    byName: true,
  },
  pool: { folders: ['test/pool'], needs: [], env: { SHOAL_WINDOW: '8388608' } },
  cli: { folders: ['test/cli'], needs: [] },
  wasm: { folders: ['test/wasm'], needs: ['em++', 'g++', 'make', 'simde', 'numpy'] },
  demo: { folders: ['test/demo'], needs: [] },
  bench: { folders: ['test/bench'], needs: [] },
  'demo-mpi': { folders: ['test/demo-mpi'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  package: { folders: ['test/package'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  runners: { folders: ['test/runners'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  versions: { folders: ['test/versions'], needs: [] },
};
