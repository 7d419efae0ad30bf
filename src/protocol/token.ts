/** Secrets by which one of ours is known from a stranger. */
import { randomBytes, timingSafeEqual } from 'node:crypto';

const tokenBytes = 32;

/** A secret that nobody guesses, as hexadecimal text. */
export function newToken(): string {
  return randomBytes(tokenBytes).toString('hex');
}

/** Whether what a peer has sent is the token; takes the same time however much of it is right. */
export function isToken(given: unknown, token: string): boolean {
  const [one, other] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}
