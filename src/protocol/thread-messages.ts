/** What comes from a task thread is checked before it is believed: user code runs there. */
import type { FromThread, Outcome } from './messages.js';

type Fields = Readonly<Record<string, unknown>>;

/** Calls in flight that a thread tells of. */
export const maxCalls = 8;
/** Longest text of a thread that goes into a warning. */
const textLimit = 16_384;

/** The message, if it is one; undefined: it is not what the protocol allows. */
export function checkFromThread(given: unknown): FromThread | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const fields = given as Fields;
  const { type, taskId, lease, rank, message } = fields;
  switch (type) {
    case 'ready':
      return { type };
    case 'outcome': {
      const outcome = isCount(lease) && typeof taskId === 'string' ? checkOutcome(fields.outcome) : undefined;
      return outcome && (given as FromThread);
    }
    case 'warning':
      return typeof message === 'string' ? { type, message: message.slice(0, textLimit) } : undefined;
    case 'stray':
      return isBytes(fields.error) ? (given as FromThread) : undefined;
    case 'stuck':
      return isCount(lease) && isCount(rank) && typeof taskId === 'string' ? (given as FromThread) : undefined;
    default:
      return undefined;
  }
}

/** How a thread says that its part of a task has ended: that it is gone itself, others say. */
function checkOutcome(given: unknown): Outcome | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { kind, value, error, origin, replaceThread, aborted, sequence, sent, received, inFlight } = given as Fields;
  if (inFlight !== undefined && !isCallList(inFlight)) return undefined;
  if (kind === 'returned') {
    const isWhole = isBytes(value) && [sequence, sent, received].every(isCount) && typeof aborted === 'boolean';
    return isWhole ? (given as Outcome) : undefined;
  }
  const hasOrigin = origin === 'task' || origin === 'load' || origin === 'result';
  const isWhole = kind === 'threw' && isBytes(error) && hasOrigin && typeof replaceThread === 'boolean';
  return isWhole ? (given as Outcome) : undefined;
}

/** Calls that were in flight when a function ended: a few, and short ones. */
function isCallList(given: unknown): boolean {
  if (!Array.isArray(given) || given.length > maxCalls) return false;
  return given.every((call: unknown) => {
    const { operation, sequence, at } = (call ?? {}) as Fields;
    const isShort = (text: unknown): boolean => typeof text === 'string' && text.length <= textLimit;
    return isShort(operation) && isCount(sequence) && (at === undefined || isShort(at));
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
