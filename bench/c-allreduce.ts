/** Compiles and runs bench/allreduce.c with the compiler and the launcher of one MPI family. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mpiCommand } from '../src/launch/command-line.js';
import type { MpiLauncher } from '../src/launch/family.js';
import { preloadFor } from '../src/launch/preload.js';

const source = fileURLToPath(new URL('./allreduce.c', import.meta.url));

/** Microseconds per call, by bytes per rank; with the options that the ranks of a pool get. */
export function timeC(
  launcher: MpiLauncher,
  ranks: number,
  sizes: readonly (readonly [bytes: number, calls: number])[],
): Map<number, number> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  try {
    const program = join(folder, 'allreduce');
    mustRun(`mpicc.${launcher.family}`, ['-O3', source, '-o', program], process.env);
    const { command, args, env } = mpiCommand(launcher, {
      ranks,
      program: [program, ...sizes.flat().map(String)],
      hosts: [],
      hostfile: undefined,
      extraArgs: [],
      root: process.getuid?.() === 0,
      folder,
      preload: preloadFor(launcher.family, ranks),
    });
    const lines = mustRun(command, args, { ...process.env, ...env })
      .trim()
      .split('\n');
    return new Map(lines.map((line) => line.trim().split(' ').map(Number) as [number, number]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mustRun(command: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${String(error ?? status)}\n${stdout}${stderr}`);
}
