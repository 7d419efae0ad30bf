import type { Options } from 'tsup';
import { lazyBuiltins } from './scripts/lazy-builtins.js';

const shared: Options = {
  format: 'esm',
  target: 'node20',
  platform: 'node',
  // Part of the files: who installs the package gets none of its optional native code.
  noExternal: ['msgpackr'],
  removeNodeProtocol: false,
  esbuildPlugins: [lazyBuiltins],
};

const configs: Options[] = [
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      worker: 'src/worker.ts',
      ray: 'src/ray.ts',
      testing: 'src/testing.ts',
      cli: 'src/cli.ts',
      'task-thread': 'src/worker/task-thread-entry.ts',
      'return-value': 'src/worker/return-value.ts',
      'bench-task': 'src/cli/bench-task.ts',
    },
    // Entries share chunks, so that module state exists once per thread.
    splitting: true,
    dts: {
      entry: { index: 'src/index.ts', worker: 'src/worker.ts', ray: 'src/ray.ts', testing: 'src/testing.ts' },
      compilerOptions: { stripInternal: true },
    },
  },
  {
    ...shared,
    // Their threads have no other entry. One file loads in half the time of twenty.
    entry: {
      'rank-process': 'src/worker/rank-process.ts',
      'node-process': 'src/node-manager/node-process.ts',
      'trial-rank': 'src/worker/trial-rank.ts',
      'foreign-control': 'src/worker/foreign-control.ts',
    },
    splitting: false,
    // They export nothing, and would be taken for CommonJS.
    footer: { js: 'export {};' },
  },
  // The page of `shoal dashboard`, for browsers, with its libraries.
  {
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    entry: { dashboard: 'src/page/page.tsx' },
    noExternal: [/./],
    minify: true,
    splitting: false,
  },
  // What is loaded at once, where no import can be awaited.
  {
    ...shared,
    format: 'cjs',
    shims: true,
    entry: { required: 'src/required.cts', 'own-world': 'src/worker/own-world.ts' },
  },
];

export default configs;
