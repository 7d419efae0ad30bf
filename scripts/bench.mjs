/**
 * `npm run bench [-- collectives | operations | tasks | assignments | values | kernels] [options]`: builds, then runs.
 * docs/performance.md has the options.
 */
import { spawnSync } from 'node:child_process';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { output, root, say } from './command.mjs';
import { provide } from './setup.mjs';

const known = ['collectives', 'operations', 'tasks', 'assignments', 'values', 'kernels'];
const peers = '--install-peers';
const given = process.argv.slice(2);
const named = given.length > 0 && !given[0].startsWith('-');
const [name, flags] = named ? [given[0], given.slice(1)] : [known[0], given];
if (!known.includes(name)) {
  say(`bench: no benchmark named ${name}; there are ${known.join(', ')}`);
  process.exit(2);
}
if (flags.includes(peers)) await provide(['numpy', 'mpi4py', 'torch'], false);
installPackages();
buildLibrary();
// Where something is missing the addons that were built stay, and what needs others does not take part.
if (['make', 'g++'].every((command) => output(command, ['--version']) !== undefined)) buildAddons();
const options = flags.filter((flag) => flag !== peers);
const args = ['node_modules/jiti/lib/jiti-cli.mjs', `bench/${name}.ts`, ...options];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
