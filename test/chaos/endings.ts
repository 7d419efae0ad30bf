/** Ways in which a random task ends, and what its driver must then see. */
import { types } from 'node:util';

/** What the driver must see of one way to end. */
export interface Ending {
  /** How often it is drawn. */
  readonly weight: number;
  /**
   * When the rank in question does it: in the middle of a loop of collectives, or after all ranks have left the loop.
   */
  readonly when: 'within' | 'after' | 'never';
  /** Codes of the errors that it gives, without `ERR_SHOAL_`; none: every rank returns. */
  readonly codes?: readonly string[];
  /** Whether every rank may return all the same. */
  readonly mayReturn?: true;
  /** Whether this is what that rank returned; default: the text `right`, as of every other rank. */
  readonly isRight?: (value: unknown) => boolean;
  /** Limit of the task in milliseconds; default: 30,000, which no task comes to that is not forgotten. */
  readonly timeoutMs?: number;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function depthOf(value: unknown): number {
  let depth = 0;
  for (let at = value; isObject(at); at = at.next) depth++;
  return depth;
}

/** By name; `tasks.ts` does what each says. */
export const endings = {
  good: { weight: 6, when: 'after' },
  // Ends of the task and of its thread.
  throw: { weight: 2, when: 'within', codes: ['TASK_FAILED'], mayReturn: true },
  exit: { weight: 3, when: 'within', codes: ['TASK_EXITED'], mayReturn: true },
  late: { weight: 1, when: 'within', codes: ['TASK_FAILED'], mayReturn: true },
  rejected: { weight: 1, when: 'within', codes: ['TASK_FAILED'], mayReturn: true },
  spin: { weight: 1, when: 'within', codes: ['TASK_TIMEOUT'], mayReturn: true, timeoutMs: 200 },
  skip: { weight: 1, when: 'within', codes: ['COLLECTIVE_MISMATCH', 'TASK_FAILED', 'PEER_FAILED'], mayReturn: true },
  // Ends that the driver makes.
  cancel: { weight: 2, when: 'never', codes: ['CANCELLED'], mayReturn: true },
  abort: { weight: 1, when: 'never', codes: ['CANCELLED'], mayReturn: true },
  timeout: { weight: 1, when: 'never', codes: ['TASK_TIMEOUT'], mayReturn: true, timeoutMs: 30 },
  // Results and errors that are hard to copy.
  deep: {
    weight: 1,
    when: 'after',
    codes: ['NOT_SERIALIZABLE'],
    mayReturn: true,
    isRight: (value) => depthOf(value) === 20_000,
  },
  cycle: { weight: 1, when: 'after', isRight: (value) => isObject(value) && value.self === value },
  proto: {
    weight: 1,
    when: 'after',
    isRight: (value) => isObject(value) && Object.hasOwn(value, '__proto__') && (value.constructor as unknown) === 1,
  },
  surrogate: { weight: 1, when: 'after', isRight: (value) => value === '\ud800 and \udc00' },
  realm: { weight: 1, when: 'after', isRight: (value) => types.isDate(value) && value.getTime() === 5 },
  large: { weight: 1, when: 'after', isRight: (value) => value instanceof Float64Array && value.length === 200_000 },
  getter: { weight: 1, when: 'after', codes: ['NOT_SERIALIZABLE', 'TASK_FAILED'] },
  blob: { weight: 1, when: 'after', codes: ['NOT_SERIALIZABLE'] },
  wrapped: { weight: 1, when: 'after', codes: ['TASK_FAILED'] },
  sharedErrors: { weight: 1, when: 'after', codes: ['TASK_FAILED'] },
  hostileError: { weight: 1, when: 'after', codes: ['TASK_FAILED'] },
  // Slips that leave the task's own result as it is.
  port: { weight: 2, when: 'after' },
  posts: { weight: 1, when: 'after' },
  prints: { weight: 1, when: 'after' },
  // One rank alone makes a call: luck says whether the others' end is seen before it is over.
  lies: { weight: 1, when: 'after', codes: ['TASK_FAILED'], mayReturn: true },
  notAwaited: { weight: 1, when: 'after', codes: ['TASK_FAILED'], mayReturn: true },
  // A write to memory that is not its own; over the wire there is none.
  slip: { weight: 1, when: 'after', codes: ['WINDOW_DAMAGED'], mayReturn: true },
} as const satisfies Readonly<Record<string, Ending>>;

/** Name of one. */
export type EndingName = keyof typeof endings;

/** What any task may get when a process dies or memory is damaged beside it. */
const besideCodes: readonly string[] = ['WORKER_DIED', 'WINDOW_DAMAGED'];

/** What is wrong with what a task on `size` workers returned; `victim` is the rank that ended in this way. */
export function faultOfResults(name: EndingName, results: readonly unknown[], size: number, victim: number): string {
  const ending: Ending = endings[name];
  if (results.length !== size) return `${results.length} results of ${size} ranks`;
  if (ending.when !== 'never' && ending.codes && !ending.mayReturn) return 'it returned, and an error was expected';
  const wrong = results.findIndex((value, rank) => {
    return rank === victim && ending.isRight ? !ending.isRight(value) : value !== 'right';
  });
  return wrong === -1 ? '' : `the result of rank ${wrong} is wrong`;
}

/** What is wrong with the error of a task. */
export function faultOfError(name: EndingName, error: unknown): string {
  const { codes = [] }: Ending = endings[name];
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code !== 'string' || !code.startsWith('ERR_SHOAL_')) return 'an error without a code of ours';
  if (String(cause).includes('wrong: ')) return 'a wrong result of a collective';
  const kind = code.slice('ERR_SHOAL_'.length);
  return [...codes, ...besideCodes].includes(kind) ? '' : `${kind} is not among what may be seen`;
}
