/** `npm run bench [-- allreduce] [--json]`: builds, then runs the benchmark. */
import { spawnSync } from 'node:child_process';
import { buildLibrary, installPackages } from './build.mjs';
import { root, say } from './command.mjs';

const [name = 'allreduce', ...rest] = process.argv.slice(2).sort((a, b) => a.startsWith('-') - b.startsWith('-'));
const known = ['allreduce'];
const file = name.startsWith('-') ? 'allreduce' : name;
if (!known.includes(file)) {
  say(`bench: no benchmark named ${file}; there is ${known.join(', ')}`);
  process.exit(2);
}
installPackages();
buildLibrary();
const flags = name.startsWith('-') ? [name, ...rest] : rest;
const args = ['node_modules/jiti/lib/jiti-cli.mjs', `bench/${file}.ts`, ...flags];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
