/** What a rank is once it has joined its job: a worker that runs tasks, or a rank of a world that runs a script. */
import type { ToRank } from '../protocol/control-messages.js';
import type { JoinedJob } from './join-job.js';
import type { PrivateThread } from './private-thread.js';

/** What such a rank is told. The control side itself does what concerns the process, its start and the window. */
export type RankMessage = Exclude<ToRank, { type: 'welcome' | 'adopted' | 'abort' | 'markDead' | 'close' }>;

/** Constructed when the job is joined; the agent has none. */
export interface JoinedRank {
  readonly job: JoinedJob;
  /** Give the thread, which has loaded itself meanwhile, its boot, and tell the head that this rank is registered. */
  start(thread: PrivateThread): Promise<void>;
  receive(message: RankMessage): void;
  /** What the head has said before it says something of a task has been seen, wherever it was put. */
  settle(): void;
  /** End the thread; resolves when it is gone. */
  close(): Promise<void>;
  /** Leave MPI when nothing of this rank is on its way there; after `close`. */
  leaveMpi(): Promise<void>;
}
