/** Every message between the control side and a task thread. */
import type { Lease } from '../backend/lease.js';
import type { Bells, WindowHandle } from '../backend/window/node-window.js';
import type { Seal } from '../backend/window/seal.js';
import type { MpiWire } from '../backend/wire/mpi-messages.js';
import type { ThreadGate } from '../backend/wire/thread-gate.js';
import type { StorePlace } from '../native/value-stores.js';
import type { RecordMemory } from '../records/record-layout.js';
import type { Carrier } from './carrier.js';
import type { Encoded } from './encoded.js';

/** Memory that all task threads of a process share, and how many of them may spin at the same time. */
export interface AwakeMemory {
  readonly words: Int32Array;
  readonly most: number;
}

/** Which function to run. */
export interface TaskSource {
  /** Absolute `file:` URL. */
  readonly url: string;
  readonly exportName: string;
}

/** Given to a thread once, before anything else. */
export interface ThreadBoot {
  readonly window: WindowHandle;
  /** What the window began with. */
  readonly seal: Seal;
  /** Doorbells of ranks that are processes; undefined: words of the window. */
  readonly bells: Bells | undefined;
  /** What it posts that the driver has not taken: see `PostsUnderWay`. Undefined: nobody takes anything. */
  readonly posts: Int32Array | undefined;
  /** By turn: the lease that it was given ahead, until it begins with the task or that is taken back. */
  readonly ahead: Int32Array | undefined;
  /** Where it writes how much memory it uses; undefined: nobody asks. */
  readonly heap: Float64Array | undefined;
  /** Memory in which it is told of messages, and its place there; undefined: it sleeps whenever it has no task. */
  readonly awake: { readonly memory: AwakeMemory; readonly index: number } | undefined;
  /** Set where the ranks share no memory: the window is then this rank's alone, for its control side. */
  readonly wire: MpiWire | undefined;
  /** Shut before the thread is ended. */
  readonly gate: ThreadGate;
  readonly worldRank: number;
  /** Where it notes its calls, and reads those of other ranks; undefined: in memory of its own. */
  readonly records: RecordMemory | undefined;
  readonly output: OutputBoot;
  /** Set in SPMD: the thread runs this script and ends. */
  readonly script: ScriptBoot | undefined;
  /** `execArgv` names a loader: `.ts` is its business. */
  readonly foreignLoader: boolean;
}

/** What whole lines of output begin with. */
export type OutputLabel = 'task' | 'rank' | 'none';

/** Where a thread's standard output and error go. */
export interface OutputBoot {
  readonly stdout: number;
  readonly stderr: number;
  readonly label: OutputLabel;
  /** File that gets both as well. */
  readonly log: string | undefined;
}

/** The script of an SPMD world. */
export interface ScriptBoot {
  readonly url: string;
  readonly argv: readonly string[];
  readonly lease: Lease;
  readonly timeoutMs: number | null;
}

/** Where a worker finds the value that a reference in the arguments stands for. */
export type ReferencePlace =
  /** In memory of its host. */
  | { readonly id: string; readonly store: StorePlace; readonly lease?: undefined }
  /** What the task of this lease has returned, in its thread. */
  | { readonly id: string; readonly lease: number };

/** What a task has to do with values that lie with the workers. */
export interface TaskReferences {
  readonly places: readonly ReferencePlace[];
  /** What the function returns stays in the thread. */
  readonly keep: boolean;
  /** Before the task begins. */
  readonly forget: Forgotten;
}

/** Values that no task has any more. */
export interface Forgotten {
  /** Ids of what was shared. */
  readonly shared: readonly string[];
  /** Leases of tasks that have returned what was kept. */
  readonly leases: readonly number[];
}

/** The gang of a task, as the task thread sees it. */
export interface GangTurn {
  readonly id: string;
  /** Nothing of the gang has run before: what a thread has of others is dropped, and nothing can be missing. */
  readonly isFirst: boolean;
}

/**
 * What a task does with an actor of its gang: makes an instance of the class that its source names, calls a method of
 * it, or drops it.
 */
export interface ActorStep {
  /** Of no other actor of the gang. */
  readonly id: string;
  readonly does: 'make' | 'call' | 'dispose';
  /** Of a call. */
  readonly method?: string | undefined;
}

/** Run a task. */
export interface AssignMessage {
  readonly type: 'assign';
  readonly lease: Lease;
  readonly attempt: number;
  readonly source: TaskSource;
  /** Encoded argument list; every rank decodes its own copy. */
  readonly args: Encoded;
  /** Undefined: there are none. */
  readonly references?: TaskReferences | undefined;
  /** Default deadline of its collectives; null: none. */
  readonly timeoutMs: number | null;
  readonly maxMessageBytes: number;
  readonly unawaited: Unawaited;
  readonly gang?: GangTurn | undefined;
  readonly actor?: ActorStep | undefined;
  readonly carrier?: Carrier | undefined;
}

/** What becomes of a task whose function ends while collectives of it are in flight: a warning, or its failure. */
export type Unawaited = 'warn' | 'error';

