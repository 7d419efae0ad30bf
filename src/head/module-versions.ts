/** In which version each worker has the files of tasks' modules, and which workers have an old one. */
import { nowMs } from '../clock.js';
import type { ModuleGraph, SourceFile } from '../modules/module-graph.js';
import { SourceFiles } from '../modules/module-graph.js';

/** A check serves the tasks that were submitted before it, for this time. */
const freshMs = 10;
/** For how long imports are taken to mean the same files, while none of them changes. */
const resolvedMs = 1_000;

/** Modules of more files are checked less often, so that checks take a twentieth of the time at most. */
const fewFiles = 3;
const sparingly = 20;

/** One module, as it was last seen. */
interface Seen {
  readonly graph: ModuleGraph | undefined;
  readonly resolvedAt: number;
  checkedAt: number;
  /** How long it took to see that no file has changed. */
  tookMs: number;
}

/** What a task's workers must load anew. */
export interface Stale {
  readonly worldRanks: readonly number[];
  /** A file that has changed; undefined: that was told before. */
  readonly path: string | undefined;
}

/** What a gang that has begun finds of a module, whose threads keep what they have loaded. */
export interface Kept {
  /** A file that all members have in an older version; undefined: none, or that was told before. */
  readonly kept: string | undefined;
  /** A file of which members would have different versions. */
  readonly mixed: string | undefined;
}

/**
 * Kept by the head, which decides for all ranks of a task alike. A worker's record may hold files that its present
 * thread has not loaded. Then it is given a new thread once too often, never an old version.
 */
export class ModuleVersions {
  readonly #files = new SourceFiles();
  readonly #seen = new Map<string, Seen>();
  /** By worker, then by path: the hash of what it was to load. */
  readonly #given = new Map<number, Map<string, string>>();
  readonly #told = new Set<string>();

  /**
   * A task is about to start: note what its workers load, and say which of them have another version of any of it.
   *
   * @param submittedAt - `nowMs()` when the task came: what was written before that is seen.
   */
  give(url: string, worldRanks: readonly number[], submittedAt: number): Stale {
    const graph = this.#check(url, submittedAt);
    if (!graph) return { worldRanks: [], path: undefined };
    let changed: string | undefined;
    const stale = worldRanks.filter((worldRank) => {
      const given = this.#given.get(worldRank);
      const file = given && graph.files.find(({ path, hash }) => (given.get(path) ?? hash) !== hash);
      if (file) {
        this.#given.delete(worldRank);
        changed ??= this.#tellOnce(file.path, file.hash);
      }
      return file !== undefined;
    });
    for (const worldRank of worldRanks) this.#note(worldRank, graph);
    return { worldRanks: stale, path: changed };
  }

  /**
   * A worker that runs a task can be given another of this module: it has no other version of it. What it loads is
   * noted then.
   */
  giveAhead(url: string, worldRank: number, submittedAt: number): boolean {
    const graph = this.#check(url, submittedAt);
    if (!graph) return true;
    const given = this.#given.get(worldRank);
    if (given && graph.files.some(({ path, hash }) => (given.get(path) ?? hash) !== hash)) return false;
    this.#note(worldRank, graph);
    return true;
  }

  /**
   * A gang that has begun is about to run a task of this module: its threads load what they have not loaded before, and
   * keep the rest. What they load is noted, if they can.
   */
  keep(gangId: string, url: string, worldRanks: readonly number[], submittedAt: number): Kept {
    const files = this.#check(url, submittedAt)?.files ?? [];
    let kept: string | undefined;
    const added: SourceFile[] = [];
    for (const file of files) {
      const { path, hash } = file;
      const versions = worldRanks.map((worldRank) => this.#given.get(worldRank)?.get(path));
      const [first] = versions;
      if (versions.every((version) => (version ?? hash) === hash)) added.push(file);
      else if (versions.some((version) => version !== first)) return { kept, mixed: path };
      else if (this.#isNews(`${gangId} ${path} ${hash}`)) kept ??= path;
    }
    for (const worldRank of worldRanks) this.#note(worldRank, { files: added });
    return { kept, mixed: undefined };
  }

  /** All workers are new. */
  reset(): void {
    this.#given.clear();
  }

  #check(url: string, submittedAt: number): ModuleGraph | undefined {
    const now = nowMs();
    const seen = this.#seen.get(url);
    if (seen && now - seen.checkedAt < this.#pauseMs(seen, submittedAt)) return seen.graph;
    if (seen?.graph && now - seen.resolvedAt < resolvedMs && this.#isSame(seen.graph)) {
      seen.checkedAt = now;
      seen.tookMs = nowMs() - now;
      return seen.graph;
    }
    const graph = this.#files.graph(url);
    this.#seen.set(url, { graph, resolvedAt: now, checkedAt: now, tookMs: seen?.tookMs ?? 0 });
    return graph;
  }

  #pauseMs({ graph, checkedAt, tookMs }: Seen, submittedAt: number): number {
    const many = graph && graph.files.length > fewFiles ? tookMs * sparingly : 0;
    return Math.max(many, submittedAt < checkedAt ? freshMs : 0);
  }

  #isSame({ files }: ModuleGraph): boolean {
    return files.every(({ path, hash }) => this.#files.current(path)?.hash === hash);
  }

  #note(worldRank: number, { files }: Pick<ModuleGraph, 'files'>): void {
    const given = this.#given.get(worldRank) ?? new Map<string, string>();
    this.#given.set(worldRank, given);
    for (const { path, hash } of files) given.set(path, hash);
  }

  #tellOnce(path: string, hash: string): string | undefined {
    return this.#isNews(`${path} ${hash}`) ? path : undefined;
  }

  #isNews(key: string): boolean {
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }
}
