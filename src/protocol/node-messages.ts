/** Every message between the head and a node manager that is a process of its own. */
import type { RankOperations } from '../errors.js';
import type { NodeIdentity, ProcessUsage } from '../native/proc.js';
import type { RecordedRank } from '../records/read-records.js';
import type { FromRank, ProcessIdentity, RankRow, ToRank, WelcomeMessage } from './control-messages.js';

/** Node manager → head, first after the greeting. */
export interface NodeHello extends NodeIdentity, ProcessIdentity {
  readonly type: 'node';
}

/** One job's workers on a node: what their node manager needs to know. */
export interface NodeJob {
  /** The job's: another epoch has another. */
  readonly token: string;
  /** Ranks of MPI's world, and how many of them, the first, are no workers. */
  readonly worldSize: number;
  readonly agents: number;
  /** What the workers are told; the folder and the launcher are those of their own host. */
  readonly welcome: WelcomeMessage;
  readonly rows: readonly RankRow[];
}

/** Reports of a worker after it has registered. */
export type WorkerReport = Exclude<
  FromRank,
  { type: 'hello' | 'mpiReady' | 'gathered' | 'registered' | 'failed' | 'attached' }
>;

/** Head → node manager. `job` counts the jobs that the head has opened there. */
export type ToNode =
  | { readonly type: 'admitted' }
  /** It is not wanted; it ends after this. */
  | { readonly type: 'refused'; readonly text: string }
  /** Take these workers on. */
  | { readonly type: 'open'; readonly job: number; readonly settings: NodeJob }
  | { readonly type: 'send'; readonly job: number; readonly worldRank: number; readonly message: ToRank }
  /** End the process of one worker; undefined: of all. */
  | {
      readonly type: 'kill';
      readonly job: number;
      readonly worldRank: number | undefined;
      readonly text: string;
      readonly signal: string;
    }
  /** Have the workers there note every call, or no more; `traced` tells what they have noted. */
  | { readonly type: 'trace'; readonly job: number; readonly isOn: boolean }
  /** What has a rank done last that still runs? `asked` answers. */
  | {
      readonly type: 'ask';
      readonly job: number;
      readonly request: number;
      readonly rank: RecordedRank;
      readonly lease: number;
      readonly most: number;
    }
  /** Ask all workers to leave; answered by `gone` when they have. */
  | { readonly type: 'dismiss'; readonly job: number }
  /** Remove what the job has left. */
  | { readonly type: 'close'; readonly job: number }
  /** A value of the pool comes, which is to lie on that host; `valueLaid` answers when it has, or cannot. */
  | { readonly type: 'value'; readonly id: string; readonly sizeBytes: number }
  /** Its next bytes. */
  | { readonly type: 'valuePart'; readonly id: string; readonly bytes: Uint8Array }
  /** No task needs it any more. */
  | { readonly type: 'dropValue'; readonly id: string }
  | { readonly type: 'beat' };

/** Node manager → head. Errors are encoded. */
export type FromNode =
  | NodeHello
  | { readonly type: 'connected' | 'registered'; readonly job: number; readonly worldRank: number }
  | { readonly type: 'report'; readonly job: number; readonly worldRank: number; readonly message: WorkerReport }
  /** What a rank has done last in the task of a lease; it comes before whatever ends its part. */
  | {
      readonly type: 'operations';
      readonly job: number;
      readonly worldRank: number;
      readonly lease: number;
      readonly operations: RankOperations;
    }
  /** Undefined: it has noted nothing of that task. */
  | {
      readonly type: 'asked';
      readonly job: number;
      readonly request: number;
      readonly operations?: RankOperations | undefined;
    }
  | { readonly type: 'died'; readonly job: number; readonly worldRank: number; readonly error: Uint8Array }
  | { readonly type: 'failed'; readonly job: number; readonly error: Uint8Array }
  | { readonly type: 'gone'; readonly job: number }
  | { readonly type: 'refusal'; readonly text: string }
  /** `descriptors`: of the store, in the node manager. `error`: why there is none. */
  | {
      readonly type: 'valueLaid';
      readonly id: string;
      readonly descriptors?: readonly number[] | undefined;
      readonly error?: Uint8Array | undefined;
    }
  /** `isLast`: the trace is over. */
  | {
      readonly type: 'traced';
      readonly job: number;
      /** What the times count from, in milliseconds since 1970 by the clock there. */
      readonly originMs: number;
      readonly parts: readonly { readonly worldRank: number; readonly slots: Uint8Array; readonly lost: number }[];
      readonly isLast: boolean;
    }
  /** What the workers use, and which have been stopped by a signal since the beat before. */
  | {
      readonly type: 'beat';
      readonly usage: readonly (ProcessUsage & { readonly worldRank: number })[];
      readonly stopped: readonly number[];
    };
