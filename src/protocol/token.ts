/** Secrets by which one of ours is known from a stranger. */
import { randomBytes } from 'node:crypto';

const tokenBytes = 32;

/** A secret that nobody guesses, as hexadecimal text. */
export function newToken(): string {
  return randomBytes(tokenBytes).toString('hex');
}

/** Whether this may be a token: from a file, say. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
