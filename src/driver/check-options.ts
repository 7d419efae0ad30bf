/** What one option must be: each check returns the value or throws. */
import { accessSync, constants, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { makePrivateFolder } from '../native/private-folder.js';

/**
 * Options of an object's own, each read once; an option that a prototype has is none.
 *
 * @throws {@link InvalidArgumentError} for unknown names, since a misspelt option is an error, and when a getter
 *   throws.
 */
export function ownOptions<T extends object>(what: string, options: T | null, names: readonly string[]): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError(`${what}: expected options to be an object, received ${show(options)}`);
  }
  const own = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(options)) {
    if (!names.includes(key)) {
      throw new InvalidArgumentError(`${what}: expected options among ${names.join(', ')}, received ${show(key)}`, {
        option: key,
      });
    }
    try {
      own[key] = options[key as keyof T];
    } catch (cause) {
      throw new InvalidArgumentError(`${what}: option ${key} cannot be read`, { option: key }, { cause });
    }
  }
  return own as T;
}

/** @throws {@link InvalidArgumentError} which says what to do, for the option `keep` where results cannot stay. */
export function refuseKeep(what: string, options: object | null, instead: string): void {
  if (options === null || !Object.hasOwn(options, 'keep')) return;
  throw new InvalidArgumentError(`${what}: results cannot stay in the workers; ${instead}`, { option: 'keep' });
}

/** An integer in a range. */
export function integer(what: string, name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  // A limit that is none says nothing.
  const range = most === Number.MAX_SAFE_INTEGER ? `>= ${least}` : `from ${least} to ${most}`;
  throw new InvalidArgumentError(`${what}: expected ${name} to be an integer ${range}, received ${show(value)}`, {
    option: name,
  });
}

/** A limit: a number above 0, or `null` for none. */
export function limit(
  what: string,
  name: string,
  value: unknown,
  fallback: number | null,
  nullable = true,
): number | null {
  if (value === undefined) return fallback;
  if (value === null && nullable) return null;
  if (typeof value === 'number' && value > 0) return value;
  throw new InvalidArgumentError(
    `${what}: expected ${name} to be a number above 0${nullable ? ', or null for no limit' : ''}, received ${show(value)}`,
    { option: name },
  );
}

/** An AbortSignal or nothing. */
export function checkSignal(what: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new InvalidArgumentError(`${what}: expected signal to be an AbortSignal, received ${show(signal)}`, {
    option: 'signal',
  });
}

/** Option, variable, default: the first that is given. `null` is given: it means no limit, or is refused. */
export function first<T>(option: T | undefined, variable: T | undefined, fallback: T): T {
  if (option !== undefined) return option;
  return variable === undefined ? fallback : variable;
}

/** Text that is not empty, or nothing. */
export function text(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new InvalidArgumentError(`launch: expected ${name} to be text, received ${show(value)}`, { option: name });
}

/** A file that is there. */
export function filePath(name: string, value: unknown): string | undefined {
  const path = text(name, value);
  if (path === undefined || existsSync(path)) return path && resolve(path);
  throw new InvalidArgumentError(`launch: expected ${name} to be a file, received ${show(path)}`, { option: name });
}

/** A folder that can be written to. */
export function folder(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') {
    throw new InvalidArgumentError(`launch: expected logDir to be a path, received ${show(value)}`, {
      option: 'logDir',
    });
  }
  const path = resolve(value);
  try {
    makePrivateFolder(path);
    accessSync(path, constants.W_OK);
    return path;
  } catch (cause) {
    const text = `launch: expected logDir to be a folder that can be written to: ${(cause as Error).message}`;
    throw new InvalidArgumentError(text, { option: 'logDir' }, { cause });
  }
}

/** One of a few words. */
export function oneOf<T extends string>(what: string, name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new InvalidArgumentError(`${what}: expected ${name} to be ${allowed.join(' or ')}, received ${show(value)}`, {
    option: name,
  });
}

/** An array of texts. */
export function texts(name: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw new InvalidArgumentError(`launch: expected ${name} to be an array of strings, received ${show(value)}`, {
    option: name,
  });
}
