/** The command line and the environment with which `mpiexec` starts the ranks: pure functions, one per family. */
import { ucxVariables } from '../worker/launcher-environment.js';
import type { MpiLauncher } from './family.js';

/** A host, and how many ranks it gets. */
export interface Host {
  readonly name: string;
  readonly ranks: number;
}

/** What to start, and where. All filled. */
export interface MpiJob {
  readonly ranks: number;
  /** The program and its arguments, the same for every rank. */
  readonly program: readonly string[];
  /** Empty: this host, or what the hostfile says. */
  readonly hosts: readonly Host[];
  readonly hostfile: string | undefined;
  /** The user's own arguments, before the program. */
  readonly extraArgs: readonly string[];
  /** The user is root: Open MPI wants to be told that this is meant. */
  readonly root: boolean;
  /** Private folder of the job: Open MPI keeps its session files there. */
  readonly folder: string;
  /** Variables that ranks on other hosts are to have as well; MPICH gives them all. */
  readonly forward?: readonly string[];
  /** LD_PRELOAD of the ranks; undefined: as it is. */
  readonly preload?: string | undefined;
}

/** A command to spawn. */
export interface MpiCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables to add to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * For every rank of either family: no colours on the pseudo-terminals that Open MPI makes, and UCX kept out of V8's
 * way.
 */
const commonEnv = { NO_COLOR: '1', ...ucxVariables };

/** How to start a job. */
export function mpiCommand(launcher: MpiLauncher, job: MpiJob): MpiCommand {
  return launcher.family === 'openmpi' ? openmpi(launcher, job) : mpich(launcher, job);
}

function openmpi({ command, version }: MpiLauncher, job: MpiJob): MpiCommand {
  const { ranks, program, hosts, hostfile, extraArgs, root, folder, forward = [] } = job;
  const isSpread = hosts.length > 0 || hostfile !== undefined;
  const forwarded = isSpread ? [...Object.keys(commonEnv), ...forward].flatMap((name) => ['-x', name]) : [];
  const places = hosts.map(({ name, ranks: slots }) => `${name}:${slots}`).join(',');
  return {
    command,
    args: [
      ...['-n', String(ranks)],
      // More ranks than cores is the normal case; it also makes waiting ranks yield.
      ...(major(version) >= 5 ? ['--map-by', ':OVERSUBSCRIBE'] : ['--oversubscribe']),
      // Otherwise jobs of 1 or 2 ranks get one core for all threads of a rank.
      ...['--bind-to', 'none'],
      // The others live on when a rank dies.
      ...(major(version) >= 5 ? ['--with-ft', 'ulfm'] : ['--enable-recovery']),
      ...(places === '' ? [] : ['--host', places]),
      ...(hostfile === undefined ? [] : ['--hostfile', hostfile]),
      ...forwarded,
      ...extraArgs,
      ...program,
    ],
    env: {
      ...commonEnv,
      [major(version) >= 5 ? 'PRTE_MCA_prte_tmpdir_base' : 'OMPI_MCA_orte_tmpdir_base']: folder,
      ...(root && { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }),
    },
  };
}

function mpich({ command, version }: MpiLauncher, job: MpiJob): MpiCommand {
  const { ranks, program, hosts, hostfile, extraArgs, preload } = job;
  const places = hosts.map(({ name, ranks: slots }) => `${name}:${slots}`).join(',');
  return {
    command,
    args: [
      ...['-n', String(ranks)],
      ...(isIntel(version) ? [] : ['-bind-to', 'none']),
      // For the ranks alone: not for Hydra itself.
      ...(preload === undefined ? [] : ['-genv', 'LD_PRELOAD', preload]),
      ...(places === '' ? [] : ['-hosts', places]),
      ...(hostfile === undefined ? [] : ['-f', hostfile]),
      ...extraArgs,
      ...program,
    ],
    env: { ...commonEnv, ...(isIntel(version) && { I_MPI_PIN: '0' }) },
  };
}

/** Intel numbers its MPI by years; its mpiexec binds ranks as a variable says. */
function isIntel(version: string): boolean {
  return major(version) >= 2000;
}

function major(version: string): number {
  return Number(version.split('.')[0]);
}
