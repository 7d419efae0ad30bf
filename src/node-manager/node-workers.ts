/** One job's workers on one node, as the head's side holds them, wherever their node manager runs. */
import type { LaunchError, RankOperations, WorkerDiedError } from '../errors.js';
import type { ProcessUsage } from '../native/proc.js';
import type { ToRank } from '../protocol/control-messages.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import type { RecordedRank } from '../records/read-records.js';
import type { TakeTraced } from '../records/take-traced.js';
import type { WorkerRecord } from './worker-record.js';

/** Commands; none of them waits for a worker but `gone`. */
export interface NodeWorkers {
  /** Every worker that is known, and the agent on its node. */
  readonly entries: readonly WorkerRecord[];
  send(worldRank: number, message: ToRank): void;
  /** End a process at once; it is reported as dead, with this text and signal. */
  kill(worldRank: number, text: string, signal: string): void;
  killAll(text: string): void;
  /** Workers that a signal has stopped. */
  stopped(): readonly number[];
  /** What a worker uses; undefined when it is gone. */
  usage(worldRank: number): ProcessUsage | undefined;
  /** What a rank has done last in the task of a lease, as far as that is known here. */
  operations(rank: RecordedRank, lease: number, most: number): RankOperations | undefined;
  /** As of the head's workers' side. */
  trace(take: TakeTraced | undefined): Promise<void>;
  /** The same of a rank that still runs; undefined: nothing is known, or nobody says so in time. */
  askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined>;
  /** Whether it keeps this process alive. */
  keepAlive(active: boolean): void;
  /** Ask all to leave. From now on nobody is admitted, and no end is reported. */
  dismiss(): void;
  /** Resolves when every process is gone. */
  gone(): Promise<void>;
  /** When all processes are gone: remove what they have left. */
  close(): void;
}

/** Reports of a node's workers. */
export interface NodeEvents {
  registered(worldRank: number): void;
  /** The start cannot come to its end. */
  failed(error: LaunchError): void;
  message(worldRank: number, message: WorkerReport): void;
  /** A process is proven gone. */
  died(worldRank: number, error: WorkerDiedError): void;
  /** Somebody was cut off who is not, or is no more, one of the job's. */
  refused(text: string): void;
}
