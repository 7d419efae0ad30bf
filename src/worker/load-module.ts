/** Load a task's module or a script: `.ts` through jiti on every version of Node, the rest through Node itself. */
import type { Jiti } from 'jiti';
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExportNotFoundError, ModuleNotFoundError } from '../errors.js';
import { show } from '../show.js';
import type { TaskSource } from '../protocol/thread-messages.js';
import type { ActorClass } from './actor-class.js';
import { isClass, mustBeConstructed } from './actor-class.js';
import { foreignLoaderWorks } from './foreign-loader.js';
import { plugNPlay } from './plug-n-play.js';
import { withPlace } from './syntax-error.js';
import { createLoader } from './typescript-loader.js';

const typescript = new Set(['.ts', '.mts', '.cts', '.tsx', '.jsx']);
let loader: Jiti | undefined;
/** Modules of tasks that were evaluated, by URL. One that throws is not among them. */
const evaluated = new Map<string, Record<string, unknown>>();

/**
 * Evaluate a module. `foreignLoader`: something was preloaded that may handle TypeScript.
 *
 * @throws What the module throws; SyntaxError with file, line and column where it, or what it imports, is no program.
 */
export async function loadModule(url: string, foreignLoader: boolean): Promise<Record<string, unknown>> {
  const file = fileURLToPath(url);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found || found.isDirectory()) {
    const what = found ? `${file} is a folder and no module` : `no module at ${file}`;
    throw new ModuleNotFoundError(`${what}; pass new URL('./task.ts', import.meta.url)`, { url });
  }
  try {
    const module = await evaluate(url, file, foreignLoader);
    evaluated.set(url, module);
    return withCommonJs(module);
  } catch (error) {
    throw withPlace(error, url);
  }
}

async function evaluate(url: string, file: string, foreignLoader: boolean): Promise<Record<string, unknown>> {
  if (!typescript.has(extname(file)) || (foreignLoader && (await foreignLoaderWorks()))) {
    return (await import(url)) as Record<string, unknown>;
  }
  // Loaded only when the first such file comes: 1.8 MB that most production pools never need.
  const ofYarn = plugNPlay(file);
  return await (ofYarn ? createLoader(ofYarn) : (loader ??= createLoader())).import<Record<string, unknown>>(file);
}

/**
 * A task's function, of a module that is loaded once. Its exports are read each time, since they may change.
 *
 * @throws {@link ModuleNotFoundError}, {@link ExportNotFoundError}, or what the module throws.
 */
export async function loadTask(
  { url, exportName }: TaskSource,
  foreignLoader: boolean,
): Promise<(...args: unknown[]) => unknown> {
  const module = await exportsOf(url, foreignLoader);
  const found = module[exportName];
  const isFunction = typeof found === 'function' && !mustBeConstructed(found);
  if (isFunction) return found as (...args: unknown[]) => unknown;
  const names = functionsOf(module).filter((name) => !mustBeConstructed(module[name]));
  throw notExported({ url, exportName }, ['function', 'functions'], found, names);
}

/** The class of an actor. @throws As {@link loadTask}. */
export async function loadClass({ url, exportName }: TaskSource, foreignLoader: boolean): Promise<ActorClass> {
  const module = await exportsOf(url, foreignLoader);
  const found = module[exportName];
  if (isClass(found)) return found;
  const names = Object.keys(module).filter((name) => isClass(module[name]));
  throw notExported({ url, exportName }, ['class', 'classes'], found, names);
}

async function exportsOf(url: string, foreignLoader: boolean): Promise<Record<string, unknown>> {
  const known = evaluated.get(url);
  return known ? withCommonJs(known) : await loadModule(url, foreignLoader);
}

function notExported(
  { url, exportName }: TaskSource,
  [one, many]: readonly [one: string, many: string],
  found: unknown,
  names: readonly string[],
): ExportNotFoundError {
  const list = names.length === 0 ? `no ${many}` : names.map((name) => show(name)).join(', ');
  const isClassAsTask = one === 'function' && mustBeConstructed(found);
  const hint = isClassAsTask ? '. A class is for gang.actor, which makes an instance on every rank' : '';
  const what = isClassAsTask ? 'a class' : show(found);
  const text = `expected ${url} to export a ${one} named ${show(exportName)}, found ${what}; it exports ${list}${hint}`;
  return new ExportNotFoundError(text, { url, exportName });
}

/** Names of the functions that a module exports. */
export function functionsOf(module: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(module).filter((name) => typeof module[name] === 'function');
}

/**
 * Exports of a CommonJS module come as its `default`; one that was compiled from `export default` has that one in it.
 */
function withCommonJs(module: Record<string, unknown>): Record<string, unknown> {
  const whole = module.default;
  if (typeof whole !== 'object' || whole === null) return module;
  const exports = whole as Record<string, unknown>;
  return { ...exports, ...module, ...(typeof exports.default === 'function' && { default: exports.default }) };
}
