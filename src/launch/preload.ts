/** What is preloaded into the ranks. */
import { existsSync } from 'node:fs';
import { assetPath } from '../asset.js';
import { usableCores } from '../native/cores.js';
import type { MpiFamily } from '../types/mpi-family.js';
import { preloadWith } from '../worker/launcher-environment.js';

/**
 * Value of LD_PRELOAD for the ranks; undefined: leave it as it is. Ranks of MPICH that outnumber the cores get a
 * library that yields the core when a call waits. Where it was not built they only wait slower.
 *
 * @param ranks - Those that wait inside MPI at the same time.
 */
export function preloadFor(family: MpiFamily, ranks: number): string | undefined {
  if (family !== 'mpich' || ranks <= usableCores()) return undefined;
  const library = assetPath('#bindings/ucx-yield');
  return existsSync(library) ? preloadWith(library, process.env.LD_PRELOAD) : undefined;
}
