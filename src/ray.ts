/**
 * `shoal/ray`: what code that is ported from `ray.util.collective` imports. Importing it has no side effect.
 *
 * @module shoal/ray
 */
import './worker.js';

export {
  createCollectiveGroup,
  destroyCollectiveGroup,
  getCollectiveGroupSize,
  getRank,
  initCollectiveGroup,
  isGroupInitialized,
} from './ray/groups.js';
export { allgather, allreduce, barrier, broadcast, recv, reduce, reducescatter, send } from './ray/collectives.js';
export { ReduceOp } from './ray/reduce-op.js';
