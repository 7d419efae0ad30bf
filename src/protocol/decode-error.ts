/** Errors that another process, or a task, has encoded. */
import { inspect } from 'node:util';
import { isError } from '../show.js';
import { decodeValue } from './values.js';

/** What was thrown, of whatever kind; where it cannot be decoded, the error that says so. Never throws. */
export function decodeThrown(encoded: Uint8Array): unknown {
  try {
    return decodeValue(encoded);
  } catch (error) {
    return error;
  }
}

/** The error; one that says so where what came is damaged or is no error. Never throws. */
export function decodeError(encoded: Uint8Array): Error {
  const value = decodeThrown(encoded);
  return isError(value) ? value : new Error(inspect(value, { depth: 2, maxStringLength: 1_000 }));
}
