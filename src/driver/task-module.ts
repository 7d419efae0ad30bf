/** Naming task code: by module URL and export, never shipped as a closure. */
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidArgumentError, ModuleNotFoundError, show } from '../errors.js';

declare const moduleType: unique symbol;

/** A task module's URL that remembers the types of its exports. */
export interface TaskModule<M> {
  readonly url: string;
  /** Types only; nothing is loaded. */
  readonly [moduleType]?: M;
}

/** What `run` and `submit` take as a module. */
export type TaskModuleLike = TaskModule<unknown> | URL | string;

/** A module of which no types are known: any export may be a function of any arguments. */
export type UntypedModule = Readonly<Record<string, (...args: unknown[]) => unknown>>;

type AnyFunction = (...args: never[]) => unknown;
/** Names of a module's functions. */
export type FunctionNames<M> = { [K in keyof M & string]: M[K] extends AnyFunction ? K : never }[keyof M & string];
/** Arguments of one of a module's functions. */
export type ArgumentsOf<M, E extends keyof M> = M[E] extends (...args: infer A) => unknown ? A : never;
/** What one of a module's functions returns on each rank. */
export type ResultOf<M, E extends keyof M> = M[E] extends (...args: never[]) => infer R ? Awaited<R> : never;

/**
 * Name a task module together with its types: `taskModule<typeof import('./sum.js')>(new URL('./sum.ts',
 * import.meta.url))`. Without the type argument any export may be named, with any arguments.
 *
 * @param url - A `file:` URL, or an absolute path.
 * @throws {@link InvalidArgumentError} for anything else, {@link ModuleNotFoundError} when no such file exists.
 */
export function taskModule<M = UntypedModule>(url: URL | string): TaskModule<M> {
  return { url: resolveModule('taskModule', url) };
}

/** The absolute `file:` URL of a module. */
export function resolveModule(what: string, module: unknown): string {
  const given = isTaskModule(module) ? module.url : module;
  const url = toUrl(what, given);
  // Of a URL that is one already nothing needs to be parsed.
  const file = fileURLToPath(given instanceof URL ? given : url);
  if (existsSync(file)) return url;
  throw new ModuleNotFoundError(
    `${what}: no module at ${file}; pass new URL('./task.ts', import.meta.url), relative to the file that says so`,
    { url },
  );
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
