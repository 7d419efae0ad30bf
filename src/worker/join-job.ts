/** A process joins its MPI job: MPI itself, everybody's rows, and the window of the host. */
import type { RecordMemory } from '../records/record-layout.js';
import { LaunchError } from '../errors.js';
import { isError } from '../show.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type { MpiAddon } from '../native/mpi.js';
import { loadMpi, threadLevel } from '../native/mpi.js';
import { loadOs } from '../native/os.js';
import { nodeIdentity, nodeKey, readProcess } from '../native/proc.js';
import { joinSharedMemoryFolder } from '../native/shared-memory-folder.js';
import type { RankRow } from '../protocol/control-messages.js';
import { newToken } from '../protocol/token.js';
import type { MpiFamily } from '../types/mpi-family.js';
import { packageVersion } from '../version.js';
import { minWindowBytes } from '../backend/window/layout.js';
import type { HostWindow } from '../backend/window/node-window.js';
import { threadsWindow } from '../backend/window/node-window.js';
import type { SharedRow } from '../backend/window/shared-window.js';
import { SharedWindow } from '../backend/window/shared-window.js';
import type { MpiWire } from '../backend/wire/mpi-messages.js';
import { createWireMemory } from '../backend/wire/wire-memory.js';
import type { LaunchedRank } from './launcher-environment.js';
import { launcherVariables, preloadWithout, sharedMemoryVariables, ucxVariables } from './launcher-environment.js';
import { closeWire } from './rank-engine.js';
import { exchangeRows } from './row-exchange.js';

/** How the ranks of this process reach the others. */
export interface RankMemory {
  /** Shared by the ranks of the job, or, with `wire`, this process's own: for what its control side writes. */
  readonly window: HostWindow;
  readonly wire: MpiWire | undefined;
  /** Where ranks that are threads of one process note their calls. */
  readonly records?: RecordMemory;
}

/** What a process knows once it has joined. */
export interface JoinedJob extends RankMemory {
  readonly mpi: MpiAddon;
  readonly rank: number;
  readonly size: number;
  /** By rank. */
  readonly rows: readonly RankRow[];
  /** MPI_Finalize; when no thread uses the wire any more. */
  finalize(): Promise<unknown>;
}

interface GatheredRow {
  readonly row: RankRow;
  readonly shared: SharedRow | undefined;
}

/** What this process says of itself. */
export function ownRow({ rank, size }: LaunchedRank): RankRow {
  const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: 0 };
  const versions = { shoal: packageVersion(), node: process.version };
  const startupToken = newToken();
  return { rank, size, pid, startTime, startupToken, versions, ...nodeIdentity() };
}

/** Before MPI is loaded; on the main thread, whose environment and signals are the process's. */
export function prepareForMpi(): void {
  // MPICH's Hydra signals the survivors of a death so, and Node would open its inspector.
  process.on('SIGUSR1', () => undefined);
  Object.assign(process.env, ucxVariables);
}

/**
 * Start something that copies the environment, as it will be after the join. On the main thread, and never while MPI_Init
 * runs, which reads it on another thread.
 */
export function withoutLauncherVariables<T>(start: () => T): T {
  const before = { ...process.env };
  removeLauncherVariables();
  const after = { ...process.env };
  try {
    return start();
  } finally {
    for (const [name, value] of Object.entries(before)) if (value !== after[name]) process.env[name] = value;
  }
}

/** A child process that inherited them and initialised MPI would hang or die. */
export function removeLauncherVariables(): void {
  for (const name of launcherVariables(process.env)) Reflect.deleteProperty(process.env, name);
  const preload = preloadWithout(process.env.LD_PRELOAD ?? '');
  if (preload === undefined) delete process.env.LD_PRELOAD;
  else process.env.LD_PRELOAD = preload;
}

/**
 * MPI_Init, then the launcher's variables leave the environment. Collective.
 *
 * @param jobFolder - Folder of a job of ours: what MPI shares on this node is removed with it. On the main thread.
 * @throws {@link LaunchError} when the world is not the one that the launcher spoke of.
 */
