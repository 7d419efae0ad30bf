/** Groups by name, with Ray's calls and order of arguments. */
import { toCaller } from '../caller-lines.js';
import { counted } from '../grammar.js';
import { currentScope } from '../collective/scope.js';
import { CollectiveMismatchError, InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { assertNew, bind, groupOf, isBound, unbind } from './bound-groups.js';

/** What Ray calls the ways that bytes go. Here the pool has chosen: none of them changes anything. */
const backends = ['shoal', 'mpi', 'gloo', 'torch_gloo', 'nccl', 'hccl'];

/**
 * Give the ranks of this task a group with a name. Every rank calls it, with its own `rank`.
 *
 * The bytes go as they go in the pool: `backend` is taken for code that is ported, and changes nothing. Awaited, since the
 * ranks compare what they say; in Ray the call blocks.
 *
 * @param worldSize - Ranks of the group: those of the task.
 * @param rank - This rank in the group, such as `context.rank`; another order makes a group of its own.
 * @throws {@link InvalidArgumentError} on this rank for arguments that cannot be, and for a name that has a group.
 * @throws {@link CollectiveMismatchError} on every rank, when the ranks do not say the same, or two have one rank.
 * @example
 * await initCollectiveGroup(context.size, context.rank, 'gloo', 'gradients');
 * await allreduce(x, 'gradients');
 * @see ray.util.collective.init_collective_group
 */
export async function initCollectiveGroup(
  worldSize: number,
  rank: number,
  backend: string = 'shoal',
  groupName: string = 'default',
): Promise<void> {
  const what = 'initCollectiveGroup';
  const { collective, context } = currentScope(what);
  assertNew(what, groupName);
  checkBackend(what, backend);
  if (worldSize !== context.size) {
    throw toCaller(
      new InvalidArgumentError(
        `${what}: expected worldSize to be ${context.size}, the ranks of this task, received ${show(worldSize)}. Start the ` +
          `task with workers: ${show(worldSize)}, or declare a smaller group with createCollectiveGroup`,
      ),
    );
  }
  checkRank(what, 'rank', rank, worldSize);
  const ranks = [...(await collective.allgather(Int32Array.of(rank), { name: `${what} ${groupName}` }))];
  if (new Set(ranks).size !== worldSize) {
    throw toCaller(
      new CollectiveMismatchError(
        `${what}: expected each rank from 0 to ${worldSize - 1} once, received ${ranks.join(', ')} of the task's ranks`,
        { calls: ranks.map((given, of) => ({ rank: of, call: `${what}(${worldSize}, ${given})` })) },
      ),
    );
  }
  await bindRanks(what, groupName, [...ranks.keys()], ranks);
}

/**
 * Declare a group of some ranks of this task: its members call it, all with the same arguments. In Ray the driver does so
 * for its actors; here the task is where the ranks are.
 *
 * @param actors - The members, as ranks of this task.
 * @param worldSize - Ranks of the group.
 * @param ranks - The rank of each member in the group.
 * @throws {@link InvalidArgumentError} for lists that do not fit, and for a name that has a group.
 * @example
 * if (context.rank < 3) await createCollectiveGroup([0, 1, 2], 3, [2, 1, 0], 'gloo', 'reversed');
 * @see ray.util.collective.create_collective_group
 */
export async function createCollectiveGroup(
  actors: readonly number[],
  worldSize: number,
  ranks: readonly number[],
  backend: string = 'shoal',
  groupName: string = 'default',
): Promise<void> {
  const what = 'createCollectiveGroup';
  const { context } = currentScope(what);
  assertNew(what, groupName);
  checkBackend(what, backend);
  if (typeof worldSize !== 'number' || !Number.isInteger(worldSize) || worldSize < 1) {
    throw toCaller(
      new InvalidArgumentError(`${what}: expected worldSize to be an integer above 0, received ${show(worldSize)}`),
    );
  }
  checkList(what, 'actors', actors, worldSize, context.size);
  checkList(what, 'ranks', ranks, worldSize, worldSize);
  if (!actors.includes(context.rank)) {
    throw toCaller(
      new InvalidArgumentError(
        `${what}: expected this rank, ${context.rank}, to be one of actors, ${actors.join(', ')}; the members alone call it`,
      ),
    );
  }
  await bindRanks(what, groupName, actors, ranks);
}

/**
 * Give the name of a group up on this rank: local, as in Ray. Calls of it are errors afterwards, and the name may be used
 * again.
 *
 * @throws {@link InvalidArgumentError} when there is none.
 * @example destroyCollectiveGroup('gradients');
 * @see ray.util.collective.destroy_collective_group
 */
export function destroyCollectiveGroup(groupName: string = 'default'): void {
  unbind('destroyCollectiveGroup', groupName);
}

/**
 * Whether a name has a group on this rank.
 *
 * @example
 * const { size, rank } = context;
 * if (!isGroupInitialized('gradients')) await initCollectiveGroup(size, rank, 'gloo', 'gradients');
 * @see ray.util.collective.is_group_initialized
 */
export function isGroupInitialized(groupName: string = 'default'): boolean {
  return isBound('isGroupInitialized', groupName);
}

/**
 * This rank in a group.
 *
 * @throws {@link InvalidArgumentError} when the name has none on this rank, where Ray gives −1.
 * @example if (getRank('gradients') === 0) console.log(loss);
 * @see ray.util.collective.get_rank
 */
export function getRank(groupName: string = 'default'): number {
  return groupOf('getRank', groupName).rank;
}

/**
 * Ranks of a group.
 *
 * @throws {@link InvalidArgumentError} when the name has none on this rank, where Ray gives −1.
 * @example
 * const mean = total / getCollectiveGroupSize('gradients');
 * @see ray.util.collective.get_collective_group_size
 */
export function getCollectiveGroupSize(groupName: string = 'default'): number {
  return groupOf('getCollectiveGroupSize', groupName).size;
}

/**
 * Bind a name to the group in which rank `actors[i]` of the task is rank `ranks[i]`. Groups do not hear of each other: the
 * task's own group serves the default name alone.
 */
async function bindRanks(
  what: string,
  groupName: string,
  actors: readonly number[],
  ranks: readonly number[],
): Promise<void> {
  const { collective, context } = currentScope(what);
  const order = actors.map((_, rank) => actors[ranks.indexOf(rank)] ?? -1);
  const isOwn =
    groupName === 'default' && order.length === context.size && order.every((actor, rank) => actor === rank);
  if (isOwn) {
    const release = (): void => undefined;
    bind(what, groupName, { collective: collective.current(), rank: context.rank, size: context.size, release });
    return;
  }
  const group = await collective.group(order);
  const release = (): void => {
    group.close();
  };
  bind(what, groupName, { collective: group, rank: group.rank, size: group.size, release });
}

function checkBackend(what: string, backend: unknown): void {
  if (typeof backend === 'string' && backends.includes(backend.toLowerCase())) return;
  throw toCaller(
    new InvalidArgumentError(
      `${what}: expected backend to be one of ${backends.join(', ')}, received ${show(backend)}; none changes how bytes go`,
    ),
  );
}

function checkRank(what: string, role: string, rank: unknown, size: number): void {
  if (typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 && rank < size) return;
  throw toCaller(
    new InvalidArgumentError(`${what}: expected ${role} to be a rank from 0 to ${size - 1}, received ${show(rank)}`),
  );
}

/** As many different ranks as the group has. */
function checkList(what: string, role: string, list: unknown, length: number, limit: number): void {
  if (!Array.isArray(list) || list.length !== length) {
    const received = Array.isArray(list) ? `${list.length}` : show(list);
    throw toCaller(
      new InvalidArgumentError(
        `${what}: expected ${role} to be a list of ${counted(length, 'rank')}, received ${received}`,
      ),
    );
  }
  for (const [index, rank] of list.entries()) checkRank(what, `${role}[${index}]`, rank, limit);
  if (new Set(list).size === length) return;
  throw toCaller(
    new InvalidArgumentError(`${what}: expected ${role} to have each rank once, received ${list.join(', ')}`),
  );
}
