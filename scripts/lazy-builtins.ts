/**
 * For the build: what a file imports from Node is loaded when it is first used, not when the file is imported. On Node 22
 * an `import` of `node:net` takes 4 ms. One of `node:util` reads every getter of that module, and so loads others.
 */
import { builtinModules, createRequire } from 'node:module';
import type { Options } from 'tsup';

const require = createRequire(import.meta.url);
const filter = new RegExp(`^(node:)?(${builtinModules.join('|')})$`);

/** A plugin for esbuild. */
export const lazyBuiltins: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter }, ({ path }) => ({
      path: path.replace(/^node:/, ''),
      namespace: 'node',
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => ({ contents: lazily(path) }));
  },
};

/** A module in CommonJS whose exports become those of Node at their first use. */
function lazily(name: string): string {
  const names = Object.getOwnPropertyNames(require(name));
  return `
    const show = (key, part) => Object.defineProperty(exports, key, { configurable: true, enumerable: true, ...part });
    const { getBuiltinModule } = process; // a task may put another in its place
    const use = (key) => {
      const value = getBuiltinModule(${JSON.stringify(name)})[key];
      show(key, { value });
      return value;
    };
    for (const key of ${JSON.stringify(names)}) show(key, { get: () => use(key) });
    show('default', { get: () => getBuiltinModule(${JSON.stringify(name)}) });`;
}
