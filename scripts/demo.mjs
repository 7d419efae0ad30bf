/** `npm run demo`: from a fresh clone to a trained model. Needs Node and npm only. */
import { spawnSync } from 'node:child_process';
import { root, say } from './command.mjs';
import { buildLibrary, installPackages } from './build.mjs';
import { buildWasm } from './wasm.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`Shoal needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
installPackages();
buildWasm();
buildLibrary();
const args = ['node_modules/jiti/lib/jiti-cli.mjs', 'examples/mnist/main.ts', ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
