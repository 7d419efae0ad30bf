/** Files of this package that are found when they are needed: compiled code, workers' entries and addons. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UnsupportedError } from './errors.js';

let manifest: { readonly folder: string; readonly imports: Readonly<Record<string, string>> } | undefined;

/**
 * The path that the package's own `imports` give a name such as `#wasm`; the file may be missing.
 *
 * `import.meta.resolve` is not to be had where a test runner loads this package into a context of its own.
 */
export function assetPath(name: string): string {
  manifest ??= readManifest();
  const path = manifest.imports[name];
  if (path === undefined) throw new TypeError(`package.json has no import ${name}`);
  return join(manifest.folder, path);
}

function readManifest(): NonNullable<typeof manifest> {
  const file = findManifest();
  const { imports } = JSON.parse(readFileSync(file, 'utf8')) as { imports: Record<string, string> };
  return { folder: dirname(file), imports };
}

function findManifest(): string {
  try {
    const file: unknown = createRequire(import.meta.url).resolve('#package');
    // webpack gives the number of a module.
    if (typeof file !== 'string') throw new TypeError(`expected a path, received ${typeof file}`);
    return file;
  } catch (cause) {
    throw new UnsupportedError(
      'the files of shoal are not where its code is, as after a bundler has put that code into a file of its own; ' +
        'let the bundler leave shoal out: --external:shoal and --external:shoal/* of esbuild, external: [/^shoal/] ' +
        "of rollup, externals: ['shoal', /^shoal\\//] of webpack, serverExternalPackages: ['shoal'] of Next.js",
      {},
      { cause },
    );
  }
}
