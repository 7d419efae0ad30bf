/** Errors that another process, or a task, has encoded. */
import { inspect } from 'node:util';
import { decodeValue } from './values.js';

/** The error; one that says so where what came is damaged or is no error. Never throws. */
export function decodeError(encoded: Uint8Array): Error {
  try {
    const value = decodeValue(encoded);
    return value instanceof Error ? value : new Error(inspect(value, { depth: 2, maxStringLength: 1_000 }));
  } catch (error) {
    return error as Error;
  }
}
