/** Which libraries an MPI family has, what each says of itself, and the addon that was compiled for it. */
import type { MpiFamily } from '../types/mpi-family.js';

/** An addon by its name in `bindings/build`. */
export type MpiAddonName = `mpi-${MpiFamily}` | 'mpi-abi';

/** What a library says of itself, see `describeMpi` of the `os` addon. */
export interface MpiLibrary {
  /** Major version of the standard ABI; −1: the ABI of its implementation. */
  readonly abi: number;
  /** What MPI_Get_library_version says. */
  readonly text: string;
}

/** The major version that `bindings/src/standard-abi/mpi.h` declares. */
const standardAbi = 1;

/**
 * What the dynamic linker calls the libraries of each family, in the order in which they are tried.
 *
 * `libmpi.so.40`: Open MPI 4, 5 and 6. `libmpi.so.12`: MPICH 3.2 to 5, Intel MPI and MVAPICH, which keep one ABI
 * (the MPICH ABI Compatibility Initiative); Debian's package says `libmpich.so.12`. `libmpi_abi.so.1`: the standard ABI
 * of MPI-5.0, in Open MPI from 6 and MPICH from 4.3.1 on. A family's own ABI comes first: it is there in every version.
 */
export const librariesOf: Readonly<Record<MpiFamily, readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi_abi.so.1'],
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_abi.so.1'],
};

/** The family that a library's words speak of; undefined: another MPI. */
export function familyOf(text: string): MpiFamily | undefined {
  if (/^Open MPI v/.test(text)) return 'openmpi';
  // Also `Intel(R) MPI Library 2021.9 …`, `MVAPICH Version …` and `MPI VERSION : CRAY MPICH …`.
  return /MPICH|MVAPICH|^Intel\(R\) MPI Library/.test(text) ? 'mpich' : undefined;
}

/** The addon for a library, or in words why the ranks of this family cannot use it. */
export function addonFor(family: MpiFamily, { abi, text }: MpiLibrary): { addon: MpiAddonName } | { why: string } {
  const words = text
    .replace(/\n[^]*/, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (familyOf(text) !== family) return { why: `is of another MPI than the ranks, ${family}: ${words}` };
  if (abi < 0) return { addon: `mpi-${family}` };
  if (abi === standardAbi) return { addon: 'mpi-abi' };
  return { why: `has version ${abi} of the standard ABI, ${standardAbi} is needed: ${words}` };
}
