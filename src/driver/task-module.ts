/** Naming task code: by module URL and export, never shipped as a closure. */
import { runForCaller } from '../caller-lines.js';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { environment } from '../env.js';
import { InvalidArgumentError, ModuleNotFoundError } from '../errors.js';
import { show } from '../show.js';

declare const moduleType: unique symbol;

/**
 * A task module's URL that remembers the types of its exports.
 *
 * @example
 * function countAll(pool: Pool, module: TaskModule<{ default: (path: string) => number }>): Promise<number[]> {
 *   return pool.run(module, { args: ['train.bin'] });
 * }
 * const [count] = await countAll(pool, tasks);
 */
export interface TaskModule<M> {
  /** URL of the file that is used. */
  readonly url: string;
  /** Types only; nothing is loaded. */
  readonly [moduleType]?: M;
}

/** What `run` and `submit` take as a module. */
export type TaskModuleLike = TaskModule<unknown> | URL | string;

/** A module of which no types are known: any export may be a function of any arguments. */
export type UntypedModule = Readonly<Record<string, (...args: unknown[]) => unknown>>;

type AnyFunction = (...args: never[]) => unknown;
/** Names of a module's functions: `keyof`, so that a compiler lists them where it refuses another one. */
export type FunctionNames<M> = keyof { [K in keyof M & string as M[K] extends AnyFunction ? K : never]: M[K] };
/** Arguments of one of a module's functions. */
export type ArgumentsOf<M, E extends keyof M> = M[E] extends (...args: infer A) => unknown ? A : never;
/** What one of a module's functions returns on each rank. */
export type ResultOf<M, E extends keyof M> = M[E] extends (...args: never[]) => infer R ? Awaited<R> : never;

/**
 * Name a task module together with its types: `taskModule<typeof import('./sum.js')>(new URL('./sum.ts',
 * import.meta.url))`. Without the type argument any export may be named, with any arguments.
 *
 * One spelling serves during development and in the build: where there is no `sum.ts`, `sum.js` beside it is used, and
 * the other way round; so are `.mts` and `.mjs`, `.cts` and `.cjs`. With `SHOAL_DEBUG=1` standard error says when. The
 * result's `url` is that of the file that is used.
 *
 * @param url - A `file:` URL, or an absolute path.
 * @throws {@link InvalidArgumentError} for anything else, {@link ModuleNotFoundError} when no such file exists.
 * @example
 * // words.ts
 * export function count(text: string): number {
 *   return text.split(' ').length;
 * }
 *
 * // main.ts
 * import { launch, taskModule } from 'shoal';
 *
 * const words = taskModule<typeof import('./words.ts')>(new URL('./words.ts', import.meta.url));
 * await using pool = await launch({ workers: 1 });
 * const [count] = await pool.run(words, { export: 'count', args: ['two words'] }); // a number
 */
export function taskModule<M = UntypedModule>(url: URL | string): TaskModule<M> {
  return { url: runForCaller(() => resolveModule('taskModule', url)) };
}

/** The absolute `file:` URL of a module that exists. */
export function resolveModule(what: string, module: unknown): string {
  const given = isTaskModule(module) ? module.url : module;
  const url = toUrl(what, given);
  // Of a URL that is one already nothing needs to be parsed.
  const file = fileURLToPath(given instanceof URL ? given : url);
  if (existsSync(file)) return url;
  const other = counterpart(file);
  if (other !== undefined && existsSync(other)) {
    sayOnce(`${what}: no module at ${file}; ${other} is used`);
    const { search, hash } = new URL(url);
    return `${pathToFileURL(other).href}${search}${hash}`;
  }
  throw new ModuleNotFoundError(
    `${what}: no module at ${file}${other === undefined ? '' : `, nor at ${other}`}; pass new URL('./task.ts', ` +
      `import.meta.url), relative to the file that says so`,
    { url },
  );
}

/** What the compiler makes of a module, or made it of. */
export function counterpart(file: string): string | undefined {
  const [, stem, kind, language] = /^(.*\.)([mc]?)([jt])s$/s.exec(file) ?? [];
  return stem === undefined ? undefined : `${stem}${kind}${language === 't' ? 'j' : 't'}s`;
}

const said = new Set<string>();

function sayOnce(text: string): void {
  if (said.has(text) || !environment().debug) return;
  said.add(text);
  process.stderr.write(`shoal: ${text}\n`);
}

function toUrl(what: string, given: unknown): string {
  if (given instanceof URL && given.protocol === 'file:') return given.href;
  if (typeof given === 'string' && given.startsWith('file:///')) return given;
  if (typeof given === 'string' && isAbsolute(given)) return pathToFileURL(given).href;
  throw new InvalidArgumentError(
    `${what}: expected a file: URL or an absolute path, received ${given instanceof URL ? given.href : show(given)}; ` +
      `a relative path has no meaning in a worker, pass new URL('./task.ts', import.meta.url)`,
  );
}

function isTaskModule(value: unknown): value is TaskModule<unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof URL) && 'url' in value;
}
