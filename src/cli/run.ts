/** `shoal run`: a script as every rank of a world. */
import { counted } from '../grammar.js';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { fillLaunchOptions } from '../driver/options.js';
import { InvalidArgumentError } from '../errors.js';
import { detectLauncher } from '../launch/family.js';
import { processOptions } from '../launch/process-options.js';
import { ProcessScriptRanks } from '../launch/process-script-ranks.js';
import type { ScriptSettings } from '../protocol/control-messages.js';
import type { OutputKind } from '../worker/script-thread.js';
import { outputPath } from '../worker/script-thread.js';
import { runForeignScript } from '../worker/foreign-script.js';
import { launchedRank } from '../worker/launcher-environment.js';
import { ScriptWorld, ThreadScriptRanks } from '../worker/script-world.js';
import { givenFile } from './given-file.js';
import { hostfileOption, hostsOption } from './host-options.js';
import { misplacedOption } from './misplaced-option.js';
import { numberOption, windowOption } from './number-option.js';
import { openFolder } from './output-place.js';
import { readerGoneCode, watchReader } from './print-to.js';
import { tell, waiting } from './progress.js';

interface Flags {
  workers?: number;
  transport?: 'auto' | 'threads' | 'mpi';
  mpiexec?: string;
  window?: number | false;
  hosts?: readonly string[];
  hostfile?: string;
  timeoutMs?: number;
  graceMs?: number;
  label: boolean;
  outputDir?: string;
  verbose?: boolean;
}

/** The command; everything after `file` is the script's. */
export function runCommand(): Command {
  return new Command('run')
    .summary('run a script as N ranks that share a world')
    .description(
      'Run a JavaScript or TypeScript file as N ranks. In it, `collective` and `context` of shoal/worker are bound to the world.',
    )
    .argument('<file>', 'script, .js or .ts')
    .argument('[args...]', "the script's own arguments, options too; a -- before the file says that they are meant")
    .option('-n, --workers <number>', 'ranks (default: the cores this process may use)', numberOption)
    .option('--transport <name>', 'auto, threads or mpi')
    .option('--mpiexec <command>', 'start processes with this mpiexec, such as mpiexec.mpich')
    .option('--window <bytes>', 'shared window per rank; false: every byte goes over MPI', windowOption)
    .option(...hostsOption)
    .option(...hostfileOption)
    .option('--timeout-ms <ms>', 'limit of every collective (default: 1800000)', numberOption)
    .option('--grace-ms <ms>', 'time to end after a failure or Ctrl-C (default: 2000)', numberOption)
    .option('--no-label', 'do not put the rank before each line of output')
    .option('--output-dir <dir>', "write each rank's output to rank-N.out and rank-N.err there")
    .passThroughOptions()
    .action(async (file: string, args: string[], flags: Flags, command: Command) => {
      const misplaced = misplacedOption(command, args);
      // Of a job that somebody else has started, one rank says so.
      if (misplaced !== undefined && !launchedRank(process.env)?.rank) {
        tell(
          `run: ${misplaced} stands after the file, so the script gets it; put it before the file if shoal is to get it, ` +
            'or -- before the file if the script is',
        );
      }
      const run = new Run();
      process.exitCode = await runFile(file, args, flags, run);
      // What a reader has not taken by now would keep this process for as long as that likes.
      if (run.isEnding) process.exit();
    });
}

async function runFile(file: string, argv: readonly string[], flags: Flags, run: Run): Promise<number> {
  watchReader(run.readerGone);
  const { label, outputDir, ...options } = flags;
  delete options.verbose;
  const launched = launchedRank(process.env);
  if (launched && (options.workers ?? launched.size) !== launched.size) {
    throw new InvalidArgumentError(
      `run: the launcher started ${counted(launched.size, 'rank')}, --workers asks for ${options.workers}; leave --workers out`,
    );
  }
  const filled = fillLaunchOptions({ ...options, ...(launched && { workers: launched.size }) });
  const path = givenFile('run', file);
  const { workers, windowBytes, timeoutMs, graceMs } = filled;
  const script: ScriptSettings = {
    url: pathToFileURL(path).href,
    argv,
    timeoutMs,
    label: label ? 'rank' : 'none',
    outputDir: outputDir === undefined ? undefined : openOutputs(outputDir, launched ? [launched.rank] : upTo(workers)),
  };
  if (launched) return runForeignScript(launched, windowBytes, script, run.readerGone);
  if (filled.transport === 'threads') {
    const ranks = new ThreadScriptRanks(workers, windowBytes, script, run.readerGone);
    return run.world(new ScriptWorld(ranks, graceMs));
  }
  const ranks = new ProcessScriptRanks(processOptions(detectLauncher(filled.mpiexec), filled, script));
  try {
    return await run.world(new ScriptWorld(ranks, graceMs), (signal) => {
      return waiting(`starting ${counted(workers, 'rank')} under mpiexec`, {}, () => ranks.open(signal));
    });
  } finally {
    await ranks.close(run.isEnding);
  }
}

/** The folder for these ranks' output. @throws {@link InvalidArgumentError} before any of them has begun. */
function openOutputs(folder: string, ranks: readonly number[]): string {
  if (folder === '')
    throw new InvalidArgumentError("run: expected --output-dir to be the path of a folder, received ''");
  const path = resolve(folder);
  const kinds: readonly OutputKind[] = ['out', 'err'];
  const files = ranks.flatMap((rank) => kinds.map((kind) => outputPath(path, rank, kind)));
  return openFolder('run', '--output-dir', path, files);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** What ends the ranks from outside: signals, and a reader that has gone. */
class Run {
  /** One of them has come. */
  isEnding = false;
  #readerGoneCode: number | undefined;
  readonly #starting = new AbortController();
  #world: ScriptWorld | undefined;

  /** @param open - Starts the ranks, where that takes a while. */
  async world(world: ScriptWorld, open?: (signal: AbortSignal) => Promise<void>): Promise<number> {
    this.#world = world;
    const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
      const exitCode = 128 + constants.signals[signal];
      if (this.isEnding) process.exit(exitCode);
      this.isEnding = true;
      tell(`${signal}: ending the ranks; once more ends them at once`);
      this.#starting.abort(new Error(signal));
      world.interrupt(exitCode);
    };
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', interrupt);
    try {
      await open?.(this.#starting.signal);
      const exitCode = await world.run();
      return this.#readerGoneCode ?? exitCode;
    } catch (error) {
      if (this.#readerGoneCode !== undefined) return this.#readerGoneCode;
      throw error;
    }
  }

  /** As a signal would end an ordinary command: at once, and without a word. */
  readonly readerGone = (exitCode: number = readerGoneCode): void => {
    if (!this.#world) process.exit(exitCode);
    if (this.#readerGoneCode !== undefined) return;
    this.#readerGoneCode = exitCode;
    this.isEnding = true;
    this.#starting.abort(new Error('nobody reads the output'));
    this.#world.end(exitCode);
  };
}
