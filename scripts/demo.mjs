/** `npm run demo`: from a fresh clone to a trained model. Needs Node and npm only. */
import { spawnSync } from 'node:child_process';
import { output, root, say } from './command.mjs';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { buildWasm } from './wasm.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`Shoal needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
const options = process.argv.slice(2);
const overMpi = options.some((option) => /^(--transport=)?mpi$|^--mpiexec(=|$)/.test(option));
const present = (...commands) => commands.some((command) => output(command, ['--version']) !== undefined);
if (overMpi && !(present('make') && present('g++') && present('mpicc.openmpi', 'mpicc.mpich'))) {
  say('Over MPI the demo needs make, a C++ compiler, and Open MPI or MPICH. On Debian and Ubuntu:');
  say('  sudo apt-get install make g++ openmpi-bin libopenmpi-dev    (or: mpich libmpich-dev)');
  process.exit(1);
}
installPackages();
buildWasm();
buildLibrary();
if (overMpi) buildAddons();
const args = ['node_modules/jiti/lib/jiti-cli.mjs', 'examples/mnist/main.ts', ...options];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
