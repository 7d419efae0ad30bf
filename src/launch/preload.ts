/** What is preloaded into the ranks. */
import { existsSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assetPath } from '../asset.js';
import { usableCores } from '../native/cores.js';
import type { MpiFamily } from '../types/mpi-family.js';
import { preloadWith } from '../worker/launcher-environment.js';

/**
 * Value of LD_PRELOAD for the ranks; undefined: leave it as it is. Ranks of MPICH that outnumber the cores get a
 * library that yields the core when a call waits. Where it cannot be named they only wait slower.
 *
 * @param ranks - Those that wait inside MPI at the same time.
 * @param folder - Of the job, where all ranks see it; undefined: some are on other hosts.
 */
export function preloadFor(family: MpiFamily, ranks: number, folder?: string): string | undefined {
  if (family !== 'mpich' || ranks <= usableCores()) return undefined;
  const library = preloadable(assetPath('#bindings/ucx-yield'), folder);
  return library === undefined ? undefined : preloadWith(library, process.env.LD_PRELOAD);
}

/**
 * A path of the library that LD_PRELOAD can hold: ld.so(8) splits it at spaces and colons, and replaces what begins with
 * a dollar. Another path gets a link in the folder. Undefined: there is none, or no library.
 */
export function preloadable(library: string, folder: string | undefined): string | undefined {
  if (!existsSync(library)) return undefined;
  if (!/[\s:$]/.test(library)) return library;
  if (folder === undefined || /[\s:$]/.test(folder)) return undefined;
  const link = join(folder, basename(library));
  symlinkSync(library, link);
  return link;
}
