/** `shoal submit`: one task on a pool that runs by itself. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { setTimeout } from '../clock.js';
import { InvalidArgumentError, ShoalError, TaskFailedError } from '../errors.js';
import { connectHead, poolOf } from '../driver/connect-head.js';
import type { RemoteHead } from '../driver/remote-head.js';
import { failureOf } from '../driver/task-ending.js';
import type { UntypedRunOptions } from '../driver/task-options.js';
import type { Placement } from '../protocol/pool-messages.js';
import { numberOption } from './number-option.js';
import { reportError } from './report-error.js';
import { addressOption } from './use-pool.js';
import { printTo } from './print-to.js';
import { lookAtLogsMs, WorkerLogs } from './worker-logs.js';

interface Flags {
  workers?: number;
  export?: string;
  name?: string;
  timeoutMs?: number;
  maxRetries?: number;
  placement?: Placement;
  priority?: number;
  address?: string;
  detach?: boolean;
  output: boolean;
  json?: boolean;
  verbose?: boolean;
}

/** How its end is told. */
interface Telling {
  readonly output: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** The command; everything after `file` is the function's. */
export function submitCommand(): Command {
  return new Command('submit')
    .summary('run one task on a pool')
    .description(
      "Run an exported function on workers of a pool, print what each rank returns, one JSON value a line. The task's id, " +
        'its output and its failure go to standard error.',
    )
    .argument('<file>', 'module, .js or .ts')
    .argument('[args...]', "the function's arguments: each as JSON where it is JSON, else as text")
    .option('-n, --workers <number>', 'ranks of the task (default: 1)', numberOption)
    .option('--export <name>', 'function of the module (default: default)')
    .option('--name <name>', 'label in lists')
    .option('--timeout-ms <ms>', 'limit from its assignment', numberOption)
    .option('--max-retries <number>', 'how often to run again after the death of a worker', numberOption)
    .option('--placement <how>', 'pack (default), spread, strict-pack or strict-spread')
    .option('--priority <number>', 'higher ones start first: -1000 to 1000 (default: 0)', numberOption)
    .option('--detach', 'print the id of the task and return; it goes on (shoal tasks, logs, cancel)')
    .option('--no-output', 'do not show what the task prints')
    .option('--json', 'print one JSON object: task, and results or error')
    .option(...addressOption)
    .passThroughOptions()
    .action(
      async (
        file: string,
        args: string[],
        { address, detach, output, json = false, verbose = false, ...options }: Flags,
      ) => {
        const run: UntypedRunOptions = { ...options, args: args.map(parse) };
        const head = await connectHead(address);
        try {
          if (detach) await submitDetached(head, resolve(file), run, json);
          else await submitAndWait(head, resolve(file), run, { output, json, verbose });
        } finally {
          await head.close(true);
        }
      },
    );
}

async function submitDetached(head: RemoteHead, path: string, run: UntypedRunOptions, json: boolean): Promise<void> {
  head.detaching = true;
  const handle = poolOf(head).submit(path, run);
  await handle.result();
  process.stdout.write(json ? `${toJson({ task: handle.id })}\n` : `${handle.id}\n`);
}

async function submitAndWait(
  head: RemoteHead,
  path: string,
  run: UntypedRunOptions,
  { output, json, verbose }: Telling,
): Promise<void> {
  const ranks = head.status.workers.map(({ worldRank }) => worldRank);
  const isKept = output && head.logDir !== undefined;
  const logs = isKept ? new WorkerLogs(head.logDir, ranks, printTo(process.stderr)) : undefined;
  // Before the task can print.
  logs?.skip();
  const handle = poolOf(head).submit(path, run);
  logs?.only(handle.id);
  process.stderr.write(`task ${handle.id}\n`);
  process.once('SIGINT', () => {
    handle.cancel(new Error('SIGINT'));
  });
  const result = handle.result();
  // Its failure is read when its output has been shown.
  const ended = result.then(
    () => true,
    () => true,
  );
  const later = (): Promise<false> => new Promise((resolve) => setTimeout(resolve, lookAtLogsMs, false));
  while (logs && !(await Promise.race([ended, later()]))) await logs.news();
  try {
    const results = await result.finally(() => logs?.news());
    const print = printTo(process.stdout);
    const lines = json ? [toJson({ task: handle.id, results })] : results.map(toJson);
    for (const line of lines) await print(`${line}\n`);
  } catch (error) {
    if (!(error instanceof ShoalError) || error instanceof InvalidArgumentError) throw error;
    if (json) process.stdout.write(`${toJson({ task: handle.id, error: errorFacts(error) })}\n`);
    reportError(error, 1, verbose);
  } finally {
    logs?.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What a program asks of an error. */
function errorFacts(error: ShoalError): Readonly<Record<string, unknown>> {
  const { name, code, message } = error;
  const { failure } = failureOf(error);
  return { name, code, message, failure, ...(error instanceof TaskFailedError ? { rank: error.rank } : {}) };
}

/** As JSON; typed arrays as arrays, big integers as text. */
function toJson(value: unknown): string {
  const plain = (_: string, each: unknown): unknown => {
    if (typeof each === 'bigint') return each.toString();
    return ArrayBuffer.isView(each) && !(each instanceof DataView) ? Array.from(each as Uint8Array) : each;
  };
  return JSON.stringify(value === undefined ? null : value, plain);
}
