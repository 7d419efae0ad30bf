/** How a rank finds the node manager of its node, and greets it. */
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.js';
import { LaunchError } from '../errors.js';
import { readToken } from '../native/job-folder.js';
import type { HeadPlace, RankRow } from '../protocol/control-messages.js';
import { greet } from '../protocol/greeting.js';
import { nodeFolder, nodeSocket } from '../protocol/node-socket.js';
import type { MpiEntry } from './mpi-entry.js';

/** How long to wait before a node manager is searched for again: at first, doubled each time, and at most. */
const searchMs = 10;
const longestSearchMs = 500;

/** On the head's node: the head is the manager there, and came before its ranks. @throws {@link LaunchError} */
export async function findHead({ folder, startTimeoutMs }: HeadPlace, entry: MpiEntry): Promise<Socket> {
  const token = readToken(folder);
  if (token === undefined) throw new LaunchError(`the driver is gone, or ${folder} cannot be read`);
  entry.token = token;
  return greetManager(nodeSocket(folder), token, startTimeoutMs);
}

/**
 * On another node: enter MPI, where the head learns that this process is there. Only then search for the node manager,
 * ever less often, since it may be started later.
 *
 * @throws {@link LaunchError}
 */
export async function findNodeManager(place: HeadPlace, row: RankRow, entry: MpiEntry): Promise<Socket> {
  const { rendezvous, startTimeoutMs } = place;
  const end = nowMs() + startTimeoutMs;
  const { rows, token } = await entry.enter(rendezvous);
  if (rows) throw new LaunchError('MPI rank 0 has to be on the node of the driver; name that host first');
  const path = nodeSocket(nodeFolder(token, row));
  for (let waitMs = searchMs; ; waitMs = Math.min(2 * waitMs, longestSearchMs)) {
    if (existsSync(path)) {
      try {
        return await greetManager(path, token, Math.max(searchMs, end - nowMs()));
      } catch (error) {
        if (nowMs() > end) throw error; // it has just begun, or ended
      }
    }
    if (nowMs() > end) throw new LaunchError(`no node manager has come within ${startTimeoutMs} ms`);
    await sleep(waitMs);
  }
}

async function greetManager(path: string, token: string, limitMs: number): Promise<Socket> {
  try {
    return await greet(() => connect(path), 'rank', token, limitMs);
  } catch (cause) {
    throw new LaunchError(`its node manager ${(cause as Error).message}`, {}, { cause });
  }
}
