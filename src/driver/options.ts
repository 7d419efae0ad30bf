/** Options of `launch`, `run` and `submit`: from what the user gives to what the parts need, every field filled. */
import { availableParallelism, totalmem } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { environment } from '../env.js';
import { InvalidArgumentError, LaunchError, show, UnsupportedError } from '../errors.js';
import { largestWindowBytes, minWindowBytes } from '../window/layout.js';

/** Options of {@link launch}. Precedence: option, `SHOAL_…` variable, default; `null` means no limit. */
export interface LaunchOptions {
  /** Workers of the pool; default: the cores this process may use. */
  readonly workers?: number;
  /** `'threads'`: worker threads of this process. `'mpi'` is not in this version. Default `'auto'`: threads. */
  readonly transport?: 'auto' | 'threads' | 'mpi';
  /** Bytes of shared window per worker; default: the least of 256 MiB, a quarter of memory per worker, and what fits 4 GiB. */
  readonly window?: number;
  /** Limit for the start in milliseconds, default 60,000. */
  readonly startTimeoutMs?: number;
  /** Default limit of every collective in milliseconds, default 1,800,000. */
  readonly timeoutMs?: number | null;
  /** Time from a cancel or time-out until a task that goes on is ended by force, in milliseconds, default 2,000. */
  readonly graceMs?: number;
  /** Tasks that may wait, default 10,000. */
  readonly maxQueue?: number | null;
  /** Bytes of arguments that may wait, default 256 MiB. */
  readonly maxQueueBytes?: number | null;
  /** Bytes of one task's arguments or of one rank's result, default 256 MiB. */
  readonly maxMessageBytes?: number | null;
  /** Communicators kept for further tasks on the same workers, default 64; 0 makes one for every task. */
  readonly communicatorCache?: number;
  /** Limits of each task thread's JavaScript heap. */
  readonly resourceLimits?: ResourceLimits;
  /** Variables added to the workers' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Node options of the workers; default: this process's. */
  readonly execArgv?: readonly string[];
  /** Aborts the launch; afterwards it has no effect. */
  readonly signal?: AbortSignal;
}

/** Options of a launch, filled and checked. */
export interface FilledLaunchOptions {
  readonly workers: number;
  readonly windowBytes: number;
  readonly startTimeoutMs: number;
  readonly timeoutMs: number | null;
  readonly graceMs: number;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxMessageBytes: number;
  readonly communicatorCache: number;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}

const MIB = 1024 * 1024;
const pageBytes = 64 * 1024;
const maxWorkers = 256;
const longestTimerMs = 2 ** 31 - 1;

/** Names of all options of `launch`. */
export const launchOptionNames: readonly (keyof LaunchOptions)[] = [
  'workers',
  'transport',
  'window',
  'startTimeoutMs',
  'timeoutMs',
  'graceMs',
  'maxQueue',
  'maxQueueBytes',
  'maxMessageBytes',
  'communicatorCache',
  'resourceLimits',
  'env',
  'execArgv',
  'signal',
];

/** Check and fill. @throws {@link InvalidArgumentError}, {@link UnsupportedError}, {@link LaunchError} */
export function fillLaunchOptions(options: LaunchOptions): FilledLaunchOptions {
  assertOptions('launch', options, launchOptionNames);
  const env = environment();
  checkTransport(first(options.transport, env.transport, 'auto'));
  const workers = integer(
    'launch',
    'workers',
    first(options.workers, env.workers, availableParallelism()),
    1,
    maxWorkers,
  );
  return {
    workers,
    windowBytes: windowBytes(first(options.window, env.window, undefined), workers),
    startTimeoutMs: Math.min(
      limit('launch', 'startTimeoutMs', options.startTimeoutMs, 60_000, false) ?? Infinity,
      longestTimerMs,
    ),
    timeoutMs: limit(
      'launch',
      'timeoutMs',
      first<number | null | undefined>(options.timeoutMs, env.timeoutMs, undefined),
      1_800_000,
    ),
    graceMs: integer('launch', 'graceMs', first(options.graceMs, env.graceMs, 2_000), 0, longestTimerMs),
    maxQueue: limit('launch', 'maxQueue', options.maxQueue, 10_000) ?? Infinity,
    maxQueueBytes: limit('launch', 'maxQueueBytes', options.maxQueueBytes, 256 * MIB) ?? Infinity,
    maxMessageBytes: limit('launch', 'maxMessageBytes', options.maxMessageBytes, 256 * MIB) ?? Infinity,
    communicatorCache: integer(
      'launch',
      'communicatorCache',
      first(options.communicatorCache, undefined, 64),
      0,
      65_536,
    ),
    resourceLimits: options.resourceLimits,
    env: options.env,
    execArgv: options.execArgv,
    signal: checkSignal('launch', options.signal),
  };
}

/** Refuse unknown names: a misspelt option is an error. */
export function assertOptions(what: string, options: object | null, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError(`${what}: expected options to be an object, received ${show(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (names.includes(key)) continue;
    throw new InvalidArgumentError(`${what}: expected options among ${names.join(', ')}, received ${show(key)}`, {
      option: key,
    });
  }
}

/** An integer in a range. */
export function integer(what: string, name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(
    `${what}: expected ${name} to be an integer from ${least} to ${most}, received ${show(value)}`,
    { option: name },
  );
}

/** A limit: a number above 0, or `null` for none. */
export function limit(
  what: string,
  name: string,
  value: unknown,
  fallback: number | null,
  nullable = true,
): number | null {
  if (value === undefined) return fallback;
  if (value === null && nullable) return null;
  if (typeof value === 'number' && value > 0) return value;
  throw new InvalidArgumentError(
    `${what}: expected ${name} to be a number above 0${nullable ? ', or null for no limit' : ''}, received ${show(value)}`,
    { option: name },
  );
}

/** An AbortSignal or nothing. */
export function checkSignal(what: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new InvalidArgumentError(`${what}: expected signal to be an AbortSignal, received ${show(signal)}`, {
    option: 'signal',
  });
}

/** Option, variable, default: the first that is given. `null` is given: it means no limit, or is refused. */
export function first<T>(option: T | undefined, variable: T | undefined, fallback: T): T {
  if (option !== undefined) return option;
  return variable === undefined ? fallback : variable;
}

function checkTransport(transport: string): void {
  if (transport === 'auto' || transport === 'threads') return;
  if (transport === 'mpi') {
    throw new UnsupportedError("launch: transport 'mpi' is not in this version; use 'threads', which needs no MPI");
  }
  throw new InvalidArgumentError(`launch: expected transport to be auto, threads or mpi, received ${show(transport)}`, {
    option: 'transport',
  });
}

function windowBytes(given: number | undefined, workers: number): number {
  const largest = largestWindowBytes(workers);
  const byDefault = Math.min(256 * MIB, totalmem() / 4 / workers, largest);
  const wanted = given !== undefined ? given : Math.max(minWindowBytes, byDefault);
  if (typeof wanted !== 'number' || !(wanted >= minWindowBytes)) {
    throw new InvalidArgumentError(
      `launch: expected window to be at least ${minWindowBytes} bytes per worker, received ${show(wanted)}`,
      { option: 'window' },
    );
  }
  const rounded = Math.floor(wanted / pageBytes) * pageBytes;
  if (rounded <= largest) return rounded;
  throw new LaunchError(
    `launch: ${workers} workers with a window of ${wanted} bytes each do not fit the 4 GiB of one host; ` +
      `the largest window that does is ${largest} bytes`,
    { largestWindowBytes: largest },
  );
}
