/** `npm run build [wasm|lib|addon]`: what changed since the last build is built again. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm, root, run, tool } from './command.mjs';
import { once } from './stamps.mjs';
import { buildWasm } from './wasm.mjs';

/** npm ci, unless the lock file's packages are installed already. */
export function installPackages() {
  once('packages', ['package-lock.json'], 'node_modules/.package-lock.json', () => {
    npm('install packages from npm (package-lock.json)', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
}

/** dist/ from src/. */
export function buildLibrary() {
  once(
    'lib',
    ['src', 'scripts/lazy-builtins.ts', 'tsup.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json'],
    'dist/index.d.ts',
    () => {
      rmSync(join(root, 'dist'), { recursive: true, force: true });
      tool('build the library', 'tsup/dist/cli-default.js', ['--silent']);
      // Their code is part of the files.
      for (const name of ['msgpackr', 'preact']) {
        cpSync(join(root, 'node_modules', name, 'LICENSE'), join(root, 'dist', `${name}.LICENSE`));
      }
      // For `shoal build-mpi`: Node's own headers are not where every Node is.
      const headers = join(root, 'node_modules/node-api-headers');
      cpSync(join(headers, 'include'), join(root, 'dist/node-api'), { recursive: true });
      cpSync(join(headers, 'LICENSE'), join(root, 'dist/node-api/LICENSE'));
    },
  );
}

/**
 * bindings/build/*.node, with a C++ compiler: `os`, and `mpi` for every family that is here. make knows what is old.
 */
export function buildAddons() {
  run('build the addons', 'make', ['-s'], { cwd: join(root, 'bindings') });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const what = process.argv[2] ?? 'all';
  installPackages();
  if (what === 'all' || what === 'wasm') buildWasm();
  if (what === 'all' || what === 'lib') buildLibrary();
  if (what === 'addon') buildAddons();
}
