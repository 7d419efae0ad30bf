/**
 * The first bytes of every connection, of fixed size and binary: nothing that a stranger sends reaches a decoder.
 *
 * Whoever connects sends 44 bytes: magic (6), role (1), zero (1), version (4, little-endian), token (32). Whoever
 * listens answers a right token with 12 bytes: magic (6), verdict (1), zero (1), its version (4). Frames follow.
 */
import type { Socket } from 'node:net';
import { timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clearTimeout, nowMs, setTimeout } from '../clock.js';
import { ProtocolError } from '../errors.js';

/** What is to be done where two processes do not understand each other. */
export const sameVersionText = 'use the same version of shoal on both sides';

/** Of all messages between processes: both ends speak the same version or not at all. */
export const protocolVersion = 15;

/** Who connects: a user of a pool, a node manager, or a rank. */
export type Role = 'user' | 'node' | 'rank';

const magic = Buffer.from('SHOAL\n', 'latin1');
const roles: readonly Role[] = ['user', 'node', 'rank'];
const verdicts = ['admitted', 'version', 'busy'] as const;
const [kindAt, versionAt, tokenAt] = [6, 8, 12];

/** Sizes of both. */
export const greetingBytes = 44;
const answerBytes = 12;

/** What a listener says to whoever has shown the token, or, `'busy'`, to whom it has no room to listen to. */
export type Verdict = (typeof verdicts)[number];

/** First wait before a listener that was busy is tried again; doubled each time. */
const backOffMs = 25;
const longestBackOffMs = 1_000;

/** What a connector says. @param token - 64 hexadecimal digits. */
export function encodeGreeting(role: Role, token: string, version: number = protocolVersion): Buffer {
  const bytes = Buffer.alloc(greetingBytes);
  magic.copy(bytes);
  bytes[kindAt] = roles.indexOf(role);
  bytes.writeUInt32LE(version, versionAt);
  bytes.write(token, tokenAt, 'hex');
  return bytes;
}

/** Whether these may be the first bytes of a greeting of one of these roles. */
export function beginsGreeting(bytes: Buffer, allowed: readonly Role[]): boolean {
  if (!magic.subarray(0, bytes.length).equals(bytes.subarray(0, magic.length))) return false;
  const [role, zero] = [bytes[kindAt], bytes[kindAt + 1]];
  return (role === undefined || isAllowed(role, allowed)) && (zero ?? 0) === 0;
}

/**
 * Read a whole greeting that {@link beginsGreeting}. Undefined: the token is not the right one, which takes the same
 * time however much of it is right.
 */
export function readGreeting(bytes: Buffer, token: string): { role: Role; version: number } | undefined {
  const role = roles[bytes[kindAt] ?? roles.length];
  const isKnown = timingSafeEqual(bytes.subarray(tokenAt, greetingBytes), Buffer.from(token, 'hex'));
  return role && isKnown ? { role, version: bytes.readUInt32LE(versionAt) } : undefined;
}

/** What a listener says. */
export function encodeAnswer(verdict: Verdict): Buffer {
  const bytes = Buffer.alloc(answerBytes);
  magic.copy(bytes);
  bytes[kindAt] = verdicts.indexOf(verdict);
  bytes.writeUInt32LE(protocolVersion, versionAt);
  return bytes;
}

/**
 * Show a listener who this is, and come again, ever later, while it has no room. Resolves with the socket, paused, for
 * a `Connection`, which the caller owns.
 *
 * @param open - Makes a socket that is about to connect.
 * @throws {@link ProtocolError} whose text follows the name of the listener; the socket is then closed.
 */
export async function greet(open: () => Socket, role: Role, token: string, limitMs: number): Promise<Socket> {
  const end = nowMs() + limitMs;
  for (let delayMs = backOffMs; ; delayMs = Math.min(2 * delayMs, longestBackOffMs)) {
    const left = end - nowMs();
    const lateText =
      delayMs === backOffMs ? `did not answer within ${limitMs} ms` : `has had no room for ${limitMs} ms`;
    const socket = await greetOnce(open(), encodeGreeting(role, token), Math.max(1, left), lateText);
    if (socket) return socket;
    // Not all at the same moment again.
    await sleep(delayMs * (0.5 + Math.random()));
  }
}

/** Undefined: the listener had no room. */
function greetOnce(socket: Socket, greeting: Buffer, leftMs: number, lateText: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    let came: Buffer = Buffer.alloc(0);
    let isConnected = false;
    const settle = (settled: () => void): void => {
      clearTimeout(timer);
      socket.off('data', read).off('close', closed).off('error', failed).off('connect', connected);
      // What it says while it is being closed is of no interest any more.
      socket.on('error', () => undefined);
      settled();
    };
    const fail = (why: string, cause?: Error): void => {
      settle(() => {
        socket.destroy();
        reject(new ProtocolError(why, {}, { cause }));
      });
    };
    const connected = (): void => {
      isConnected = true;
      socket.write(greeting);
    };
    const read = (chunk: Buffer): void => {
      came = Buffer.concat([came, chunk]);
      const begun = came.subarray(0, magic.length);
      if (!begun.equals(magic.subarray(0, begun.length))) fail('does not speak the protocol of Shoal');
      else if (came.length >= answerBytes) judge(verdicts[came[kindAt] ?? verdicts.length]);
    };
    const judge = (verdict: Verdict | undefined): void => {
      if (verdict === 'admitted') {
        settle(() => {
          socket.pause();
          if (came.length > answerBytes) socket.unshift(came.subarray(answerBytes));
          resolve(socket);
        });
      } else if (verdict === 'busy') retry();
      else {
        const theirs = came.readUInt32LE(versionAt);
        fail(`speaks version ${theirs} of the protocol, this process version ${protocolVersion}; ${sameVersionText}`);
      }
    };
    const retry = (): void => {
      settle(() => {
        socket.destroy();
        resolve(undefined);
      });
    };
    const failed = (error: NodeJS.ErrnoException): void => {
      // A listener that closes before it has read says so like this.
      if (isConnected && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) retry();
      else fail(`cannot be reached: ${error.message}`, error);
    };
    const closed = (): void => {
      fail('closed the connection: it has another token, is of another version of Shoal, or is ending');
    };
    const timer = setTimeout(() => {
      fail(lateText);
    }, leftMs);
    socket.on('data', read).on('close', closed).on('error', failed).on('connect', connected);
  });
}

function isAllowed(role: number, allowed: readonly Role[]): boolean {
  return allowed.some((each) => roles[role] === each);
}
