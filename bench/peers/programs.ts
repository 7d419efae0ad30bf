/** Compiles and runs C programs of this folder with the compiler and the launcher of one MPI family. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mpiCommand } from '../../src/launch/command-line.js';
import type { MpiLauncher } from '../../src/launch/family.js';
import { preloadFor } from '../../src/launch/preload.js';
import { usableCores } from '../../src/native/cores.js';

const limitMs = 300_000;
const asRoot = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };

/** Path of a file of this folder. */
export function peerFile(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

function words(text: string): string[][] {
  const lines = text.trim().split('\n');
  return lines.map((line) => line.trim().split(' '));
}

/** Run a command without blocking this thread; resolves with the words of each line that it prints. */
export function linesOf(command: string, args: readonly string[], env = process.env): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, timeout: limitMs }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
      else resolve(words(stdout));
    });
  });
}

/** Compile `name`.c into `folder` for the machine that this is; resolves with the program's path. */
export async function compileC({ family }: MpiLauncher, name: string, folder: string): Promise<string> {
  const program = join(folder, `${name}-${family}`);
  await linesOf(`mpicc.${family}`, ['-O3', '-march=native', peerFile(`${name}.c`), '-o', program]);
  return program;
}

/** Run a program as a job of its own with the launcher's own choices, binding among them. */
export function runJob(launcher: MpiLauncher, ranks: number, program: readonly string[]): Promise<string[][]> {
  const isCrowded = launcher.family === 'openmpi' && ranks > usableCores();
  const args = ['-n', String(ranks), ...(isCrowded ? ['--oversubscribe'] : []), ...program];
  return linesOf(launcher.command, args, { ...process.env, ...(process.getuid?.() === 0 && asRoot) });
}

/** Call `work` with the path of a folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // A wrong option ends the process in the middle of `work`.
  process.once('exit', remove);
  try {
    return await work(folder);
  } finally {
    remove();
    process.off('exit', remove);
  }
}

/**
 * Run `name`.c with the options that the ranks of a pool get.
 *
 * @returns The numbers of each line that it prints.
 */
export function runAsPool(launcher: MpiLauncher, ranks: number, name: string, given: number[]): Promise<number[][]> {
  return withFolder(async (folder) => {
    const program = await compileC(launcher, name, folder);
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
    const lines = await linesOf(command, args, { ...process.env, ...env });
    return lines.map((line) => line.map(Number));
  });
}
