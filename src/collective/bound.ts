/** `collective` and `context` of `shoal/worker`: without state of their own, each use finds its task anew. */
import { operations } from '../operations/index.js';
import { messageMethodNames } from '../operations/message-operation.js';
import { messageOperations } from '../operations/messages.js';
import { aliases, methodNames } from '../operations/operation.js';
import type { Collective } from './collective.js';
import type { TaskContext } from './scope.js';
import { currentScope } from './scope.js';

/** No method takes more than five arguments; a list of any length would cost each call some time. */
type Method = (first?: unknown, second?: unknown, third?: unknown, fourth?: unknown, fifth?: unknown) => unknown;

function methodOf(name: keyof Collective): Method {
  const what = `collective.${name}`;
  return (first, second, third, fourth, fifth) => {
    const own = currentScope(what).collective as unknown as Readonly<Record<string, Method>>;
    return own[name]?.(first, second, third, fourth, fifth);
  };
}

/** A function that returns a promise rejects; it never throws. */
function awaitedMethodOf(name: keyof Collective): Method {
  const method = methodOf(name);
  return (first, second, third, fourth, fifth) => {
    try {
      return method(first, second, third, fourth, fifth);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

const groupMethods = ['split', 'group', 'cart'] as const;
const awaitedMethods = new Set([
  ...[...operations, ...messageOperations].map(({ name }) => name),
  ...groupMethods,
  'reducescatter',
]);
const methods: readonly (keyof Collective)[] = [
  ...(operations.flatMap(methodNames) as (keyof Collective)[]),
  ...(messageOperations.flatMap(messageMethodNames) as (keyof Collective)[]),
  ...groupMethods,
  'splitSync',
  'groupSync',
  'cartSync',
  ...(Object.keys(aliases) as (keyof Collective)[]),
  'bucket',
  'empty',
  'free',
  'current',
];

/**
 * The collectives of the task that this code belongs to.
 *
 * @example
 * // mean.ts
 * import { collective } from 'shoal/worker';
 *
 * export async function mean(x: Float32Array): Promise<Float32Array> {
 *   return collective.allreduce(x, { op: 'avg' }); // over the ranks of the task that has called this
 * }
 */
export const collective: Collective = Object.defineProperties(
  Object.fromEntries(methods.map((name) => [name, awaitedMethods.has(name) ? awaitedMethodOf(name) : methodOf(name)])),
  Object.fromEntries(
    (['rank', 'size'] as const).map((name) => [
      name,
      { get: () => currentScope(`collective.${name}`).collective[name], enumerable: true },
    ]),
  ),
) as unknown as Collective;

const fields = [
  'rank',
  'size',
  'worldRank',
  'localRank',
  'node',
  'taskId',
  'attempt',
  'signal',
  'post',
  'log',
  'collectiveMs',
] as const satisfies readonly (keyof TaskContext)[];

/**
 * Facts of the task that this code belongs to, or of the script; reading one elsewhere throws ERR_SHOAL_NOT_IN_TASK.
 *
 * @example
 * import { context } from 'shoal/worker';
 *
 * console.log(`rank ${context.rank} of ${context.size}, on ${context.node}`);
 */
export const context: TaskContext = Object.defineProperties(
  {},
  Object.fromEntries(
    fields.map((name) => [name, { get: () => currentScope(`context.${name}`).context[name], enumerable: true }]),
  ),
) as TaskContext;
