/** The suites of `npm test`: where their files are and what they need beyond Node and npm. */

/** `folder`: all its *.test.ts. `needs`: of the set-up. `addons`: built before. `env`: for the test processes. */
export const suites = {
  unit: { folder: 'test/unit', needs: [] },
  local: { folder: 'test/shared', needs: [], env: { SHOAL_TEST_TRANSPORT: 'local' } },
  threads: { folder: 'test/shared', needs: [], env: { SHOAL_TEST_TRANSPORT: 'threads' } },
  processes: {
    folder: 'test/shared',
    needs: ['g++', 'make'],
    addons: true,
    env: { SHOAL_TEST_TRANSPORT: 'processes' },
  },
  native: { folder: 'test/native', needs: ['g++', 'make'], addons: true },
  mpi: { folder: 'test/mpi', needs: ['g++', 'make', 'openmpi', 'mpich'], addons: true },
  pool: { folder: 'test/pool', needs: [] },
  cli: { folder: 'test/cli', needs: [] },
  wasm: { folder: 'test/wasm', needs: ['em++', 'g++', 'make', 'simde', 'numpy'] },
  demo: { folder: 'test/demo', needs: [] },
  package: { folder: 'test/package', needs: [] },
  versions: { folder: 'test/versions', needs: [] },
};
