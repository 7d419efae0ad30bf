/** `shoal doctor`: what of this machine a pool can use, tried for real, and how to mend the rest. */
import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { colours } from './colours.js';
import { findLaunchers } from '../launch/family.js';
import type { LauncherReport } from '../launch/trial.js';
import { rendezvousOf } from '../launch/choose-rendezvous.js';
import { trialRows, tryLauncher } from '../launch/trial.js';
import { usableCores } from '../native/cores.js';
import { loadOs } from '../native/os.js';
import { coreQuota } from '../native/proc.js';
import type { Say } from './progress.js';
import { waiting } from './progress.js';

/** What is wrong, and the command that mends it. */
interface Problem {
  readonly problem: string;
  readonly fix: string;
}

interface Report {
  readonly node: string;
  readonly platform: string;
  readonly cores: { readonly usable: number; readonly affinity: number; readonly quota: number | null };
  /** Open files per process, as the system limits them. */
  readonly maxOpenFiles: number | null;
  readonly osAddonError: string | undefined;
  readonly launchers: readonly LauncherReport[];
  readonly problems: readonly Problem[];
}

const bothFamilies = 'sudo apt-get install openmpi-bin libopenmpi-dev    (or: mpich libmpich-dev)';
const buildAddons = 'npx shoal build-mpi';
const fewFiles = 1024;

/** The command. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('say what of this machine a pool can use, and the commands that mend the rest')
    .description('Look for Open MPI and MPICH, start two ranks under each, and say what works and what to do.')
    .option('--json', 'print one JSON object')
    .option('--mpiexec <command>', 'try this mpiexec too')
    .action(async (flags: { json?: boolean; mpiexec?: string }) => {
      const report = await waiting('looking for MPI', flags, (say) => examine(flags.mpiexec, say));
      process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : describe(report));
      process.exitCode = report.problems.length === 0 ? 0 : 1;
    });
}

function examine(mpiexec: string | undefined, say: Say): Report {
  const osAddonError = errorOf(() => loadOs());
  say('looking for MPI');
  const launchers = findLaunchers(mpiexec).map((launcher) => {
    say(`starting two ranks under ${launcher.command}`);
    return tryLauncher(launcher);
  });
  const quota = coreQuota();
  const maxOpenFiles = openFiles();
  const facts = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: { usable: usableCores(), affinity: availableParallelism(), quota: Number.isFinite(quota) ? quota : null },
    maxOpenFiles,
    osAddonError,
    launchers,
  };
  return { ...facts, problems: problemsOf(facts) };
}

function problemsOf({ osAddonError, launchers, maxOpenFiles }: Omit<Report, 'problems'>): Problem[] {
  const problems: Problem[] = [];
  if (launchers.length === 0) problems.push({ problem: 'no mpiexec of Open MPI or MPICH', fix: bothFamilies });
  if (osAddonError !== undefined) problems.push({ problem: osAddonError, fix: buildAddons });
  for (const { command, addonError, trial, trialError, matches } of launchers) {
    if (addonError !== undefined) problems.push({ problem: addonError, fix: buildAddons });
    else if (!trial) {
      problems.push({ problem: `two ranks under ${command} failed: ${trialError}`, fix: `${command} -n 2 hostname` });
    } else {
      if (!matches) {
        const problem = `${command} and the library its ranks load differ: ${firstLine(trial.libraryVersion)}`;
        problems.push({ problem, fix: 'shoal doctor --mpiexec <the mpiexec of that library>' });
      }
      if (!trial.window) {
        const problem = `ranks under ${command} cannot share memory`;
        problems.push({ problem, fix: 'let a process open /proc/<pid>/fd of others of its user' });
      }
    }
  }
  if (maxOpenFiles !== null && maxOpenFiles < fewFiles) {
    problems.push({ problem: `only ${maxOpenFiles} open files per process`, fix: `ulimit -n ${fewFiles}` });
  }
  return problems;
}

function describe({ node, platform, cores, maxOpenFiles, osAddonError, launchers, problems }: Report): string {
  const mark = (good: boolean): string => (good ? colours.green('✓') : colours.red('✗'));
  const quota = cores.quota === null ? 'no quota' : `quota ${cores.quota}`;
  const lines = [
    `${mark(true)} Node ${node} on ${platform}: threads work`,
    `${mark(true)} ${cores.usable} cores (affinity ${cores.affinity}, ${quota}); more ranks than that take turns`,
    `${mark((maxOpenFiles ?? fewFiles) >= fewFiles)} ${maxOpenFiles ?? 'no limit of'} open files per process`,
    `${mark(osAddonError === undefined)} addon os`,
  ];
  for (const { command, family, version, choice, trial, matches } of launchers) {
    lines.push(`${mark(true)} ${command}: ${family} ${version}`);
    const chosen = choice ? `addon ${choice.addon} for ${choice.library}` : 'addon for its library';
    lines.push(`  ${mark(choice !== undefined)} ${chosen}`);
    if (!trial) continue;
    lines.push(`  ${mark(matches)} library: ${firstLine(trial.libraryVersion)}`);
    lines.push(`  ${mark(true)} two ranks: MPI_Init, MPI_Comm_split (${trial.splitSize} ranks), MPI_Finalize`);
    const { rendezvous, reason } = rendezvousOf({ family, version });
    lines.push(`  ${mark(trial.gathered === trialRows(rendezvous))} rows of the workers by ${rendezvous}: ${reason}`);
    lines.push(`  ${mark(trial.window)} one window in both`);
    lines.push(`  ${mark(trial.roundTrip)} messages there and back`);
  }
  for (const { problem, fix } of problems)
    lines.push('', `${colours.red('problem')}: ${problem}`, `  ${colours.bold(fix)}`);
  return `${lines.join('\n')}\n`;
}

function errorOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.trim() ?? '';
}

/** Null: no limit, or a system that does not say. */
function openFiles(): number | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
