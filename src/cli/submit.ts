/** `shoal submit`: one task on a pool that runs by itself. */
import { inspect } from 'node:util';
import { Command } from 'commander';
import { setTimeout } from '../clock.js';
import { InvalidArgumentError, NotSerializableError, ShoalError, TaskFailedError } from '../errors.js';
import { connectHead, poolOf } from '../driver/connect-head.js';
import type { RemoteHead } from '../driver/remote-head.js';
import { counterpart } from '../driver/task-module.js';
import { failureOf } from '../driver/task-ending.js';
import type { UntypedRunOptions } from '../driver/task-options.js';
import type { Placement } from '../protocol/pool-messages.js';
import { beyondJson, jsonText } from './beyond-json.js';
import { givenFile } from './given-file.js';
import { misplacedOption, withoutEndOfOptions } from './misplaced-option.js';
import { numberOption } from './number-option.js';
import { reportError } from './report-error.js';
import { addressOption } from './use-pool.js';
import { printTo } from './print-to.js';
import { printable } from './printable.js';
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

/** The command; everything after `file` is the function's, and options of the command there are refused. */
export function submitCommand(): Command {
  return new Command('submit')
    .summary('run one task on a pool')
    .description(
      "Run an exported function on workers of a pool, print what each rank returns, one JSON value a line. The task's id, " +
        'its output and its failure go to standard error.',
    )
    .argument('<file>', 'module, .js or .ts')
    .argument(
      '[args...]',
      "the function's arguments: each as JSON where it is JSON, else as text; after --, what looks like an option",
    )
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
        command: Command,
      ) => {
        const misplaced = misplacedOption(command, args);
        if (misplaced !== undefined) {
          throw new InvalidArgumentError(
            `submit: ${misplaced} stands after the file; put it before the file, or after -- if the function is to get it`,
          );
        }
        const run: UntypedRunOptions = { ...options, args: withoutEndOfOptions(command, args).map(parse) };
        const path = givenFile('submit', file, (given) => [counterpart(given)].filter((each) => each !== undefined));
        const head = await connectHead(address);
        try {
          if (detach) await submitDetached(head, path, run, json);
          else await submitAndWait(head, path, run, { output, json, verbose });
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
  process.stdout.write(json ? `${JSON.stringify({ task: handle.id })}\n` : `${handle.id}\n`);
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
    if (json) await print(`${jsonText({ task: handle.id, results: jsonResults(results) })}\n`);
    else for (const [rank, value] of results.entries()) await print(`${lineOf(rank, value)}\n`);
  } catch (error) {
    if (!(error instanceof ShoalError) || error instanceof InvalidArgumentError) throw error;
    if (json) process.stdout.write(`${JSON.stringify({ task: handle.id, error: errorFacts(error) })}\n`);
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

/**
 * What `--json` prints of results. A rank that has returned nothing has null: a list of JSON has no other place for it.
 *
 * @throws {@link NotSerializableError}
 */
function jsonResults(results: readonly unknown[]): unknown[] {
  return results.map((value, rank) => {
    const beyond = value === undefined ? undefined : beyondJson(value);
    if (beyond === undefined) return value ?? null;
    throw new NotSerializableError(
      `rank ${rank} has returned ${beyond}, which JSON does not have; have it return what JSON has, or leave --json out`,
      { path: `results[${rank}]` },
    );
  });
}

/** As JSON, or as Node shows what JSON does not have. */
function lineOf(rank: number, value: unknown): string {
  const beyond = beyondJson(value);
  if (beyond === undefined) return jsonText(value);
  if (value !== undefined) {
    process.stderr.write(
      `rank ${rank} has returned ${beyond}, which JSON does not have: it is shown as Node shows it\n`,
    );
  }
  const text = inspect(value, { depth: null, breakLength: Infinity, maxArrayLength: null, maxStringLength: null });
  return printable(text).replace(/\s*\n\s*/g, ' ');
}
