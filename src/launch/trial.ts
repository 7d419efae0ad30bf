/** Two ranks under an `mpiexec`, for `shoal doctor`: whether what a pool rests on works here. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeJobFolder, removeTree } from '../native/job-folder.js';
import { assetPath } from '../asset.js';
import type { MpiChoice } from '../native/mpi.js';
import { findMpi, loadMpi } from '../native/mpi.js';
import type { Rendezvous } from '../protocol/control-messages.js';
import { removeSharedMemoryOfJob } from '../native/shared-memory-folder.js';
import { launcherEnvironment } from '../worker/launcher-environment.js';
import type { TrialReport } from '../worker/trial-rank.js';
import { mpiCommand } from './command-line.js';
import type { MpiLauncher } from './family.js';
import { agentsOf, rendezvousOf } from './choose-rendezvous.js';

const ranks = 2;
const limitMs = 30_000;
const tailLength = 2_000;

/** What was found of one family. */
export interface LauncherReport extends MpiLauncher {
  /** The library of this family that its ranks open, and its addon; undefined when none can be used. */
  readonly choice: MpiChoice | undefined;
  /** Why the addon does not load; undefined when it does. */
  readonly addonError: string | undefined;
  readonly trial: TrialReport | undefined;
  /** Why the trial failed, in the words of what failed. */
  readonly trialError: string | undefined;
  /** The library that the ranks loaded is of the launcher's family and version. */
  readonly matches: boolean;
}

/** How many rows a trial brings together: one of each rank that is no agent. */
export function trialRows(rendezvous: Rendezvous): number {
  return ranks - agentsOf(rendezvous);
}

/** Try a launcher for real. */
export function tryLauncher(launcher: MpiLauncher): LauncherReport {
  const none = { ...launcher, choice: undefined, trial: undefined, trialError: undefined, matches: false };
  let choice: MpiChoice;
  try {
    choice = findMpi(launcher.family);
    loadMpi(launcher.family);
  } catch (error) {
    return { ...none, addonError: (error as Error).message };
  }
  const madeMs = Date.now();
  const folder = makeJobFolder();
  try {
    const report = runTrial(launcher, folder);
    if (typeof report === 'string') return { ...none, choice, addonError: undefined, trialError: report };
    const matches = report.libraryVersion.includes(launcher.version);
    return { ...launcher, choice, addonError: undefined, trial: report, trialError: undefined, matches };
  } finally {
    removeTree(folder);
    removeSharedMemoryOfJob(folder, madeMs);
  }
}

function runTrial(launcher: MpiLauncher, folder: string): TrialReport | string {
  const file = join(folder, 'report.json');
  const { rendezvous } = rendezvousOf(launcher);
  const { command, args, env } = mpiCommand(launcher, {
    ranks,
    program: [process.execPath, assetPath('#trial-rank'), file, rendezvous],
    hosts: [],
    hostfile: undefined,
    extraArgs: [],
    root: process.getuid?.() === 0,
    folder,
  });
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGTERM',
    env: { ...launcherEnvironment(), ...env },
  });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TrialReport;
  } catch {
    return error?.message ?? `${stdout}${stderr}`.trim().slice(-tailLength);
  }
}
