/** `mpiexec -n 4 npx shoal run script.ts`: this process is a rank of a job that somebody else started. */
import type { ScriptSettings } from '../protocol/control-messages.js';
import { UnsupportedError } from '../errors.js';
import { joinJob, prepareForMpi } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import type { ScriptExit } from './script-thread.js';
import { ScriptThread, worldGrant } from './script-thread.js';

const lookMs = 20;

/**
 * Run the script as this rank. Resolves with its exit code: when that is 0, after every rank's script has ended, since a
 * rank that leaves MPI early would take the others along.
 */
export async function runForeignScript(
  launched: LaunchedRank,
  windowBytes: number | false,
  script: ScriptSettings,
): Promise<number> {
  prepareForMpi();
  const { mpi, rank, rows, window } = await joinJob(launched, windowBytes);
  if (!window) throw new UnsupportedError('a world without a shared window is not in this version');
  const members = rows.map(({ rank: member, pid, hostname }) => ({ rank: member, worldRank: member, pid, hostname }));
  const threads = { env: undefined, execArgv: undefined, resourceLimits: undefined };
  const { exitCode } = await new Promise<ScriptExit>((resolve) => {
    new ScriptThread(rank, members, window, script, threads, resolve);
  });
  if (exitCode !== 0) return exitCode;
  while (members.some((member) => !window.node.isDead(worldGrant.slot, member.rank))) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  await mpi.finalize();
  return 0;
}
