/** `collective` and `context` of `shoal/worker`: without state of their own, each use looks its task up. */
import type { Collective } from './collective.js';
import type { TaskContext } from './scope.js';
import { currentScope } from './scope.js';

function bound(name: string): Collective {
  return currentScope(`collective.${name}`).collective;
}

/** A function that returns a promise rejects; it never throws. */
function awaited<R>(name: string, call: (own: Collective) => Promise<R>): Promise<R> {
  try {
    return call(bound(name));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The collectives of the task that this code belongs to. */
export const collective: Collective = {
  allreduce: (buffer, options) => awaited('allreduce', (own) => own.allreduce(buffer, options)),
  allreduceSync: (buffer, options) => bound('allreduceSync').allreduceSync(buffer, options),
  broadcast: (buffer, options) => awaited('broadcast', (own) => own.broadcast(buffer, options)),
  broadcastSync: (buffer, options) => bound('broadcastSync').broadcastSync(buffer, options),
  barrier: (options) => awaited('barrier', (own) => own.barrier(options)),
  barrierSync: (options) => {
    bound('barrierSync').barrierSync(options);
  },
  empty: (arrayClass, count) => bound('empty').empty(arrayClass, count),
  free: (array) => {
    bound('free').free(array);
  },
  current: () => bound('current'),
};

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

/** Facts of the task that this code belongs to, or of the script; reading one elsewhere throws ERR_SHOAL_NOT_IN_TASK. */
export const context: TaskContext = Object.defineProperties(
  {},
  Object.fromEntries(
    fields.map((name) => [name, { get: () => currentScope(`context.${name}`).context[name], enumerable: true }]),
  ),
) as TaskContext;
