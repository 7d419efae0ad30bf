/** Which MPI an `mpiexec` belongs to. */
import { spawnSync } from 'node:child_process';
import { LaunchError, UnsupportedError } from '../errors.js';
import { thisPlatform, whyNoProcesses } from '../native/platform.js';
import type { MpiFamily } from '../types/mpi-family.js';

/** An `mpiexec` that was found. */
export interface MpiLauncher {
  readonly command: string;
  readonly family: MpiFamily;
  /** Such as `4.1.4`. */
  readonly version: string;
}

/** Debian installs both families side by side under the longer names. */
const candidates = ['mpiexec', 'mpiexec.openmpi', 'mpiexec.mpich'];
const versionLimitMs = 10_000;

/** Read what `mpiexec --version` prints; undefined when it is neither Open MPI nor MPICH or its kin. */
export function parseVersion(text: string): { family: MpiFamily; version: string } | undefined {
  const openmpi = /\((?:OpenRTE|Open MPI)\) (\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (openmpi) return { family: 'openmpi', version: openmpi };
  // Intel MPI is MPICH with Intel's own numbers.
  const mpich = /(?:HYDRA build details:\s+Version:|Intel\(R\) MPI Library .*Version)\s+(\d+\.\d+(?:\.\d+)?)/.exec(
    text,
  )?.[1];
  return mpich ? { family: 'mpich', version: mpich } : undefined;
}

/** Every `mpiexec` that is there, each family and version once; `command` first when it is given. */
export function findLaunchers(command: string | undefined): MpiLauncher[] {
  const found: MpiLauncher[] = [];
  for (const each of [...(command === undefined ? [] : [command]), ...candidates]) {
    const launcher = ask(each);
    if (typeof launcher === 'string') continue;
    const { family, version } = launcher;
    if (!found.some((other) => other.family === family && other.version === version)) found.push(launcher);
  }
  return found;
}

/**
 * Find the `mpiexec` to use.
 *
 * @param command - The one to use and no other; default: the first that is there.
 * @throws {@link LaunchError} which says what was tried and how to install one; {@link UnsupportedError} where there are
 *   no processes under MPI.
 */
export function detectLauncher(command?: string): MpiLauncher {
  const platform = thisPlatform();
  const why = whyNoProcesses(platform);
  if (why !== undefined) throw new UnsupportedError(why, { platform });
  const tried: string[] = [];
  for (const each of command === undefined ? candidates : [command]) {
    const found = ask(each);
    if (typeof found !== 'string') return found;
    tried.push(found);
  }
  throw new LaunchError(
    `no mpiexec of Open MPI or MPICH was found (${tried.join('; ')}). Install one, on Debian and Ubuntu: ` +
      `apt-get install openmpi-bin (or: mpich), on Fedora: dnf install openmpi (or: mpich), then module load ` +
      `mpi/openmpi-$(uname -m) (or: mpi/mpich-$(uname -m)), name it with mpiexec: '/path/to/mpiexec', or use ` +
      `transport: 'threads', which needs no MPI`,
    { tried },
  );
}

/** What a command says of itself, or in words why it is none of ours. */
function ask(command: string): MpiLauncher | string {
  const options = { encoding: 'utf8', timeout: versionLimitMs } as const;
  const { stdout, stderr, error, status } = spawnSync(command, ['--version'], options);
  if (error) return `${command}: ${error.message}`;
  const found = parseVersion(`${stdout}${stderr}`);
  return found ? { command, ...found } : `${command}: exit code ${String(status)}, neither Open MPI nor MPICH`;
}