export async function enterMpi(launched: LaunchedRank, jobFolder?: string): Promise<MpiAddon> {
  const mpi = loadMpi(launched.family);
  const folder = jobFolder === undefined ? undefined : joinSharedMemoryFolder(jobFolder);
  const variables = folder === undefined ? {} : sharedMemoryVariables(process.env, mpi.libraryVersion(), folder);
  Object.assign(process.env, variables);
  const level = await mpi.init(threadLevel.serialized);
  // A child process may outlive the folder.
  for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  removeLauncherVariables();
  checkWorld(launched, mpi.rank(0), mpi.size(0), level);
  return mpi;
}

/** Enter MPI and share memory with all ranks of the world. */
export async function joinJob(launched: LaunchedRank, windowBytes: number | false): Promise<JoinedJob> {
  return joinRanks(await enterMpi(launched), launched.family, 0, ownRow(launched), windowBytes);
}

/**
 * The ranks of a communicator try to share a window; where there is none they get a wire. Collective.
 *
 * @param windowBytes - Bytes per rank; `false` for no window.
 */
export async function joinRanks(
  mpi: MpiAddon,
  family: MpiFamily,
  communicator: number,
  row: RankRow,
  windowBytes: number | false,
): Promise<JoinedJob> {
  const [rank, size] = [mpi.rank(communicator), mpi.size(communicator)];
  const shared = windowBytes === false ? undefined : tryShare(size, windowBytes, rank);
  const rows = await exchangeRows<GatheredRow>(mpi, communicator, { row, shared: shared?.row });
  const mapped = await vote(mpi, communicator, shared !== undefined && joinWindow(shared, rows));
  const memory =
    mapped && shared ? { window: shared, wire: undefined } : await openWire(mpi, family, communicator, size);
  const finalize = (): Promise<unknown> => {
    // Receives that wait for envelopes would still be open in MPI_Finalize.
    if (memory.wire) closeWire(memory.wire);
    return mpi.finalize();
  };
  return { mpi, rank, size, rows: rows.map((each) => each.row), ...memory, finalize };
}

/** MPI knows the addresses of the wire's memory, V8 does not know that. */
const keepForever = new Set<MpiWire>();

async function openWire(mpi: MpiAddon, family: MpiFamily, communicator: number, size: number): Promise<RankMemory> {
  const module = compileKernels();
  const wire = { handle: createWireMemory(module), family, world: await mpi.dup(communicator) };
  keepForever.add(wire);
  return { window: threadsWindow(module, size, minWindowBytes), wire };
}

function checkWorld(launched: LaunchedRank, rank: number, size: number, level: number): void {
  const { family } = launched;
  if (rank !== launched.rank || size !== launched.size) {
    throw new LaunchError(
      `the launcher started rank ${launched.rank} of ${launched.size}, MPI_Init made it rank ${rank} of ${size}. The mpiexec ` +
        `is not of the library's family (${family}). Name the one that belongs to it, such as mpiexec: 'mpiexec.${family}'`,
      { family, expected: [launched.rank, launched.size], received: [rank, size] },
    );
  }
  if (level < threadLevel.serialized) {
    throw new LaunchError(
      `this build of ${family} grants thread level ${level}; ${threadLevel.serialized} (MPI_THREAD_SERIALIZED) is needed`,
      { family, level },
    );
  }
}

/** This process's side of a shared window; undefined where the system does not allow one. */
function tryShare(size: number, windowBytes: number, rank: number): SharedWindow | undefined {
  try {
    return new SharedWindow(loadOs(), compileKernels(), size, windowBytes, rank);
  } catch (error) {
    warnOnce(error);
    return undefined;
  }
}

function joinWindow(shared: SharedWindow, rows: readonly GatheredRow[]): boolean {
  const [first] = rows;
  const shares: SharedRow[] = [];
  for (const { row, shared: share } of rows) {
    if (!share || !first || nodeKey(row) !== nodeKey(first.row)) return false;
    shares.push(share);
  }
  try {
    return shared.join(shares);
  } catch (error) {
    warnOnce(error);
    return false;
  }
}

function warnOnce(error: unknown): void {
  const why = isError(error) ? error.message : String(error);
  process.stderr.write(`shoal: the ranks of this host cannot share memory (${why}); all bytes go over MPI\n`);
}

/** All or none. */
async function vote(mpi: MpiAddon, communicator: number, yes: boolean): Promise<boolean> {
  const votes = await mpi.allgather(communicator, Uint8Array.of(yes ? 1 : 0));
  return votes.every((each) => each === 1);
}
