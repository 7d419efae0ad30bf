/** Every message between the head and the control side of a rank that is a process. */
import type { ResourceLimits } from 'node:worker_threads';
import type { NodeIdentity } from '../native/proc.js';
import type {
  AssignMessage,
  CancelMessage,
  ForgetMessage,
  GoneOutcome,
  Outcome,
  OutputLabel,
  PostedMessage,
} from './thread-messages.js';
import type { GoMessage, PrepareMessage, RoundAnswer } from './round-messages.js';

/** Longest frame of a peer that has shown the token and has not said what it is. */
export const helloLimitBytes: number = 64 * 1024;
/** Longest frame of whoever was greeted, before it has said what its messages may be long. */
export const welcomeLimitBytes: number = 64 * 1024 * 1024;

/** A process as others find it: pid and start time are its identity, since a pid is used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the boot of the host to the start of the process. */
  readonly startTime: number;
}

/**
 * How the rows of a job come to its head. They come over an intercommunicator to the agent, made by MPI_Comm_accept and
 * MPI_Comm_connect or by MPI_Intercomm_create. Where there is no agent, they come by a gather to rank 0.
 */
export type Rendezvous = 'accept-connect' | 'intercomm' | 'gather';

/** What a rank that we start is told in its environment, as JSON. */
export interface HeadPlace {
  /**
   * Private folder of the job, for the ranks of the head's own node: the token is in it, and the head's Unix socket.
   * The others get the token over MPI and search for their node manager.
   */
  readonly folder: string;
  /** The head's process, whose child the launcher is. */
  readonly driver: ProcessIdentity;
  /** The same for all processes of the head's node; see `nodeKey`. */
  readonly nodeKey: string;
  readonly rendezvous: Rendezvous;
  readonly startTimeoutMs: number;
}

/** What a rank says of itself. */
export interface RankRow extends ProcessIdentity, NodeIdentity {
  /** In MPI's world, which the agent is a rank of. */
  readonly rank: number;
  readonly size: number;
  /** Made by the process at its start: no other has the same. */
  readonly startupToken: string;
  /** Versions of the package and of Node. */
  readonly versions: { readonly shoal: string; readonly node: string };
}

/** Rank → head, first after the greeting. */
export interface HelloMessage {
  readonly type: 'hello';
  readonly row: RankRow;
}

/** How task threads are started. */
export interface ThreadSettings {
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly resourceLimits: ResourceLimits | undefined;
  /** Folder where the output of each worker is kept; undefined: it is not. */
  readonly logDir: string | undefined;
}

/** A script that every rank runs, instead of tasks. */
export interface ScriptSettings {
  readonly url: string;
  readonly argv: readonly string[];
  readonly timeoutMs: number | null;
  readonly label: OutputLabel;
  /** Folder for the output of each rank; undefined: the rank's own. */
  readonly outputDir: string | undefined;
}

/** Head → rank: what it is to be. */
export interface WelcomeMessage {
  readonly type: 'welcome';
  readonly rendezvous: Rendezvous;
  /** Bytes of window per rank; `false`: every byte over the wire. */
  readonly windowBytes: number | false;
  readonly startTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly threads: ThreadSettings;
  readonly script: ScriptSettings | undefined;
  /** Private folder of the job, removed with it. */
  readonly folder: string;
  /** The launcher of this job, which does not notice that its parent is gone. */
  readonly launcher: ProcessIdentity;
}

/** Rank → head: MPI_Init has returned. */
export interface MpiReadyMessage {
  readonly type: 'mpiReady';
}

/** MPI's rank 0 → head: the rows that have come over MPI, in rank order. */
export interface GatheredMessage {
  readonly type: 'gathered';
  readonly rows: readonly RankRow[];
}

/** Head → rank: its row has come over MPI and is in order. */
interface AdoptedMessage {
  readonly type: 'adopted';
}

/** Rank → head: ready for tasks. */
export interface RegisteredMessage {
  readonly type: 'registered';
  /** Whether the ranks share a window. */
  readonly window: boolean;
  /** Shared-memory files that the MPI library made; removed when the process has died. */
  readonly files: readonly string[];
}

/** Rank → head: it cannot start; it ends after this. */
export interface FailedMessage {
  readonly type: 'failed';
  /** Encoded. */
  readonly error: Uint8Array;
}

/** Empty a slot whose lease has ended; answered by `cleared`. */
interface ClearMessage {
  readonly type: 'clear' | 'cleared';
  readonly slot: number;
}

/** Set a slot's abort word, if the slot is still lent under that number, and notify this rank. */
interface AbortMessage {
  readonly type: 'abort';
  readonly slot: number;
  readonly lease: number;
  readonly reason: number;
}

/** A member's process is proven gone. */
interface MarkDeadMessage {
  readonly type: 'markDead';
  readonly slot: number;
  readonly rank: number;
}

/** The driver has taken a value of so many bytes that the task of a lease posted. */
interface TakenMessage {
  readonly type: 'taken';
  readonly lease: number;
  readonly sizeBytes: number;
}

/** End the task thread by force and start another. */
interface EndMessage {
  readonly type: 'end';
}

/** End the rank: task thread, MPI, process. */
interface CloseMessage {
  readonly type: 'close';
}

/** Where a worker finds its mailbox: descriptors of the process that has this pid. */
export interface MailboxMessage {
  readonly type: 'mailbox';
  readonly pid: number;
  readonly segment: number;
  /** Read end of the doorbell that says that a task has come. */
  readonly tasksBell: number;
  /** Write end of the one that says that an outcome has come. */
  readonly outcomesBell: number;
}

/** Where a worker notes its calls: a descriptor of the process that has this pid, and its pages of 64 KiB. */
export interface RecordsPlace {
  readonly type: 'records';
  readonly pid: number;
  readonly segment: number;
  readonly pages: number;
}

/** Head → rank. */
export type ToRank =
  | WelcomeMessage
  | AdoptedMessage
  | ClearMessage
  | AbortMessage
  | MarkDeadMessage
  | PrepareMessage
  | GoMessage
  | AssignMessage
  | CancelMessage
  | ForgetMessage
  | TakenMessage
  | EndMessage
  | MailboxMessage
  | RecordsPlace
  | CloseMessage;

/** A rank's part of a task is over. */
export interface RankOutcomeMessage {
  readonly type: 'outcome';
  readonly taskId: string;
  readonly outcome: Outcome;
  /** The slot of a task of this rank alone, which it has emptied. */
  readonly emptied?: number | undefined;
}

/** Rank → head. */
export type FromRank =
  | HelloMessage
  | MpiReadyMessage
  | GatheredMessage
  | RegisteredMessage
  | FailedMessage
  | ClearMessage
  | RoundAnswer
  | PostedMessage
  | RankOutcomeMessage
  /** The task thread is gone; `lease` is the last it was given, `ran` the last whose task it may have run. */
  | {
      readonly type: 'gone';
      readonly lease: number;
      readonly how: GoneOutcome;
      readonly ran: number;
    }
  | { readonly type: 'replaced' }
  /** A task thread takes from the mailbox; so many orders to end one have been carried out before. */
  | { readonly type: 'attached'; readonly ends: number }
  | { readonly type: 'lost'; readonly error: Uint8Array }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'stuck'; readonly taskId: string; readonly rank: number }
  /** A script has ended here; `failedFirst`: the rank that the abort word names, if any. */
  | {
      readonly type: 'exited';
      readonly exitCode: number;
      readonly died: boolean;
      readonly failedFirst: number | undefined;
    };
