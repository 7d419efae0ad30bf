/** Compiles sources, examples and tests file by file to a mirrored tree, test/.build. */
import type { Options } from 'tsup';

const config: Options = {
  entry: ['src/**/*.ts', 'examples/**/*.ts', 'test/**/*.ts', '!test/fixtures/**'],
  outDir: 'test/.build',
  esbuildOptions: (options) => {
    options.outbase = '.';
  },
  format: 'esm',
  target: 'node20',
  bundle: false,
  sourcemap: 'inline',
  clean: true,
};

export default config;
