/** Whether ranks of a task say the same of its failure. */
import { isError, PeerFailedError } from '../errors.js';
import { withoutLastOperations } from '../records/last-operations.js';

/** Whether an error is the cause once more, or that of a peer of it. */
export function saysTheSame(error: unknown, cause: unknown): boolean {
  if (error === cause) return true;
  if (!isError(error) || !isError(cause)) return false;
  if (error instanceof PeerFailedError && saysTheSame(error.cause, cause)) return true;
  return error.name === cause.name && textOf(error) === textOf(cause);
}

/** User code may have put anything there. */
function textOf({ message }: { readonly message: unknown }): unknown {
  return typeof message === 'string' ? withoutLastOperations(message) : message;
}
