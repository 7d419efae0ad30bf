/** The committed wasm/shoal.wasm and its record: who made it from what. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output, root, run, say } from './command.mjs';
import { filesUnder, hashOf, sha256 } from './stamps.mjs';

const recordFile = join(root, 'wasm/shoal.record.json');

/** Version of emcc, or undefined when it is not there. */
function emccVersion() {
  return output('em++', ['--version'])?.match(/\d+\.\d+\.\d+/)?.[0];
}

/** The record of the committed binary. */
function wasmRecord() {
  return existsSync(recordFile) ? JSON.parse(readFileSync(recordFile, 'utf8')) : {};
}

/** Hash of everything that the binary is made from. */
function wasmSourcesSha256() {
  return hashOf(['wasm/Makefile', ...filesUnder('wasm/src')]);
}

/** Build into `folder` under wasm/ and return the path. */
function compileWasm(folder) {
  mkdirSync(join(root, 'wasm', folder), { recursive: true });
  run('compile the kernels to WebAssembly', 'make', ['-s', '-B', 'shoal.wasm', `WASM=${folder}/shoal.wasm`], {
    cwd: join(root, 'wasm'),
  });
  return `wasm/${folder}/shoal.wasm`;
}

/** Make wasm/shoal.wasm and its record agree with the sources, where emcc is present. */
export function buildWasm() {
  const sourcesSha256 = wasmSourcesSha256();
  if (wasmRecord().sourcesSha256 === sourcesSha256 && existsSync(join(root, 'wasm/shoal.wasm'))) return;
  const emcc = emccVersion();
  if (!emcc) {
    say('! the kernel sources differ from those of the committed wasm/shoal.wasm, and emcc is not here to rebuild it:');
    say('  the committed binary is used. `npm run setup` installs emcc.');
    return;
  }
  compileWasm('.');
  const flags = output('make', ['-s', '-C', 'wasm', 'flags']);
  const record = { emcc, flags, sourcesSha256, binarySha256: sha256('wasm/shoal.wasm') };
  writeFileSync(recordFile, `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * Whether building from source gives the committed binary: its bytes with the recorded emcc, its exports with another.
 */
export function checkCommittedWasm() {
  const record = wasmRecord();
  if (record.binarySha256 !== sha256('wasm/shoal.wasm')) {
    say('wasm/shoal.wasm is not the binary of wasm/shoal.record.json');
    return false;
  }
  const built = compileWasm('build');
  if (emccVersion() === record.emcc) return sha256(built) === record.binarySha256;
  return exportsOf(built) === exportsOf('wasm/shoal.wasm');
}

function exportsOf(path) {
  const module = new WebAssembly.Module(readFileSync(join(root, path)));
  return JSON.stringify(WebAssembly.Module.exports(module));
}
