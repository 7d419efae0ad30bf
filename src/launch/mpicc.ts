/** Which MPI a compiler wrapper such as `mpicc` has the header of. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { LaunchError } from '../errors.js';
import type { MpiFamily } from '../types/mpi-family.js';
import { findTools, howToInstall } from './build-tools.js';
import { detectLauncher, findLaunchers } from './family.js';

/** A wrapper that was found. */
export interface MpiCompiler {
  readonly command: string;
  /** `abi`: its header is the one of the standard ABI. */
  readonly family: MpiFamily | 'abi';
  /** Such as `4.1.4`. */
  readonly version: string;
  /** Folder of its `mpi.h`. */
  readonly headers: string;
}

/** What the user says of it. */
export interface CompilerChoice {
  readonly mpicc?: string | undefined;
  readonly mpiexec?: string | undefined;
}

/** Debian installs both families side by side under the longer names. */
const candidates = ['mpicc', 'mpicc.openmpi', 'mpicc.mpich'];
const limitMs = 30_000;
const maxOutputBytes = 64 * 2 ** 20;

/** Read what `mpicc -E -dD` prints of a file that includes `mpi.h`; undefined: of no MPI that is known here. */
export function parseHeader(text: string): Omit<MpiCompiler, 'command'> | undefined {
  const defined = (name: string): string | undefined =>
    new RegExp(`^#define ${name}\\s+"?([\\w.-]+)"?`, 'm').exec(text)?.[1];
  const file = /^# \d+ "((?:[^"\\]|\\.)*[/\\]mpi\.h)"/m.exec(text)?.[1];
  if (file === undefined) return undefined;
  const headers = dirname(file.replace(/\\(.)/g, '$1'));
  const [major, minor, release] = ['MAJOR', 'MINOR', 'RELEASE'].map((part) => defined(`OMPI_${part}_VERSION`));
  if (major !== undefined) return { family: 'openmpi', version: [major, minor, release].join('.'), headers };
  const mpich = defined('I_MPI_VERSION') ?? defined('MPICH_VERSION');
  if (mpich !== undefined) return { family: 'mpich', version: mpich, headers };
  const abi = defined('MPI_ABI_VERSION');
  return abi === undefined || Number(abi) < 1 ? undefined : { family: 'abi', version: abi, headers };
}

/**
 * The wrapper that the user names, or that belongs to the `mpiexec` that the user names, or each family's first.
 *
 * @throws {@link LaunchError} which says what was tried and what to install.
 */
export function findCompilers({ mpicc, mpiexec }: CompilerChoice): MpiCompiler[] {
  const names = mpicc !== undefined ? [mpicc] : mpiexec !== undefined ? besideOf(mpiexec) : candidates;
  const wanted = mpicc === undefined && mpiexec !== undefined ? detectLauncher(mpiexec).family : undefined;
  const found: MpiCompiler[] = [];
  const tried: string[] = [];
  for (const command of names) {
    const compiler = ask(command);
    if (typeof compiler === 'string') tried.push(compiler);
    else if (wanted !== undefined && compiler.family !== wanted) tried.push(`${command}: it is of ${compiler.family}`);
    else if (!found.some(({ family }) => family === compiler.family)) found.push(compiler);
  }
  if (found.length > 0) return wanted === undefined ? found : found.slice(0, 1);
  const families = [...new Set(wanted === undefined ? findLaunchers(mpiexec).map(({ family }) => family) : [wanted])];
  const install = howToInstall(families.length > 0 ? families : undefined, findTools());
  throw new LaunchError(
    `no compiler wrapper with an mpi.h of Open MPI or MPICH was found (${tried.join('; ')}). Install one, ${install}; or ` +
      'name it: npx shoal build-mpi --mpicc /path/to/mpicc',
    { tried },
  );
}

/** Names of the wrapper of an `mpiexec`: `mpicc.mpich` for `mpiexec.mpich`, else `mpicc` in its folder. */
function besideOf(mpiexec: string): string[] {
  const folder = mpiexec.includes('/') ? dirname(mpiexec) : folderOf(mpiexec);
  const name = /^mpi(?:exec|run)(\..+)?$/.exec(basename(mpiexec))?.[1];
  const names = [...(name === undefined ? [] : [`mpicc${name}`]), 'mpicc'];
  return names.map((each) => (folder === undefined ? each : join(folder, each)));
}

/** Where on the path a command is. */
function folderOf(command: string): string | undefined {
  return process.env.PATH?.split(delimiter).find((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a wrapper's header says, or in words why it is of no use. */
function ask(command: string): MpiCompiler | string {
  const { stdout, stderr, error, status } = spawnSync(command, ['-E', '-dD', '-x', 'c', '-'], {
    input: '#include <mpi.h>\n',
    encoding: 'utf8',
    timeout: limitMs,
    maxBuffer: maxOutputBytes,
  });
  // One that has ended without reading has a status, and an EPIPE.
  if (error && status === null) return `${command}: ${error.message}`;
  if (status !== 0) return `${command}: ${/[^\n]*error:[^\n]*/.exec(stderr)?.[0] ?? `exit code ${String(status)}`}`;
  const header = parseHeader(stdout);
  return header ? { command, ...header } : `${command}: its mpi.h is neither of Open MPI nor of MPICH`;
}
