/** The suites of `npm test`: where their files are and what they need beyond Node and npm. */

/** Cases after those of other projects, docs/conformance.md: their files run in one process, over one pool. */
const together = 'test/conformance';

/**
 * The shared suites, half of those of the pool and a third of those of the command, over processes that one family's
 * mpiexec starts: the other family has the other half, and another third.
 */
const overMpi = (family, half) => ({
  folders: ['test/shared', 'test/pool', 'test/cli'],
  together,
  parts: { 'test/pool': { index: half, of: 2 }, 'test/cli': { index: half, of: 3 } },
  needs: ['g++', 'make', 'script', family],
  addons: true,
  env: {
    SHOAL_TEST_TRANSPORT: 'pool',
    SHOAL_TRANSPORT: 'mpi',
    SHOAL_MPIEXEC: `mpiexec.${family}`,
    SHOAL_WINDOW: '8388608',
  },
});

/** Half of the shared suites and a third of those of the pool, over the same processes with every byte over MPI. */
const overWire = (family, half) => {
  const { env, ...suite } = overMpi(family, half);
  return {
    ...suite,
    folders: ['test/shared', 'test/pool'],
    parts: { 'test/shared': { index: half, of: 2 }, 'test/pool': { index: half, of: 3 } },
    env: { ...env, SHOAL_WINDOW: 'false' },
  };
};

/**
 * `folders`: all their *.test.ts. `needs`: of the set-up. `addons`: built before. `env`: for the test processes.
 * `parts`: of a folder it has one of so many parts, and other suites the others; a number that is drawn says which.
 * `beside`: its files take about one core and count nothing that others make, so two of them run at a time. `byName`:
 * wants more than the others, such as the rights of root, and runs when it is named alone. `together`: all files of this folder run as one.
 */
export const suites = {
  unit: { folders: ['test/unit'], needs: [], beside: true },
  fuzz: { folders: ['test/fuzz'], needs: [], beside: true },
  local: { folders: ['test/shared'], needs: [], beside: true, env: { SHOAL_TEST_TRANSPORT: 'local' } },
  loopback: {
    folders: ['test/shared'],
    together,
    needs: [],
    beside: true,
    env: { SHOAL_TEST_TRANSPORT: 'loopback' },
  },
  threads: {
    folders: ['test/shared'],
    together,
    needs: [],
    env: { SHOAL_TEST_TRANSPORT: 'pool', SHOAL_TRANSPORT: 'threads', SHOAL_WINDOW: '8388608' },
  },
  processes: {
    folders: ['test/shared'],
    parts: { 'test/shared': { index: 0, of: 2 } },
    needs: ['g++', 'make'],
    addons: true,
    env: { SHOAL_TEST_TRANSPORT: 'processes' },
  },
  native: { folders: ['test/native'], needs: ['g++', 'make'], addons: true },
  mpi: { folders: ['test/mpi'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  openmpi: overMpi('openmpi', 0),
  mpich: overMpi('mpich', 1),
  'openmpi-wire': overWire('openmpi', 0),
  'mpich-wire': overWire('mpich', 1),
  // Part of the shared suites with the addon of the standard ABI, under SHOAL_MPIEXEC (else mpiexec): Open MPI 6, MPICH 5.
  'mpi-abi': {
    folders: ['test/shared'],
    parts: { 'test/shared': { index: 0, of: 4 } },
    needs: ['g++', 'make', 'mpi-abi'],
    addons: true,
    byName: true,
    env: {
      SHOAL_TEST_TRANSPORT: 'pool',
      SHOAL_TRANSPORT: 'mpi',
      SHOAL_MPI_LIBRARY: process.env.SHOAL_MPI_LIBRARY ?? 'libmpi_abi.so.1',
      SHOAL_WINDOW: '8388608',
    },
  },
  multihost: {
    folders: ['test/multihost'],
    needs: ['g++', 'make', 'openmpi', 'mpich', 'ip', 'nsenter'],
    addons: true,
    byName: true,
  },
  pool: { folders: ['test/pool'], needs: [], env: { SHOAL_WINDOW: '8388608' } },
  cli: { folders: ['test/cli'], needs: ['script'], beside: true },
  docs: { folders: ['test/docs'], needs: [], beside: true },
  wasm: { folders: ['test/wasm'], needs: ['em++', 'g++', 'make', 'simde', 'numpy'], beside: true },
  examples: { folders: ['test/examples'], needs: [], beside: true, env: { SHOAL_WINDOW: '8388608' } },
  demo: { folders: ['test/demo'], needs: [] },
  bench: { folders: ['test/bench'], needs: [] },
  'demo-mpi': { folders: ['test/demo-mpi'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  package: { folders: ['test/package'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  // Each of a third of a gigabyte that npm installs.
  frameworks: { folders: ['test/frameworks'], needs: ['g++', 'make'], addons: true, byName: true },
  // Of half a gigabyte that apt installs.
  browser: { folders: ['test/browser'], needs: ['chromium'], byName: true },
  runners: { folders: ['test/runners'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  // Package managers beside npm.
  managers: { folders: ['test/managers'], needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true, byName: true },
  versions: { folders: ['test/versions'], needs: [] },
};
