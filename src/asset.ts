/** Files of this package that are found when they are needed: compiled code, workers' entries and addons. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

let manifest: { readonly folder: string; readonly imports: Readonly<Record<string, string>> } | undefined;

/**
 * The path that the package's own `imports` give a name such as `#wasm`; the file may be missing.
 *
 * `import.meta.resolve` is not to be had where a test runner loads this package into a context of its own.
 */
export function assetPath(name: string): string {
  if (!manifest) {
    const file = createRequire(import.meta.url).resolve('#package');
    const { imports } = JSON.parse(readFileSync(file, 'utf8')) as { imports: Record<string, string> };
    manifest = { folder: dirname(file), imports };
  }
  const path = manifest.imports[name];
  if (path === undefined) throw new TypeError(`package.json has no import ${name}`);
  return join(manifest.folder, path);
}
