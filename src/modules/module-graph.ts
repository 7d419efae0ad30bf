/** The files of a task's module, itself and what it imports, and the version that they are in. */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importsOf, isInstalled, resolveImport } from './imports.js';

/** A file that has been read. */
export interface SourceFile {
  readonly path: string;
  /** Of what is in it. */
  readonly hash: string;
  readonly imports: readonly string[];
}

/** The files of one module, in the order in which they are found. */
export interface ModuleGraph {
  readonly url: string;
  readonly files: readonly SourceFile[];
  /** The same wherever the same texts are found in the same order, on whatever host. */
  readonly version: string;
}

interface ReadFile extends SourceFile {
  readonly stats: BigIntStats;
  /** Two writes one after the other may leave the same times: a file that was just written is read again. */
  readonly settled: boolean;
}

/** Files do not tell writes apart that follow each other faster. */
const granularityMs = 50;

/** Reads files, each again only when it has changed. */
export class SourceFiles {
  readonly #known = new Map<string, ReadFile>();

  /** A file as it is now; undefined: it is not there or cannot be read. */
  current(path: string): SourceFile | undefined {
    const known = this.#known.get(path);
    try {
      // Before it is read: what is written in between is seen the next time.
      const stats = statSync(path, { bigint: true });
      if (known?.settled && isSame(known.stats, stats)) return known;
      const settled = Math.abs(Date.now() - Number(stats.mtimeMs)) > granularityMs;
      const text = readFileSync(path);
      const hash = createHash('sha256').update(text).digest('base64url');
      const imports = known?.hash === hash ? known.imports : importsOf(text.toString());
      const read = { path, hash, imports, stats, settled };
      this.#known.set(path, read);
      return read;
    } catch {
      this.#known.delete(path);
      return undefined;
    }
  }

  /** A module's files as they are now; undefined: it is one of `node_modules`, or cannot be read. */
  graph(url: string): ModuleGraph | undefined {
    const root = realPath(fileURLToPath(url));
    if (root === undefined || isInstalled(root)) return undefined;
    const files = new Map<string, SourceFile>();
    const found = [root];
    for (const path of found) {
      if (files.has(path)) continue;
      const file = this.current(path);
      if (!file) continue;
      files.set(path, file);
      for (const specifier of file.imports) {
        const targets = resolveImport(path, specifier).flatMap((target) => realPath(target) ?? []);
        found.push(...targets.filter((target) => !isInstalled(target)));
      }
    }
    if (!files.has(root)) return undefined;
    const version = createHash('sha256');
    for (const { hash } of files.values()) version.update(hash);
    return { url, files: [...files.values()], version: version.digest('base64url') };
  }
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.mtimeNs === b.mtimeNs && a.size === b.size && a.ino === b.ino && a.dev === b.dev;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
