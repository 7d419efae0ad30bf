/** `shoal submit`: one task on a pool that runs by itself. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { InvalidArgumentError, ShoalError } from '../errors.js';
import { connect } from '../driver/connect.js';
import type { UntypedRunOptions } from '../driver/pool.js';
import type { Placement } from '../protocol/pool-messages.js';
import { addressOption } from './use-pool.js';
import { reportError } from './report-error.js';
import { numberOption } from './number-option.js';

interface Flags {
  workers?: number;
  export?: string;
  name?: string;
  timeoutMs?: number;
  maxRetries?: number;
  placement?: Placement;
  address?: string;
}

/** The command; everything after `file` is the function's. */
export function submitCommand(): Command {
  return new Command('submit')
    .summary('run one task on a pool')
    .description('Run an exported function on workers of a pool, print what each rank returns, one JSON value a line.')
    .argument('<file>', 'module, .js or .ts')
    .argument('[args...]', "the function's arguments: each as JSON where it is JSON, else as text")
    .option('-n, --workers <number>', 'ranks of the task (default: 1)', numberOption)
    .option('--export <name>', 'function of the module (default: default)')
    .option('--name <name>', 'label in lists')
    .option('--timeout-ms <ms>', 'limit from its assignment', numberOption)
    .option('--max-retries <number>', 'how often to run again after the death of a worker', numberOption)
    .option('--placement <how>', 'pack (default), spread, strict-pack or strict-spread')
    .option(...addressOption)
    .passThroughOptions()
    .action(async (file: string, args: string[], { address, ...options }: Flags) => {
      const pool = await connect(address);
      try {
        const run: UntypedRunOptions = { ...options, args: args.map(parse) };
        const handle = pool.submit(resolve(file), run);
        process.once('SIGINT', () => {
          handle.cancel(new Error('SIGINT'));
        });
        for (const result of await handle.result()) process.stdout.write(`${toJson(result)}\n`);
      } catch (error) {
        if (!(error instanceof ShoalError) || error instanceof InvalidArgumentError) throw error;
        reportError(error, 1);
      } finally {
        await pool.close({ force: true });
      }
    });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** As JSON; typed arrays as arrays, big integers as text. */
function toJson(value: unknown): string {
  const plain = (_: string, each: unknown): unknown => {
    if (typeof each === 'bigint') return each.toString();
    return ArrayBuffer.isView(each) && !(each instanceof DataView) ? Array.from(each as Uint8Array) : each;
  };
  return JSON.stringify(value === undefined ? null : value, plain);
}
