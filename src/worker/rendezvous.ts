/** Inside MPI: the workers part from the agent, and everybody's row comes to it. */
import { LaunchError } from '../errors.js';
import type { MpiAddon } from '../native/mpi.js';
import type { RankRow, Rendezvous } from '../protocol/control-messages.js';
import { isToken } from '../protocol/token.js';
import { exchangeRows, gatherRows } from './row-exchange.js';

/** Of the agent, in MPI's world. */
const agentRank = 0;
const intercommTag = 7;
/** `root` of a gather over an intercommunicator, on the rank that receives. */
const itself = -1;
/** Room for the name of a port, and for a token. */
const portBytes = 1024;
const tokenBytes = 128;

/** The number of MPI's rank among the workers; undefined: it is the agent, which stands for the head. */
export function worldRankOf(rank: number, method: Rendezvous): number | undefined {
  if (method === 'gather') return rank;
  return rank === agentRank ? undefined : rank - 1;
}

/** What a rank has after the rendezvous. */
export interface RendezvousResult {
  readonly mpi: MpiAddon;
  /** Communicator of the workers; undefined on the agent. */
  readonly workers: number | undefined;
  /** Everybody's, on MPI's rank 0. */
  readonly rows: readonly RankRow[] | undefined;
  /** The job's: the ranks of the head's node have it from its folder, the others from them. */
  readonly token: string;
}

/**
 * Part the workers from the agent and gather all rows. Collective over the world. It waits without limit for a rank
 * that does not come; the head notices that and ends the job.
 *
 * @param known - The job's token; undefined: this rank is to learn it.
 */
export async function performRendezvous(
  mpi: MpiAddon,
  method: Rendezvous,
  row: RankRow,
  known: string | undefined,
): Promise<RendezvousResult> {
  const [rank, size] = [mpi.rank(0), mpi.size(0)];
  const tokens = await exchangeRows<string>(mpi, 0, known ?? '', tokenBytes);
  const token = known ?? tokens.find(isToken);
  if (token === undefined) throw new LaunchError('no rank is on the node of the driver; name that host first');
  if (method === 'gather') {
    const rows = await gatherRows<RankRow>(mpi, 0, row, 0, rank === 0 ? size : 0);
    return { mpi, workers: 0, rows: rank === 0 ? rows : undefined, token };
  }
  const isAgent = worldRankOf(rank, method) === undefined;
  const side = await mpi.split(0, isAgent ? 0 : 1, rank);
  const between =
    method === 'intercomm'
      ? await mpi.intercommCreate(side, 0, isAgent ? agentRank + 1 : agentRank, intercommTag)
      : await acceptOrConnect(mpi, side, isAgent);
  const rows = await gatherRows<RankRow>(mpi, between, row, isAgent ? itself : 0, isAgent ? size - 1 : 0);
  if (method === 'intercomm') await mpi.free(between);
  else await mpi.disconnect(between);
  return isAgent ? { mpi, workers: undefined, rows, token } : { mpi, workers: side, rows: undefined, token };
}

/** The name of the agent's port goes through the world: no name server. */
async function acceptOrConnect(mpi: MpiAddon, side: number, isAgent: boolean): Promise<number> {
  const name = isAgent ? Buffer.from(await mpi.openPort()).toString() : '';
  const [port = ''] = await exchangeRows<string>(mpi, 0, name, portBytes);
  return isAgent ? mpi.accept(port, side) : mpi.connect(port, side);
}
