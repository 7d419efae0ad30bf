/** What is up to date: hashes of inputs, kept beside the outputs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './command.mjs';

/** All files under a path of the repository, sorted. */
export function filesUnder(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((name) => filesUnder(`${path}/${name}`));
}

/** sha256 over names and bytes of files. */
export function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesUnder)) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/** sha256 of one file's bytes. */
export function sha256(path) {
  return createHash('sha256')
    .update(readFileSync(join(root, path)))
    .digest('hex');
}

/** Do `work` unless the stamp says that it was done for the same inputs and `result` is still there. */
export function once(stamp, inputs, result, work) {
  const file = join(root, '.stamps', stamp);
  const hash = hashOf(inputs);
  const known = existsSync(file) && readFileSync(file, 'utf8') === hash;
  if (known && existsSync(join(root, result))) return false;
  work();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, hash);
  return true;
}