/** Calls in flight that a rank tells of. */
export const maxCalls = 8;

/** A collective that was in flight when the function of its task ended. */
export interface InFlightCall {
  readonly operation: string;
  /** Number of the call in its group. */
  readonly sequence: number;
  /** The line that made it; undefined where nobody had it noted. */
  readonly at: string | undefined;
}

/** Abort the running task's `context.signal`. */
export interface CancelMessage {
  readonly type: 'cancel';
  readonly taskId: string;
  /** Encoded reason. */
  readonly reason: Uint8Array;
}

/** The mailbox of the worker, which the thread before has left. */
export interface AttachMessage {
  readonly type: 'attach';
  readonly memory: SharedArrayBuffer;
  /** Who may take the task that is in it; of this process alone. See `MailboxState`. */
  readonly state: Int32Array;
  /** Descriptors of this process: the doorbell for tasks, to be opened again, and that for outcomes. */
  readonly tasksBell: number;
  readonly outcomesBell: number;
}

/** Note calls in other memory from now on. */
export interface RecordsMessage {
  readonly type: 'records';
  readonly memory: RecordMemory;
}

/** Forget values. */
export interface ForgetMessage extends Forgotten {
  readonly type: 'forget';
}

/** A task for a thread. */
export interface GiveMessage {
  readonly type: 'give';
  readonly task: AssignMessage;
  /** Which of the thread's places for what is counted of a task. */
  readonly turn: number;
  /** It runs another, and begins with this one when that has ended, unless it is taken back until then. */
  readonly isAhead: boolean;
}

/** Control side → task thread. */
export type ToThread = GiveMessage | CancelMessage | ForgetMessage | AttachMessage | RecordsMessage;

/** The collective calls of one rank's part of a task. */
export interface CollectiveUse {
  /** Calls of collectives. */
  readonly calls: number;
  /** Of each call what a rank brings or what it gets, whichever is more. */
  readonly bytes: number;
  /** Milliseconds during which at least one call or message was under way. */
  readonly elapsedMs: number;
  /** Of these those in which it copied, by samples. */
  readonly movedMs: number;
  /** Those in which it reduced, by samples; in all others it waited for other ranks. */
  readonly reducedMs: number;
}

/** How one rank's part of a task ended. `damage`: what was found overwritten in the window then, in words. */
export type Outcome = { readonly damage?: string | undefined } & (
  | {
      readonly kind: 'returned';
      /** Encoded result. */
      readonly value: Encoded;
      /** Calls begun on the task's group. */
      readonly sequence: number;
      /** Messages of its calls that this rank has sent to others, and that it has received whole. */
      readonly sent: number;
      readonly received: number;
      /** The group had been aborted: sequences need not agree. */
      readonly aborted: boolean;
      readonly inFlight?: readonly InFlightCall[];
      /** Values that `context.post` had no room for. */
      readonly refused?: number;
      /** Undefined: it made none. */
      readonly collectives?: CollectiveUse | undefined;
    }
  | {
      readonly kind: 'threw';
      /** Encoded error. */
      readonly error: Uint8Array;
      /** Where it came from: the function, loading its module, its result, or a thread that lacks what its gang had. */
      readonly origin: 'task' | 'load' | 'result' | 'gang';
      /** The error escaped the function: the thread's state is unknown. */
      readonly replaceThread: boolean;
      readonly inFlight?: readonly InFlightCall[];
      readonly refused?: number;
      readonly collectives?: CollectiveUse | undefined;
    }
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'died'; readonly error: Uint8Array | undefined }
  | { readonly kind: 'ended' }
);

/** How a task thread has ended. */
export type GoneOutcome = Extract<Outcome, { kind: 'exited' | 'died' | 'ended' }>;

/** A rank's part of a task is over. */
export interface OutcomeMessage {
  readonly type: 'outcome';
  /** The lease that it was given with the task. */
  readonly lease: number;
  readonly taskId: string;
  readonly outcome: Outcome;
}

/** A value for the driver, encoded, that the task of a lease has posted. */
export interface PostedMessage {
  readonly type: 'posted';
  readonly lease: number;
  readonly value: Uint8Array;
}

/** Task thread → control side. */
export type FromThread =
  /** `thread`: its number in /proc; 0 where there is none. */
  | { readonly type: 'ready'; readonly thread: number }
  /** A module that it had not loaded before is loaded, or cannot be. */
  | { readonly type: 'loaded' }
  /** It is about to load one for a task that has come in its mailbox. */
  | { readonly type: 'loads'; readonly url: string }
  | OutcomeMessage
  | PostedMessage
  | { readonly type: 'warning'; readonly message: string }
  /** Nobody reads what it prints any more. */
  | { readonly type: 'readerGone' }
  /** An error escaped while no task ran. */
  | { readonly type: 'stray'; readonly error: Uint8Array }
  /** A member of the task keeps touching memory of a dead lease. */
  | { readonly type: 'stuck'; readonly lease: number; readonly taskId: string; readonly rank: number };
