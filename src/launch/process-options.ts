/** From a launch's options to those of its MPI jobs. */
import { LaunchError } from '../errors.js';
import type { ScriptSettings, ThreadSettings } from '../protocol/control-messages.js';
import { frameSlackBytes } from '../protocol/connection.js';
import { processArguments } from '../worker/node-arguments.js';
import type { Host } from './command-line.js';
import type { MpiLauncher } from './family.js';
import type { NodeManagersChoice } from './nodes.js';
import { Nodes } from './nodes.js';
import type { OnWorkerLost, ProcessOptions } from './epochs.js';
import type { RendezvousChoice } from './choose-rendezvous.js';
import { chooseRendezvous } from './choose-rendezvous.js';

/** What a job needs to know of a launch. */
interface Launch extends ThreadSettings {
  readonly workers: number;
  readonly windowBytes: number | false;
  readonly mpiexecArgs: readonly string[];
  readonly startTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly maxRestarts: number;
  readonly rendezvous: RendezvousChoice;
  readonly hosts: readonly Host[];
  readonly hostfile: string | undefined;
  readonly listen: string;
  readonly nodeManagers: NodeManagersChoice;
  readonly onWorkerLost: OnWorkerLost;
}

/** A message of a worker, inside one of its node manager. */
const nodeSlackBytes = 2 * frameSlackBytes;

/** @param script - For an SPMD world; undefined for a pool. */
export function processOptions(
  launcher: MpiLauncher,
  launch: Launch,
  script: ScriptSettings | undefined,
): ProcessOptions {
  const { workers, windowBytes, mpiexecArgs, startTimeoutMs, maxMessageBytes, maxRestarts } = launch;
  const { env, execArgv, resourceLimits, logDir, hosts, hostfile, listen, nodeManagers } = launch;
  const nodes = new Nodes({
    launcher,
    mpiexecArgs,
    nodeManagers,
    listen,
    maxMessageBytes: maxMessageBytes + nodeSlackBytes,
  });
  if (launch.onWorkerLost === 'continue' && launcher.family === 'mpich') {
    throw new LaunchError(
      "onWorkerLost 'continue' does not work with MPICH, which ends all ranks when one dies; leave it out, or use Open MPI",
      { family: launcher.family },
    );
  }
  // A world that runs a script needs no agent: its ranks are those that the user has asked for.
  const rendezvous = script ? 'gather' : chooseRendezvous(launch.rendezvous, launcher);
  return {
    launcher,
    ranks: workers,
    mpiexecArgs,
    hosts,
    hostfile,
    nodes,
    execArgv: execArgv ?? processArguments(process.execArgv),
    startTimeoutMs,
    maxRestarts,
    onWorkerLost: launch.onWorkerLost,
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
