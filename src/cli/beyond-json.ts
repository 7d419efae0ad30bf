/** What JSON does not have, so that nothing is printed that only looks like the value. Pure. */
import { withArticle } from '../grammar.js';

/**
 * The first thing in a value that JSON does not have, such as `a Map at .counts`. Undefined: JSON has all of it, with
 * typed arrays as arrays and dates as text. A member that is undefined is left out there, as if it were not.
 */
export function beyondJson(value: unknown, path = '', above: readonly unknown[] = []): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  const where = path === '' ? '' : ` at ${path}`;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${value}${where}`;
  if (typeof value !== 'object') return `${typeof value === 'bigint' ? 'a bigint' : typeof value}${where}`;
  if (above.includes(value)) return `a cycle${where}`;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return undefined;
  const inside = [...above, value];
  if (isList(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = beyondJson(value[i], `${path}[${i}]`, inside);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isPlain(value)) return `${nameOf(value)}${where}`;
  for (const [key, each] of Object.entries(value)) {
    const found = each === undefined ? undefined : beyondJson(each, `${path}.${key}`, inside);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As JSON, on one line; of a value that JSON has. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    ArrayBuffer.isView(each) ? Array.from(each as Uint8Array) : each,
  );
}

function isList(value: object): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Such as `a Map`. */
function nameOf(value: object): string {
  return withArticle(Object.prototype.toString.call(value).slice('[object '.length, -1));
}
