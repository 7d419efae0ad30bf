/** What a launcher tells its ranks in their environment, and what must leave it again. */
import type { MpiFamily } from '../types/mpi-family.js';

/** A rank's place in a job that somebody started. */
export interface LaunchedRank {
  readonly family: MpiFamily;
  readonly rank: number;
  readonly size: number;
}

/**
 * Read by UCX when the library is loaded. Its signal handler would turn every WASM trap into the end of the process.
 * Its hooks on memory calls, which we have no use for, let 1 of 100 processes crash inside V8 during MPI_Init.
 */
export const ucxVariables = { UCX_HANDLE_ERRORS: 'none', UCX_MEM_EVENTS: 'no' } as const;

/** UCX's folder of files in shared memory. */
const ucxFolder = 'UCX_POSIX_DIR';
/** Open MPI's, by its version: from 5 on it warns of the older name. */
const openmpiFolders = ['OMPI_MCA_btl_vader_backing_directory', 'OMPI_MCA_btl_sm_backing_directory'] as const;

/**
 * Variables that have the libraries keep their shared memory in a folder, but for those that the user has set.
 *
 * @param libraryVersion - What MPI says of itself, such as `Open MPI v4.1.4, package: …`.
 */
export function sharedMemoryVariables(env: Variables, libraryVersion: string, folder: string): Record<string, string> {
  const major = /^Open MPI v(\d+)/.exec(libraryVersion)?.[1];
  const isChosen = openmpiFolders.some((name) => env[name] !== undefined);
  return {
    ...(env[ucxFolder] === undefined && { [ucxFolder]: folder }),
    ...(major !== undefined && !isChosen && { [openmpiFolders[Number(major) >= 5 ? 1 : 0]]: folder }),
  };
}

const yieldLibrary = '/ucx-yield.so';

/** LD_PRELOAD with a library of ours before the user's own. */
export function preloadWith(library: string, value = ''): string {
  return [library, value].filter((part) => part !== '').join(':');
}

/** LD_PRELOAD without it, for the children of a rank; undefined when nothing else is in it. */
export function preloadWithout(value: string): string | undefined {
  const rest = value.split(/[: ]/).filter((part) => part !== '' && !part.endsWith(yieldLibrary));
  return rest.length === 0 ? undefined : rest.join(':');
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The job that this process is a rank of; undefined when no launcher started it.
 *
 * Open MPI sets `OMPI_…` and `PMIX_…`; MPICH's Hydra sets `PMI_…` alone.
 */
export function launchedRank(env: Variables): LaunchedRank | undefined {
  return (
    place('openmpi', env.OMPI_COMM_WORLD_RANK ?? env.PMIX_RANK, env.OMPI_COMM_WORLD_SIZE) ??
    place('mpich', env.PMI_RANK, env.PMI_SIZE)
  );
}

/**
 * Names of the variables that must leave `process.env` straight after the join: a child process that inherits them and
 * initialises MPI would hang or die.
 */
export function launcherVariables(env: Variables): string[] {
  return Object.keys(env).filter((name) => /^(OMPI|PMIX|PMI|HYDI|HYDRA|MPIR|PRTE|ORTE)_/.test(name));
}

/**
 * The environment for a launcher of ours: the user's, without the place that another launcher has given this process.
 */
export function launcherEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  // Without such a launcher they are the user's settings of MPI.
  if (launchedRank(env)) for (const name of launcherVariables(env)) Reflect.deleteProperty(env, name);
  return env;
}

function place(family: MpiFamily, rank: string | undefined, size: string | undefined): LaunchedRank | undefined {
  if (rank === undefined || size === undefined) return undefined;
  const [rankNumber, sizeNumber] = [Number(rank), Number(size)];
  const fits =
    Number.isInteger(rankNumber) && Number.isInteger(sizeNumber) && rankNumber >= 0 && rankNumber < sizeNumber;
  return fits ? { family, rank: rankNumber, size: sizeNumber } : undefined;
}
