/** `mpiexec -n 4 npx shoal run script.ts`: this process is a rank of a job that somebody else started. */
import { setTimeout } from '../clock.js';
import type { ScriptSettings } from '../protocol/control-messages.js';
import { joinJob, prepareForMpi } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import { worldMembers } from './members.js';
import { defaultSettings, startScriptThread } from './private-thread.js';
import type { ScriptExit } from './script-thread.js';
import { ScriptThread } from './script-thread.js';
import { endInWorld } from './world-end.js';

const pollMs = 20;

/**
 * Run the script as this rank. Resolves with its exit code. When that is 0, it resolves after every rank's script has
 * ended, since a rank that leaves MPI early would take the others along.
 */
export async function runForeignScript(
  launched: LaunchedRank,
  windowBytes: number | false,
  script: ScriptSettings,
  readerGone: () => void,
): Promise<number> {
  prepareForMpi();
  const job = await joinJob(launched, windowBytes);
  const { rank, rows, window, wire } = job;
  const members = worldMembers(rows);
  const thread = startScriptThread(rank, defaultSettings);
  const { exitCode } = await new Promise<ScriptExit>((resolve, reject) => {
    try {
      new ScriptThread(rank, members, job, script, thread, { exited: resolve, readerGone });
    } catch (error) {
      // It waits for its boot, and would keep this process.
      thread.terminate();
      reject(error);
    }
  });
  if (exitCode !== 0) return exitCode;
  const allEnded = endInWorld(rank, members.length, window.node, wire);
  while (!allEnded()) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  await job.finalize();
  return 0;
}
