/**
 * `npm run test:chaos -- [--minutes M] [--seed S] [--transport threads|openmpi|openmpi-wire|mpich|mpich-wire]`: builds,
 * then runs.
 */
import { spawnSync } from 'node:child_process';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { root, tool } from './command.mjs';

installPackages();
buildLibrary();
if (process.argv.some((argument) => /openmpi|mpich/.test(argument))) buildAddons();
tool('compile the tests', 'tsup/dist/cli-default.js', ['--config', 'test/support/tsup.config.ts', '--silent']);
const args = ['--enable-source-maps', 'test/.build/test/chaos/main.js', ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
