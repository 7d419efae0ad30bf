/** `npm run bench [-- allreduce | assignments | kernels] [--workers N] [--transport mpi] [--mpiexec command] [--json]`: builds, then runs. */
import { spawnSync } from 'node:child_process';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { root, say } from './command.mjs';

const known = ['allreduce', 'assignments', 'kernels'];
const given = process.argv.slice(2);
const named = given.length > 0 && !given[0].startsWith('-');
const [name, flags] = named ? [given[0], given.slice(1)] : [known[0], given];
if (!known.includes(name)) {
  say(`bench: no benchmark named ${name}; there is ${known.join(', ')}`);
  process.exit(2);
}
installPackages();
buildLibrary();
if (name === 'assignments' || flags.some((flag) => /^(--transport=)?mpi$|^--mpiexec(=|$)/.test(flag))) buildAddons();
const args = ['node_modules/jiti/lib/jiti-cli.mjs', `bench/${name}.ts`, ...flags];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
