/** What compiles the addons on this machine, and how it is installed where it is not there. */
import { spawnSync } from 'node:child_process';
import { UnsupportedError } from '../errors.js';
import type { MpiFamily } from '../types/mpi-family.js';

const limitMs = 30_000;
const compilers = ['g++', 'c++', 'clang++'];

/** Packages of a distribution. */
interface Distribution {
  readonly tools: string;
  readonly openmpi: string;
  readonly mpich: string;
}

const debian: Distribution = { tools: 'g++ make', openmpi: 'openmpi-bin libopenmpi-dev', mpich: 'mpich libmpich-dev' };
const fedora: Distribution = { tools: 'gcc-c++ make', openmpi: 'openmpi-devel', mpich: 'mpich-devel' };
/** There the commands of an MPI are on the path when its module is loaded. */
const modules: Omit<Distribution, 'tools'> = { openmpi: 'mpi/openmpi-$(uname -m)', mpich: 'mpi/mpich-$(uname -m)' };

/** The tools, as far as they are there. */
export interface BuildTools {
  /** Undefined: there is none. */
  readonly compiler: string | undefined;
  /** In words. Empty: all are there. */
  readonly missing: readonly string[];
}

/** @throws {@link UnsupportedError} where nothing is built, whatever is installed. */
export function assertCanBuild(): void {
  if (process.platform === 'linux') return;
  throw new UnsupportedError(
    `the addons are for Linux, this is ${process.platform}; transport: 'threads' needs none of them`,
  );
}

/** Look for a C++ compiler, or the one that `CXX` names, and for make. */
export function findTools(): BuildTools {
  const chosen = process.env.CXX;
  const names = chosen === undefined || chosen === '' ? compilers : [chosen];
  const answers = (command: string): boolean =>
    spawnSync(command, ['--version'], { stdio: 'ignore', timeout: limitMs }).status === 0;
  const compiler = names.find(answers);
  const missing = [
    ...(compiler === undefined ? [`no C++ compiler (${names.join(', ')})`] : []),
    ...(answers('make') ? [] : ['no make']),
  ];
  return { compiler, missing };
}

/**
 * How to install MPIs with their headers, and the tools where one of them is missing.
 *
 * @param families - Those that are wanted; undefined: one of them, whichever.
 */
export function howToInstall(families: readonly MpiFamily[] | undefined, { missing }: BuildTools): string {
  const packages = (from: Distribution): string => {
    return [...(missing.length > 0 ? [from.tools] : []), ...namesOf(families, from)].join(' ');
  };
  const load = families?.length === 0 ? '' : `, then module load ${namesOf(families, modules).join(' or ')}`;
  return `on Debian and Ubuntu: apt-get install ${packages(debian)}; on Fedora: dnf install ${packages(fedora)}${load}`;
}

function namesOf(families: readonly MpiFamily[] | undefined, from: Omit<Distribution, 'tools'>): string[] {
  return families ? families.map((family) => from[family]) : [`${from.openmpi} (or: ${from.mpich})`];
}
