/** Compiles the addons of this package for the MPI of this machine: `make` in its folder `bindings`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { assetPath } from '../asset.js';
import { UnsupportedError } from '../errors.js';
import { makeFolders } from '../native/make-folders.js';
import { findOs } from '../native/os.js';
import { readProcess } from '../native/proc.js';
import { assertCanBuild, findTools, howToInstall } from './build-tools.js';
import type { MpiCompiler } from './mpicc.js';

const limitMs = 600_000;
/** Of folders in which something is built, before the number of the process that does so. */
const newPrefix = '.new-';

/** A file that was built. */
export interface BuiltAddon {
  /** Such as `mpi-openmpi.node`. */
  readonly name: string;
  readonly file: string;
}

/**
 * Build what these wrappers' families need, and what of the rest is not there or does not load here.
 *
 * Nothing is replaced before all is built, and then each file at once: a process that has one open keeps it.
 *
 * @throws {@link UnsupportedError} where there is no compiler, where the folder cannot be written, when it fails.
 */
export function buildAddons(wrappers: readonly MpiCompiler[]): BuiltAddon[] {
  assertCanBuild();
  const compiler = compilerHere();
  const sources = assetPath('#bindings');
  const target = join(sources, 'build');
  const folder = makeFolder(target);
  try {
    const names = namesFor(wrappers, target);
    make(sources, compiler, relative(sources, folder), names, wrappers);
    return names.map((name) => {
      const file = join(target, name);
      renameSync(join(folder, name), file);
      return { name, file };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What to build: what came with the package serves where it loads. */
function namesFor(wrappers: readonly MpiCompiler[], target: string): string[] {
  const isForeign = findOs() === undefined;
  const has = (family: string): boolean => wrappers.some((wrapper) => wrapper.family === family);
  return [
    ...(isForeign ? ['os.node'] : []),
    ...(isForeign || has('abi') || !existsSync(join(target, 'mpi-abi.node')) ? ['mpi-abi.node'] : []),
    ...(has('openmpi') ? ['mpi-openmpi.node'] : []),
    ...(has('mpich') ? ['mpi-mpich.node', 'ucx-yield.so'] : []),
  ];
}

/** The C++ compiler. @throws {@link UnsupportedError} without it, or without make. */
function compilerHere(): string {
  const tools = findTools();
  const { compiler, missing } = tools;
  if (compiler !== undefined && missing.length === 0) return compiler;
  throw new UnsupportedError(
    `there is ${missing.join(' and ')} on the path; install both, ${howToInstall([], tools)}; or name the compiler: ` +
      'CXX=/path/to/g++ npx shoal build-mpi',
    { missing },
  );
}

/** A folder for what is built, beside where it goes. */
function makeFolder(target: string): string {
  try {
    makeFolders(target);
    for (const name of readdirSync(target)) {
      // One that was interrupted has left it.
      if (name.startsWith(newPrefix) && !isInUse(name)) rmSync(join(target, name), { recursive: true, force: true });
    }
    return mkdtempSync(join(target, `${newPrefix}${process.pid}-`));
  } catch (cause) {
    throw new UnsupportedError(
      `${target} cannot be written (${(cause as Error).message}); run npx shoal build-mpi as the user who installed the ` +
        'package, such as with sudo, or install the package in a project of your own',
      { folder: target },
      { cause },
    );
  }
}

/** Somebody else builds in it now. */
function isInUse(name: string): boolean {
  const pid = Number(/^\d+/.exec(name.slice(newPrefix.length))?.[0] ?? 0);
  return pid > 0 && readProcess(pid) !== undefined;
}

function make(
  sources: string,
  compiler: string,
  build: string,
  names: readonly string[],
  wrappers: readonly MpiCompiler[],
): void {
  const args = [
    '-s',
    `BUILD=${build}`,
    `CXX=${compiler}`,
    `CC=${compiler} -x c`,
    `HEADERS=${quoted(assetPath('#node-api'))}`,
    // A newer compiler than ours may warn of more.
    'WARNINGS=',
    ...wrappers.map(({ family, headers }) => `${family.toUpperCase()}_HEADERS=-I${quoted(headers)}`),
    ...names.map((name) => `${build}/${name}`),
  ];
  const { status, stdout, stderr, error } = spawnSync('make', args, {
    cwd: sources,
    encoding: 'utf8',
    timeout: limitMs,
  });
  if (status === 0) return;
  const output = `${stdout}${stderr}`.trim();
  const reason = error?.message ?? /[^\n]*error:[^\n]*/.exec(output)?.[0] ?? output.slice(-500);
  throw new UnsupportedError(
    `the addons were not built: ${reason}; --verbose prints all that make said. Nothing was replaced`,
    { output, wrappers },
  );
}

/** For make, and for the shell that it runs. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''").replaceAll('$', '$$$$')}'`;
}
