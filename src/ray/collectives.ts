/**
 * The collectives of `ray.util.collective`, with its order of arguments: in place, and without a result.
 *
 * In Ray they block; here they are awaited. A failure is a typed error, where Ray returns a sentinel or waits.
 */
import { toCaller } from '../caller-lines.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { NumericBuffer } from '../types/buffers.js';
import type { AnyReduceOptions } from '../types/reduce-options.js';
import { groupOf } from './bound-groups.js';
import { ReduceOp } from './reduce-op.js';

/**
 * Every rank's tensor becomes the reduction over all ranks.
 *
 * @throws Here and below {@link InvalidArgumentError} for a name without a group, and otherwise as the same call of
 * `shoal/worker`.
 * @example await allreduce(gradients, 'default', ReduceOp.SUM);
 * @see ray.util.collective.allreduce
 */
export async function allreduce(
  tensor: NumericBuffer,
  groupName: string = 'default',
  op: ReduceOp = ReduceOp.SUM,
): Promise<void> {
  const { collective } = groupOf('allreduce', groupName);
  await collective.allreduce(tensor, optionsOf(op));
}

/**
 * The tensor of `dstRank` becomes the reduction over all ranks; the others stay as they are.
 *
 * @example
 * const losses = Float64Array.of(loss);
 * await reduce(losses, 0);
 * @see ray.util.collective.reduce
 */
export async function reduce(
  tensor: NumericBuffer,
  dstRank: number = 0,
  groupName: string = 'default',
  op: ReduceOp = ReduceOp.SUM,
): Promise<void> {
  const { collective } = groupOf('reduce', groupName);
  await collective.reduce(tensor, { ...optionsOf(op), root: dstRank });
}

/**
 * Every rank's tensor becomes that of `srcRank`.
 *
 * @example await broadcast(weights, 0);
 * @see ray.util.collective.broadcast
 */
export async function broadcast(
  tensor: NumericBuffer,
  srcRank: number = 0,
  groupName: string = 'default',
): Promise<void> {
  const { collective } = groupOf('broadcast', groupName);
  await collective.broadcast(tensor, { root: srcRank });
}

/**
 * Tensor i of the list becomes that of rank i, on every rank.
 *
 * @param tensorList - One for each rank, each as long as `tensor`.
 * @example
 * const all = Array.from({ length: getCollectiveGroupSize() }, () => new Float32Array(4));
 * await allgather(all, mine);
 * @see ray.util.collective.allgather
 */
export async function allgather(
  tensorList: readonly NumericBuffer[],
  tensor: NumericBuffer,
  groupName: string = 'default',
): Promise<void> {
  const { collective } = groupOf('allgather', groupName);
  assertList('allgather', tensorList);
  await collective.allgather(tensor, { out: tensorList });
}

/**
 * The tensor of rank i becomes the reduction over all ranks' tensor i of the list. The list stays as it is.
 *
 * @param tensorList - One for each rank, each as long as `tensor`.
 * @example await reducescatter(mine, parts);
 * @see ray.util.collective.reducescatter
 */
export async function reducescatter(
  tensor: NumericBuffer,
  tensorList: readonly NumericBuffer[],
  groupName: string = 'default',
  op: ReduceOp = ReduceOp.SUM,
): Promise<void> {
  const { collective } = groupOf('reducescatter', groupName);
  assertList('reducescatter', tensorList);
  await collective.reduceScatter(tensorList, { ...optionsOf(op), out: tensor });
}

/**
 * Send a tensor to one other rank.
 *
 * @throws {@link InvalidArgumentError} to this rank itself, as in Ray.
 * @example
 * if (getRank() === 0) await send(x, 1);
 * else if (getRank() === 1) await recv(x, 0);
 * @see ray.util.collective.send
 */
export async function send(tensor: NumericBuffer, dstRank: number, groupName: string = 'default'): Promise<void> {
  const { collective, rank } = groupOf('send', groupName);
  assertOther('send', 'dstRank', dstRank, rank);
  await collective.send(tensor, dstRank);
}

/**
 * Receive a tensor of one other rank. A message that is shorter leaves the elements behind it as they were.
 *
 * @throws {@link InvalidArgumentError} from this rank itself, as in Ray.
 * @example
 * if (getRank() === 1) await recv(x, 0);
 * else if (getRank() === 0) await send(x, 1);
 * @see ray.util.collective.recv
 */
export async function recv(tensor: NumericBuffer, srcRank: number, groupName: string = 'default'): Promise<void> {
  const { collective, rank } = groupOf('recv', groupName);
  assertOther('recv', 'srcRank', srcRank, rank);
  await collective.recv(tensor, srcRank);
}

/**
 * Wait until every rank has called it.
 *
 * @example await barrier();
 * @see ray.util.collective.barrier
 */
export async function barrier(groupName: string = 'default'): Promise<void> {
  await groupOf('barrier', groupName).collective.barrier();
}

/** The rows check the rest, also what only untyped code can give. */
function optionsOf(op: ReduceOp): AnyReduceOptions {
  return { op };
}

function assertList(what: string, list: unknown): void {
  if (Array.isArray(list)) return;
  throw toCaller(
    new InvalidArgumentError(
      `${what}: expected tensorList to be a list of tensors, one for each rank, received ${show(list)}`,
    ),
  );
}

function assertOther(what: string, role: string, given: number, rank: number): void {
  if (given !== rank) return;
  throw toCaller(
    new InvalidArgumentError(
      `${what}: expected ${role} to be another rank than this one, ${rank}; copy the tensor, or use collective.${what}`,
    ),
  );
}
