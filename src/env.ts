/** Every environment variable that the package reads. */
import { InvalidArgumentError } from './errors.js';
import { show } from './show.js';

/** The variables, parsed. Undefined: not set, or set to nothing. */
export interface Environment {
  /** `SHOAL_DEBUG=1`: fill freed window memory with 0xFF, name lines of calls, keep all lines of stacks, and more. */
  readonly debug: boolean;
  /** `SHOAL_LOG`: level of `context.log`. */
  readonly logLevel: string;
  /** `SHOAL_WORKERS`: default of `workers`. */
  readonly workers: number | undefined;
  /** `SHOAL_TRANSPORT`: default of `transport`. */
  readonly transport: string | undefined;
  /** `SHOAL_MPIEXEC`: default of `mpiexec`. */
  readonly mpiexec: string | undefined;
  /** `SHOAL_MPI_LIBRARY`: name or path of the MPI library that the ranks open; default: by the family's names. */
  readonly mpiLibrary: string | undefined;
  /** `SHOAL_WINDOW`: default of `window`, bytes per worker or `false`. */
  readonly window: number | false | undefined;
  /** `SHOAL_TIMEOUT_MS`: default of `timeoutMs`. */
  readonly timeoutMs: number | undefined;
  /** `SHOAL_GRACE_MS`: default of `graceMs`. */
  readonly graceMs: number | undefined;
  /** `SHOAL_ANSWER_MS`: how long a pool that runs by itself may give no sign of life, or no answer. */
  readonly answerMs: number | undefined;
  /** `SHOAL_HOME`: folder in which pools that run by themselves are found; default `~/.shoal`. */
  readonly home: string | undefined;
  /** `SHOAL_NODE`: name of the node that this process is on; default: the host's name. */
  readonly node: string | undefined;
}

/** Names of all variables. */
export const variableNames = [
  'SHOAL_DEBUG',
  'SHOAL_LOG',
  'SHOAL_WORKERS',
  'SHOAL_TRANSPORT',
  'SHOAL_MPIEXEC',
  'SHOAL_MPI_LIBRARY',
  'SHOAL_WINDOW',
  'SHOAL_TIMEOUT_MS',
  'SHOAL_GRACE_MS',
  'SHOAL_ANSWER_MS',
  'SHOAL_HOME',
  'SHOAL_NODE',
] as const;

type Name = (typeof variableNames)[number];

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Read the variables. @throws {@link InvalidArgumentError} when one is not what it must be. */
export function environment(): Environment {
  const logLevel = text('SHOAL_LOG') ?? 'info';
  if (!levels.includes(logLevel)) {
    throw new InvalidArgumentError(`SHOAL_LOG: expected one of ${levels.join(', ')}, received ${show(logLevel)}`);
  }
  return {
    debug: debugIsOn(),
    logLevel,
    workers: number('SHOAL_WORKERS'),
    transport: text('SHOAL_TRANSPORT'),
    mpiexec: text('SHOAL_MPIEXEC'),
    mpiLibrary: text('SHOAL_MPI_LIBRARY'),
    window: text('SHOAL_WINDOW') === 'false' ? false : number('SHOAL_WINDOW'),
    timeoutMs: number('SHOAL_TIMEOUT_MS'),
    graceMs: number('SHOAL_GRACE_MS'),
    answerMs: number('SHOAL_ANSWER_MS'),
    home: text('SHOAL_HOME'),
    node: text('SHOAL_NODE'),
  };
}

/** Whether `SHOAL_DEBUG` is 1, whatever the others are. */
export function debugIsOn(): boolean {
  return process.env['SHOAL_DEBUG' satisfies Name] === '1';
}

/** Variables by which a process that we start finds its head; set and taken away by the package itself. */
export const jobVariableNames = ['SHOAL_HEAD'] as const;

type JobName = (typeof jobVariableNames)[number];

/** Names of what ranks on other hosts get as well: their head, and what they need before they can speak to it. */
export function rankVariableNames(): readonly string[] {
  return environment().mpiLibrary === undefined ? jobVariableNames : [...jobVariableNames, 'SHOAL_MPI_LIBRARY'];
}

/** For the processes of one job. No secret: others may read the environment of a process. */
export function jobVariables(head: string): Record<JobName, string> {
  return { SHOAL_HEAD: head };
}

/** Read them and take them out of the environment: children of this process are not of the job. */
export function takeJobVariables(): { head: string | undefined } {
  const { SHOAL_HEAD: head } = process.env as Partial<Record<JobName, string>>;
  for (const name of jobVariableNames) Reflect.deleteProperty(process.env, name);
  return { head };
}

function text(name: Name): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function number(name: Name): number | undefined {
  const given = text(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`${name}: expected a number, received ${show(given)}`);
}
