/** Errors as the encoder takes them apart. */
import { isError, tagOf } from '../show.js';
import type { ValueNode } from './value-nodes.js';
import { Tag } from './value-nodes.js';

/** Steps of a chain of causes that are counted. */
const countedCauses = 1_000_000;

/** The node of an error, without its fields. */
export function errorNode(value: object): ValueNode {
  return [Tag.error, tagOf(value) === 'DOMException' ? 'DOMException' : null];
}

/** Fields of an error that its class has and those of its own, in this order. */
export function errorKeys(value: object): string[] {
  try {
    return [...new Set(['name', 'message', 'stack', ...Object.getOwnPropertyNames(value)])];
  } catch {
    return ['name', 'message', 'stack'];
  }
}

/** Errors of a chain of causes. */
export function causesFrom(error: object): number {
  const seen = new Set<unknown>();
  let next: unknown = error;
  while (isError(next) && !seen.has(next) && seen.size < countedCauses) {
    seen.add(next);
    try {
      next = next.cause;
    } catch {
      break;
    }
  }
  return seen.size;
}
