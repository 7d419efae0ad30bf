import type { Options } from 'tsup';

const config: Options = {
  entry: {
    index: 'src/index.ts',
    worker: 'src/worker.ts',
    testing: 'src/testing.ts',
    cli: 'src/cli.ts',
    'task-thread': 'src/worker/task-thread-entry.ts',
    'rank-process': 'src/worker/rank-process.ts',
    'node-process': 'src/node-manager/node-process.ts',
    'trial-rank': 'src/worker/trial-rank.ts',
    'foreign-control': 'src/worker/foreign-control.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  // Entries share chunks, so that module state exists once per thread.
  splitting: true,
  dts: {
    entry: { index: 'src/index.ts', worker: 'src/worker.ts', testing: 'src/testing.ts' },
    compilerOptions: { stripInternal: true },
  },
  clean: true,
};

export default config;
