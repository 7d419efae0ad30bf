/**
 * The `mpi` addon: one function per MPI call. Mirrors the list in `bindings/src/mpi.cpp`; the only file that loads it.
 */
import { createRequire } from 'node:module';
import { assetPath } from '../asset.js';
import { UnsupportedError, isError } from '../errors.js';
import type { MpiFamily } from '../types/mpi-family.js';
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

/** What the dynamic linker calls the library of each family. */
const libraries: Readonly<Record<MpiFamily, readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi.so'],
  mpich: ['libmpich.so.12', 'libmpi.so.12'],
};

/** Open the family's library, then its addon. @throws {@link UnsupportedError} which says what was searched for. */
export function loadMpi(family: MpiFamily): MpiAddon {
  const os = loadOs();
  const tried: string[] = [];
  const opened = libraries[family].some((library) => {
    try {
      os.openLibrary(library);
      return true;
    } catch (error) {
      tried.push(isError(error) ? error.message : library);
      return false;
    }
  });
  const specifier = family === 'openmpi' ? '#bindings/mpi-openmpi' : '#bindings/mpi-mpich';
  const file = assetPath(specifier);
  try {
    if (!opened) throw new Error(tried.join('; '));
    return createRequire(import.meta.url)(file) as MpiAddon;
  } catch (cause) {
    const install = family === 'openmpi' ? 'openmpi-bin libopenmpi-dev' : 'mpich libmpich-dev';
    throw new UnsupportedError(
      `the MPI addon for ${family} does not load (${(cause as Error).message}); install MPI with apt-get install ${install} ` +
        `and build ${file} with \`npm run build:addon\``,
      { file, family },
      { cause },
    );
  }
}
