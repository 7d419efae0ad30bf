/** Starts the ranks of a job through `mpiexec`, with what each of them needs to find its head. */
import { assetPath } from '../asset.js';
import { jobVariables, rankVariableNames } from '../env.js';
import { nodeIdentity, nodeKey, readProcess } from '../native/proc.js';
import type { HeadPlace } from '../protocol/control-messages.js';
import { mpiCommand } from './command-line.js';
import { withAgent } from './hosts.js';
import type { JobOptions } from './job-options.js';
import { Mpiexec } from './mpiexec.js';
import { preloadFor } from './preload.js';

/** @param folder - Of the job: the token is in it, and the socket of its node manager is open. */
export function startRanks(options: JobOptions, agents: number, folder: string): Mpiexec {
  const { launcher, ranks, mpiexecArgs, execArgv, hosts, hostfile, startTimeoutMs, welcome } = options;
  const worldSize = ranks + agents;
  const command = mpiCommand(launcher, {
    ranks: worldSize,
    program: [process.execPath, ...execArgv, assetPath('#rank-process')],
    hosts: agents > 0 ? withAgent(hosts) : hosts,
    hostfile,
    forward: rankVariableNames(),
    extraArgs: mpiexecArgs,
    root: process.getuid?.() === 0,
    folder,
    // The agent waits inside MPI while the job starts. Over the wire a yield at each poll would cost more than that.
    preload: preloadFor(
      launcher.family,
      welcome.windowBytes === false ? ranks : worldSize,
      hosts.length === 0 && hostfile === undefined ? folder : undefined,
    ),
  });
  const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: 0 };
  const head: HeadPlace = {
    folder,
    driver: { pid, startTime },
    nodeKey: nodeKey(nodeIdentity()),
    rendezvous: welcome.rendezvous,
    startTimeoutMs,
  };
  return new Mpiexec(command, jobVariables(JSON.stringify(head)), welcome.script ? 'own' : 'none');
}
