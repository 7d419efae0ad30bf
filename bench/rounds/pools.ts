/** Pools of ours that take part: one on threads, and one on the processes of each MPI family that is installed. */
import type { LaunchOptions } from 'shoal';
import { findLaunchers } from '../../src/launch/family.js';
import type { MpiLauncher } from '../../src/launch/family.js';

/** Every MPI family, its first `mpiexec`. */
export function installedFamilies(): MpiLauncher[] {
  const found = findLaunchers(undefined);
  return found.filter(({ family }, index) => found.findIndex((other) => other.family === family) === index);
}

/** Options of each pool, by its name. */
export function poolOptions(launchers: readonly MpiLauncher[], workers: number): ReadonlyMap<string, LaunchOptions> {
  const processes = launchers.map(({ family, command }): [string, LaunchOptions] => {
    return [family, { workers, transport: 'mpi', mpiexec: command }];
  });
  return new Map([['threads', { workers, transport: 'threads' }], ...processes]);
}
