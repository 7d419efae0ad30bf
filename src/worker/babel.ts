/**
 * jiti's compiler, loaded with what V8 has compiled of it before.
 *
 * It is 1.5 MB of source. V8 parses it, and compiles its functions as they are called, in every thread anew. That takes
 * longer than what it is loaded for. What one thread has is kept in a file, and later ones begin with that.
 */
import type { JitiOptions, TransformOptions, TransformResult } from 'jiti';
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { compiledFolder } from './compiled-folder.js';

type Transform = NonNullable<JitiOptions['transform']>;

/** A text of one byte per character, and what V8 has compiled of it. */
interface Kept {
  readonly source: string;
  readonly code: Buffer;
}

/** Before both: how long the text is, and the SHA-256 of them. */
const headerBytes = 4 + 32;
const require = createRequire(import.meta.url);
let loaded: Transform | undefined;

/** Whether this thread has loaded it. */
export function hasCompiler(): boolean {
  return loaded !== undefined;
}

/** Compile a file of TypeScript as jiti does. */
export function compile(options: TransformOptions): TransformResult {
  if (loaded) return loaded(options);
  const file = join(dirname(require.resolve('jiti')), '../dist/babel.cjs');
  const place = placeOf(file);
  const kept = place === undefined ? undefined : read(place);
  const source = kept?.source ?? oneByte(readFileSync(file, 'utf8'));
  const script = new Script(source, { filename: file, ...(kept && { cachedData: kept.code }) });
  const module = { exports: {} as Transform };
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  loaded = module.exports;
  const result = loaded(options);
  // Now, since it has what was compiled to compile something.
  const isNew = !kept || script.cachedDataRejected;
  if (place !== undefined && isNew) keep(place, { source, code: script.createCachedData() });
  return result;
}

/** V8 takes only what the same V8 has made, with the same options, of the same text. */
function placeOf(file: string): string | undefined {
  const folder = compiledFolder();
  if (folder === undefined) return undefined;
  const { version } = require('jiti/package.json') as { version: string };
  const { size, mtimeMs } = statSync(file);
  const names = ['babel', version, size, Math.round(mtimeMs), process.version, process.arch, cachedDataVersionTag()];
  return join(folder, names.join('-'));
}

/**
 * As a function, as Node wraps CommonJS. With a character that takes two bytes every character would take them, and V8
 * holds the text as long as the program. These stand in string literals, where an escape means the same.
 */
function oneByte(text: string): string {
  const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `(function (exports, require, module, __filename, __dirname) { ${text.replace(/[^\0-\x7f]/g, escape)}\n})`;
}

/** Undefined: there is none, or it is damaged. V8 takes code without a look at it. */
function read(place: string): Kept | undefined {
  try {
    const bytes = readFileSync(place);
    const body = bytes.subarray(headerBytes);
    const sourceBytes = bytes.readUInt32LE();
    if (body.length < sourceBytes || !checksum(body).equals(bytes.subarray(4, headerBytes))) return undefined;
    return { source: body.toString('latin1', 0, sourceBytes), code: body.subarray(sourceBytes) };
  } catch {
    return undefined; // not there, or shorter than a header
  }
}

function keep(place: string, { source, code }: Kept): void {
  const own = `${place}.${process.pid}.${threadId}`;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(source.length);
  const body = Buffer.concat([Buffer.from(source, 'latin1'), code]);
  try {
    writeFileSync(own, Buffer.concat([length, checksum(body), body]));
    renameSync(own, place); // whole, or not at all
  } catch {
    rmSync(own, { force: true }); // no room for it: it is compiled again
  }
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
