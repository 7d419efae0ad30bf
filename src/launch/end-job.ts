/** How the processes of a job that were asked to end do end: in order, or by force. */
import { endsWithin } from '../ends-within.js';
import type { Mpiexec } from './mpiexec.js';

/** How long ranks may take to end when asked, and how long mpiexec after SIGTERM. */
const closeLimitMs = 5_000;
const terminateLimitMs = 3_000;
/** How often it is checked whether output still comes, and how long an end that is to be quick waits for its reader. */
const checkMs = 100;
const readerLimitMs = 1_000;

/** What is to end. */
export interface EndingJob {
  readonly mpiexec: Mpiexec | undefined;
  /** Resolves when every process is gone. */
  readonly ended: Promise<unknown>;
  /** Its ranks had all registered: they end when asked. */
  readonly isStarted: boolean;
  /** Wait for a reader of the output who takes nothing for a while. */
  readonly isPatient: boolean;
  /** End every rank's process at once. */
  killAll(text: string): void;
}

/** Resolves when every process is gone. */
export async function endJob(job: EndingJob): Promise<void> {
  const orderly = job.isStarted && (await endsInOrder(job));
  if (!orderly) await endByForce(job);
}

async function endsInOrder({ mpiexec, ended, isPatient }: EndingJob): Promise<boolean> {
  for (let leftMs = closeLimitMs; leftMs > 0;) {
    const before = mpiexec?.chunks;
    if (await endsWithin(ended, checkMs)) return true;
    const isPrinting = before !== mpiexec?.chunks || mpiexec?.isStalled;
    if (isPatient && isPrinting) continue;
    leftMs -= checkMs;
    if (closeLimitMs - leftMs >= readerLimitMs && mpiexec?.isStalled) mpiexec.mute();
  }
  return false;
}

async function endByForce(job: EndingJob): Promise<void> {
  const { mpiexec, ended } = job;
  mpiexec?.mute();
  mpiexec?.terminate();
  const terminated = await endsWithin(ended, terminateLimitMs);
  mpiexec?.kill();
  if (terminated) return;
  job.killAll('was ended with its pool');
  await ended;
}
