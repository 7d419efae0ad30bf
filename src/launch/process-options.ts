/** From a launch's options to those of its MPI jobs. */
import type { ScriptSettings, ThreadSettings } from '../protocol/control-messages.js';
import type { MpiLauncher } from './family.js';
import type { ProcessOptions } from './process-workers.js';
import type { RendezvousChoice } from './rendezvous.js';
import { chooseRendezvous } from './rendezvous.js';

/** What a job needs to know of a launch. */
interface Launch extends ThreadSettings {
  readonly workers: number;
  readonly windowBytes: number | false;
  readonly mpiexecArgs: readonly string[];
  readonly startTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly maxRestarts: number;
  readonly rendezvous: RendezvousChoice;
}

/** Options that would make every rank open the same port, or run other code than ours. */
const driverOnly = /^--(inspect|eval|print|check|test|watch)/;

/** @param script - For an SPMD world; undefined for a pool. */
export function processOptions(
  launcher: MpiLauncher,
  launch: Launch,
  script: ScriptSettings | undefined,
): ProcessOptions {
  const { workers, windowBytes, mpiexecArgs, startTimeoutMs, maxMessageBytes, maxRestarts } = launch;
  const { env, execArgv, resourceLimits, logDir } = launch;
  // A world that runs a script needs no agent: its ranks are those that the user has asked for.
  const rendezvous = script ? 'gather' : chooseRendezvous(launch.rendezvous, launcher.family);
  return {
    launcher,
    ranks: workers,
    mpiexecArgs,
    execArgv: execArgv ?? process.execArgv.filter((argument) => !driverOnly.test(argument)),
    startTimeoutMs,
    maxRestarts,
    welcome: {
      rendezvous,
      windowBytes,
      startTimeoutMs,
      maxMessageBytes,
      threads: { env, execArgv, resourceLimits, logDir },
      script,
    },
  };
}
