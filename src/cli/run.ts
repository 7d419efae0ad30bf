/** `shoal run`: a script as every rank of a world. */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { fillLaunchOptions } from '../driver/options.js';
import { ModuleNotFoundError } from '../errors.js';
import { ScriptWorld } from '../worker/script-world.js';
import { numberOption } from './number-option.js';

interface Flags {
  workers?: number;
  transport?: 'auto' | 'threads' | 'mpi';
  window?: number;
  timeoutMs?: number;
  graceMs?: number;
  label: boolean;
  outputDir?: string;
}

/** The command; everything after `file` is the script's. */
export function runCommand(): Command {
  return new Command('run')
    .summary('run a script as N ranks that share a world')
    .description(
      'Run a JavaScript or TypeScript file as N ranks. In it, `collective` and `context` of shoal/worker are bound to the world.',
    )
    .argument('<file>', 'script, .js or .ts')
    .argument('[args...]', "the script's own arguments")
    .option('-n, --workers <number>', 'ranks (default: the cores this process may use)', numberOption)
    .option('--transport <name>', 'auto or threads')
    .option('--window <bytes>', 'shared window per rank', numberOption)
    .option('--timeout-ms <ms>', 'limit of every collective (default: 1800000)', numberOption)
    .option('--grace-ms <ms>', 'time to end after a failure or Ctrl-C (default: 2000)', numberOption)
    .option('--no-label', 'do not put the rank before each line of output')
    .option('--output-dir <dir>', "write each rank's output to rank-N.out and rank-N.err there")
    .passThroughOptions()
    .action(async (file: string, args: string[], flags: Flags) => {
      process.exitCode = await runFile(file, args, flags);
    });
}

async function runFile(file: string, argv: readonly string[], flags: Flags): Promise<number> {
  const { label, outputDir, ...options } = flags;
  const filled = fillLaunchOptions(options);
  const path = resolve(file);
  if (!existsSync(path)) throw new ModuleNotFoundError(`run: no file at ${path}`, { path });
  const { workers, windowBytes, timeoutMs, graceMs } = filled;
  const url = pathToFileURL(path).href;
  const world = new ScriptWorld({ workers, windowBytes, url, argv, timeoutMs, graceMs, label, outputDir });

  let interrupted = false;
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const exitCode = 128 + constants.signals[signal];
    if (interrupted) process.exit(exitCode);
    interrupted = true;
    process.stderr.write(`${signal}: ending the ranks; once more ends them at once\n`);
    world.interrupt(exitCode);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return world.run();
}
