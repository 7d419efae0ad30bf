/**
 * The `mpi` addon: one function per MPI call. Mirrors the list in `bindings/src/mpi.cpp`; the only file that loads it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assetPath } from '../asset.js';
import { environment } from '../env.js';
import { UnsupportedError } from '../errors.js';
import type { MpiFamily } from '../types/mpi-family.js';
import type { MpiAddonName } from './mpi-libraries.js';
import { addonFor, librariesOf } from './mpi-libraries.js';
import type { OsAddon } from './os.js';
import { loadOs } from './os.js';

/** Levels of thread support, as `init` takes and returns them. */
export const threadLevel = { single: 0, funneled: 1, serialized: 2, multiple: 3 } as const;

/**
 * Functions of the addon. Communicators and requests are numbers; communicator 0 is the world. Failures are Errors with
 * `function`, `errorClass` and `errorCode`. What returns a promise runs on the addon's own thread.
 */
export interface MpiAddon {
  /** MPI_Init_thread. Resolves with the level that is granted. */
  init(level: number): Promise<number>;
  /** MPI_Get_library_version; also before `init`. */
  libraryVersion(): string;
  /** MPI_Finalize. */
  finalize(): Promise<number>;
  /** Resolves once the calls before it have left MPI, so that another can enter. */
  pass(): Promise<number>;
  /** MPI_Comm_rank. */
  rank(communicator: number): number;
  /** MPI_Comm_size. */
  size(communicator: number): number;
  /**
   * MPI_Allgather of the same number of bytes on every rank, copied before the call. Resolves with all in rank order.
   */
  allgather(communicator: number, bytes: Uint8Array): Promise<Uint8Array>;
  /**
   * MPI_Gather of the same number of bytes on every rank, copied before the call. Over an intercommunicator the
   * receiving rank passes root −1 (MPI_ROOT) and the number of senders, its siblings −2 (MPI_PROC_NULL). Resolves with
   * all in rank order on the root, elsewhere (with 0 senders) with none.
   */
  gather(communicator: number, bytes: Uint8Array, root: number, senders: number): Promise<Uint8Array>;
  /** MPI_Open_port. Resolves with the name in UTF-8. */
  openPort(): Promise<Uint8Array>;
  /** MPI_Comm_accept. Resolves with an intercommunicator; has no time-out. */
  accept(port: string, communicator: number): Promise<number>;
  /** MPI_Comm_connect. Resolves with an intercommunicator. */
  connect(port: string, communicator: number): Promise<number>;
  /** MPI_Comm_disconnect. */
  disconnect(communicator: number): Promise<number>;
  /** MPI_Intercomm_create; the local leader is rank 0. */
  intercommCreate(local: number, peer: number, remoteLeader: number, tag: number): Promise<number>;
  /** MPI_Comm_split_type by MPI_COMM_TYPE_SHARED. */
  splitType(communicator: number, key: number): Promise<number>;
  /** MPI_Comm_create_group of ranks of `communicator`, as int32 words; called by the members alone. */
  createGroup(communicator: number, ranks: Uint8Array, tag: number): Promise<number>;
  /** MPI_Comm_dup. */
  dup(communicator: number): Promise<number>;
  /** MPI_Comm_split. A negative color is MPI_UNDEFINED; resolves with −1 for no communicator. */
  split(communicator: number, color: number, key: number): Promise<number>;
  /** MPI_Comm_free. */
  free(communicator: number): Promise<number>;
  /** MPI_Isend. The bytes stay where they are until `test` returns 1. */
  isend(communicator: number, bytes: Uint8Array, dest: number, tag: number): number;
  /**
   * MPI_Irecv; a negative source is MPI_ANY_SOURCE, a negative tag MPI_ANY_TAG. The bytes belong to the call until
   * `test` returns 1.
   */
  irecv(communicator: number, bytes: Uint8Array, source: number, tag: number): number;
  /** MPI_Test. Returns 1 once, when the request is complete; its number is then gone. */
  test(request: number): 0 | 1;
  /** MPI_Cancel of a receive; its bytes belong to the call until `test` returns 1. */
  cancel(request: number): void;
  /** MPI_Abort on the world. */
  abort(errorCode: number): void;
}

/** A library, and the addon that fits it. */
export interface MpiChoice {
  /** As the dynamic linker gets it. */
  readonly library: string;
  readonly addon: MpiAddonName;
}

/**
 * The first one of `SHOAL_MPI_LIBRARY`, or of the family's names, that is of this family and whose addon is built.
 *
 * @throws {@link UnsupportedError} which says what was tried, why each does not fit, and what to do.
 */
export function findMpi(family: MpiFamily): MpiChoice {
  const os = loadOs();
  const { mpiLibrary } = environment();
  const tried: string[] = [];
  for (const library of mpiLibrary === undefined ? librariesOf[family] : [mpiLibrary]) {
    const choice = chooseAddon(os, family, library);
    if ('addon' in choice) return { library, addon: choice.addon };
    tried.push(choice.why);
  }
  throw unusable(family, tried);
}

/** Open the family's library for all that is loaded later, then its addon. @throws as {@link findMpi} does */
export function loadMpi(family: MpiFamily): MpiAddon {
  const { library, addon } = findMpi(family);
  const file = assetPath(`#bindings/${addon}`);
  loadOs().openLibrary(library);
  try {
    return createRequire(import.meta.url)(file) as MpiAddon;
  } catch (cause) {
    throw unusable(family, [`${file}: ${(cause as Error).message}`], cause);
  }
}

/** The addon that fits a library, or in words why none does. */
function chooseAddon(os: OsAddon, family: MpiFamily, library: string): { addon: MpiAddonName } | { why: string } {
  let described: [abi: number, text: string];
  try {
    described = os.describeMpi(library);
  } catch (error) {
    return { why: (error as Error).message };
  }
  const [abi, text] = described;
  const choice = addonFor(family, { abi, text });
  if ('why' in choice) return { why: `${library} ${choice.why}` };
  const file = assetPath(`#bindings/${choice.addon}`);
  return existsSync(file) ? choice : { why: `${library} is here, and its addon ${file} is not built` };
}

function unusable(family: MpiFamily, tried: readonly string[], cause?: unknown): UnsupportedError {
  const install = family === 'openmpi' ? 'openmpi-bin libopenmpi-dev' : 'mpich libmpich-dev';
  return new UnsupportedError(
    `no MPI library for ranks of ${family} can be used (${tried.join('; ')}); install MPI with apt-get install ` +
      `${install}, name its library with SHOAL_MPI_LIBRARY=/path/to/libmpi.so, or compile the addon: npx shoal build-mpi`,
    { family, tried },
    cause === undefined ? undefined : { cause },
  );
}
