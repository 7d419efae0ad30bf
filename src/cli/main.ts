/** The `shoal` command. */
import type { CommanderError } from 'commander';
import { Command } from 'commander';
import { ClosedError, ShoalError } from '../errors.js';
import { packageVersion } from '../version.js';
import { buildMpiCommand } from './build-mpi.js';
import { benchCommand } from './bench.js';
import { cancelCommand } from './cancel.js';
import { completeCommand, completeIn, completeName } from './complete.js';
import { dashboardCommand } from './dashboard.js';
import { explainCommand } from './explain.js';
import { traceCommand } from './trace.js';
import { doctorCommand } from './doctor.js';
import { initCommand } from './init.js';
import { logsCommand } from './logs.js';
import { watchReader } from './print-to.js';
import { reportError, verboseOption } from './report-error.js';
import { runCommand } from './run.js';
import { startCommand } from './start.js';
import { submitCommand } from './submit.js';
import { topCommand } from './top.js';
import { statusCommand, stopCommand, tasksCommand } from './use-pool.js';

/** Exit code of a command that was used wrongly, as in the shell's own commands. */
const usageExitCode = 2;
/** Of one whose pool has ended before its answer. */
const closedExitCode = 1;

/** The command with all its subcommands. */
export function shoalCommand(): Command {
  const program = new Command('shoal')
    .description('Gangs of TypeScript tasks with collectives of their own.')
    .version(packageVersion())
    .enablePositionalOptions()
    .showHelpAfterError('(shoal --help says more)')
    .addCommand(initCommand())
    .addCommand(runCommand())
    .addCommand(startCommand())
    .addCommand(submitCommand())
    .addCommand(statusCommand())
    .addCommand(tasksCommand())
    .addCommand(topCommand())
    .addCommand(dashboardCommand())
    .addCommand(logsCommand())
    .addCommand(explainCommand())
    .addCommand(traceCommand())
    .addCommand(cancelCommand())
    .addCommand(stopCommand())
    .addCommand(doctorCommand())
    .addCommand(buildMpiCommand())
    .addCommand(benchCommand())
    .addCommand(completeCommand());
  for (const command of program.commands) {
    command.option(...verboseOption).showHelpAfterError(`(shoal ${command.name()} --help says more)`);
  }
  return program;
}

/** Parse the arguments and run the command; errors of ours are one line, all others keep their stack. */
export async function main(argv: readonly string[]): Promise<void> {
  const quit = (exit: CommanderError): never => process.exit(exit.exitCode === 0 ? 0 : usageExitCode);
  const program = shoalCommand().exitOverride(quit);
  if (argv[2] === completeName) await completeIn(program);
  for (const command of program.commands) command.exitOverride(quit);
  let isVerbose = false;
  program.hook('preAction', (_, command) => {
    isVerbose = command.opts<{ verbose?: boolean }>().verbose ?? false;
    // Quietly; but not a pool, and a world of ranks in order.
    if (command.name() === 'run') return;
    watchReader((exitCode) => {
      if (command.name() !== 'start') process.exit(exitCode);
    });
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    // A pool that ended meanwhile is no wrong usage.
    reportError(error, error instanceof ClosedError ? closedExitCode : usageExitCode, isVerbose);
  }
}
