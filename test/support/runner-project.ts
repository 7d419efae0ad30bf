/** A project whose tests run under a test runner of others, and what such a run printed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as assert from 'uvu/assert';
import { install, pack } from './installed-project.js';
import { mustRun, root } from './spawn.js';

/** A run that takes longer has not ended by itself. */
const limitMs = 60_000;
/** What runners print when something keeps their process alive, and what Node prints of listeners that were left. */
const lingering = /did not exit|close timed out|prevents the .* from exiting|failed to exit|force exited|MaxListeners/;

/** How to run a command in a project. */
export interface RunSettings {
  /** Default: 0. */
  readonly status?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** The files of test/fixtures/runners with packages installed. What npm has installed stays for the next run. */
export class RunnerProject {
  readonly #folder: string;

  constructor(name: string, packages: readonly string[]) {
    this.#folder = join(root, '.stamps', 'runners', name);
    mkdirSync(this.#folder, { recursive: true });
    const before = readdirSync(this.#folder).filter((each) => each !== 'node_modules');
    for (const each of before) rmSync(join(this.#folder, each), { recursive: true });
    cpSync(join(root, 'test/fixtures/runners'), this.#folder, { recursive: true });
    const tarballs = join(this.#folder, 'tarball');
    mkdirSync(tarballs);
    install(this.#folder, [pack(tarballs), ...packages]);
    this.#compileLibrary();
  }

  /**
   * Run Node to its end; returns all that it printed. Fails for another exit code, and when it does not end by itself.
   */
  node(args: readonly string[], { status = 0, env = {} }: RunSettings = {}): string {
    const result = spawnSync(process.execPath, args, {
      cwd: this.#folder,
      encoding: 'utf8',
      timeout: limitMs,
      env: { ...process.env, SHOAL_WINDOW: '4194304', NO_COLOR: '1', ...env },
    });
    const out = stripVTControlCharacters(`${result.stdout}\n${result.stderr}`);
    const what = `node ${args.join(' ')}: ${String(result.error ?? result.status)}\n${out}`;
    assert.is(result.status, status, what);
    assert.not.match(out, lingering, what);
    return out;
  }

  /** CommonJS from `export default`, as tsc and esbuild make it. */
  #compileLibrary(): void {
    const library = join(this.#folder, 'library');
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--module', 'commonjs', '--target', 'es2022', '--noCheck', '--outDir', 'tsc'];
    mustRun(process.execPath, [tsc, ...flags, 'src/double.ts'], library);
    const esbuild = join(root, 'node_modules/esbuild/bin/esbuild');
    mustRun(esbuild, ['src/double.ts', '--format=cjs', '--outfile=esbuild/double.js', '--log-level=warning'], library);
  }
}
