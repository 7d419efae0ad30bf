/** The suites of `npm test`: where their files are and what they need beyond Node and npm. */

/** Files: a glob of compiled tests. `needs`: commands of the set-up. `ranks`: the suite runs once for each number. */
export const suites = {
  unit: { folder: 'test/unit', needs: [] },
  local: { folder: 'test/shared', needs: [], env: { SHOAL_TEST_TRANSPORT: 'local' } },
  threads: { folder: 'test/shared', needs: [], env: { SHOAL_TEST_TRANSPORT: 'threads' } },
  pool: { folder: 'test/pool', needs: [] },
  cli: { folder: 'test/cli', needs: [] },
  wasm: { folder: 'test/wasm', needs: ['em++', 'g++', 'make', 'simde', 'numpy'] },
  package: { folder: 'test/package', needs: [] },
  versions: { folder: 'test/versions', needs: [] },
};
