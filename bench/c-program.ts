/** Compiles and runs a C program of this folder with the compiler and the launcher of one MPI family. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mpiCommand } from '../src/launch/command-line.js';
import type { MpiLauncher } from '../src/launch/family.js';
import { preloadFor } from '../src/launch/preload.js';

/**
 * Run `name`.c with the options that the ranks of a pool get.
 *
 * @returns The numbers of each line that it prints.
 */
export function runC(launcher: MpiLauncher, ranks: number, name: string, given: readonly number[]): number[][] {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  try {
    const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
    const program = join(folder, name);
    mustRun(`mpicc.${launcher.family}`, ['-O3', source, '-o', program], process.env);
    const { command, args, env } = mpiCommand(launcher, {
      ranks,
      program: [program, ...given.map(String)],
      hosts: [],
      hostfile: undefined,
      extraArgs: [],
      root: process.getuid?.() === 0,
      folder,
      preload: preloadFor(launcher.family, ranks),
    });
    const lines = mustRun(command, args, { ...process.env, ...env }).trim();
    return lines.split('\n').map((line) => line.trim().split(' ').map(Number));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mustRun(command: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${String(error ?? status)}\n${stdout}${stderr}`);
}
