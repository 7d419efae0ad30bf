/** Whether ranks of a task say the same of its failure. */
import { PeerFailedError } from '../errors.js';
import { isError } from '../show.js';
import { withoutLastOperations } from '../records/last-operations.js';

/** Steps of a chain of failed peers; user code may have made a circle. */
const mostPeers = 8;

/** Whether an error is the cause once more, or that of a peer of it. */
export function saysTheSame(error: unknown, cause: unknown): boolean {
  let own = error;
  for (let step = 0; step < mostPeers; step++) {
    if (own === cause) return true;
    if (!isError(own) || !isError(cause)) return false;
    if (own.name === cause.name && textOf(own) === textOf(cause)) return true;
    if (!(own instanceof PeerFailedError)) return false;
    own = own.cause;
  }
  return false;
}

/** User code may have put anything there. */
function textOf({ message }: { readonly message: unknown }): unknown {
  return typeof message === 'string' ? withoutLastOperations(message) : message;
}
