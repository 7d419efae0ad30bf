/** Projects that have this package as its users have it: packed, and installed from the tarball. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, root } from './spawn.js';

/** Pack this package into a folder; returns the tarball's path. */
export function pack(folder: string): string {
  mustRun('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], root);
  const name = readdirSync(folder).find((each) => each.endsWith('.tgz'));
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`);
  return join(folder, name);
}

/**
 * Install packages in a project. No install script runs: nothing is compiled, nothing is fetched beside the packages.
 */
export function install(project: string, packages: readonly string[]): void {
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  mustRun('npm', ['install', ...flags, '--prefer-offline', ...packages], project);
}
