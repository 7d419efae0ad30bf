/**
 * What strangers and broken peers may send: random first frames and frames, and right ones with damage.
 *
 * `SHOAL_TEST_FUZZ_CASES` and `SHOAL_TEST_FUZZ_SEED` choose how many and which; a failure names the seed and the case.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProtocolError } from '../../src/errors.js';
import { fromRank, toRank } from '../../src/protocol/control-shapes.js';
import { FrameReader } from '../../src/protocol/frames.js';
import { beginsGreeting, encodeGreeting, greetingBytes, readGreeting } from '../../src/protocol/greeting.js';
import { fromNode, toNode } from '../../src/protocol/node-shapes.js';
import { fromPool, taskShape, toPool } from '../../src/protocol/pool-shapes.js';
import { faultOf } from '../../src/protocol/scan-frame.js';
import { faultOfMessage } from '../../src/protocol/shape.js';
import { newToken } from '../../src/protocol/token.js';
import { framed, frameHead, frameOf } from '../support/frame.js';
import { randomOf } from '../support/random.js';

const test = suite('fuzz');
const cases = Number(process.env.SHOAL_TEST_FUZZ_CASES ?? 1_000_000);
const seed = Number(process.env.SHOAL_TEST_FUZZ_SEED ?? 1);
const limitBytes = 64 * 1024;
const headBytes = frameHead(0).length;

const below = randomOf(seed);

const node = { hostname: 'h', bootId: 'b', pidNamespace: 'p', node: 'n' };
const row = { rank: 1, size: 3, pid: 7, startTime: 9, startupToken: 't', versions: { shoal: '0', node: '0' }, ...node };
const bytes = Buffer.from('some encoded value');
const threads = { env: { A: 'b' }, execArgv: ['--x'], resourceLimits: { stackSizeMb: 4 } };
const welcome = {
  type: 'welcome',
  rendezvous: 'gather',
  windowBytes: 4096,
  startTimeoutMs: 1e4,
  maxMessageBytes: 1e6,
  threads,
  folder: '/tmp/x',
  launcher: { pid: 1, startTime: 1 },
};
const member = { rank: 0, worldRank: 0, localRank: 0, hostname: 'h', node: 'n', pid: 3 };
const source = { url: 'file:///a.js', exportName: 'default' };
const spec = {
  source,
  workers: 2,
  args: [bytes, bytes],
  timeoutMs: null,
  maxRetries: 0,
  fresh: false,
  placement: 'pack',
  priority: 0,
};

/** One right message of each kind at least, with the protocol it is of. */
const right: readonly (readonly [object, Readonly<Record<string, (value: unknown) => boolean>>])[] = [
  [{ type: 'hello', row }, fromRank],
  [{ type: 'gathered', rows: [row, row] }, fromRank],
  [{ type: 'registered', window: true, files: ['/dev/shm/a'] }, fromRank],
  [{ type: 'failed', error: bytes }, fromRank],
  [{ type: 'ready', round: 4 }, fromRank],
  [
    {
      type: 'outcome',
      taskId: 't1',
      outcome: { kind: 'returned', value: bytes, sequence: 1, sent: 0, received: 0, aborted: false },
    },
    fromRank,
  ],
  [{ type: 'gone', lease: 3, how: { kind: 'exited', exitCode: 1 }, ran: 4 }, fromRank],
  [{ type: 'exited', exitCode: 0, died: false }, fromRank],
  [{ type: 'posted', lease: 3, value: bytes }, fromRank],
  [welcome, toRank],
  [{ type: 'go', order: { round: 1, kind: 'split', group: { id: 1, worldRanks: [0, 1] }, free: [] } }, toRank],
  [
    {
      type: 'assign',
      lease: { lease: 1, slot: 0, taskId: 't', rank: 0, communicator: -1, members: [member, member] },
      attempt: 1,
      source,
      args: bytes,
      timeoutMs: 5,
      maxMessageBytes: 9,
      unawaited: 'warn',
    },
    toRank,
  ],
  [{ type: 'taken', lease: 3, sizeBytes: 20 }, toRank],
  [{ type: 'node', pid: 5, startTime: 6, ...node }, fromNode],
  [{ type: 'beat', usage: [{ worldRank: 0, rssBytes: 5, cpuMs: 0.5 }], stopped: [1] }, fromNode],
  [{ type: 'report', job: 1, worldRank: 0, message: { type: 'stuck', taskId: 't', rank: 1 } }, fromNode],
  [{ type: 'open', job: 1, settings: { token: 't', worldSize: 3, agents: 1, welcome, rows: [row] } }, toNode],
  [{ type: 'kill', job: 1, text: 'x', signal: 'SIGKILL' }, toNode],
  [{ type: 'submit', id: 's1.1', spec, detached: false }, toPool],
  [{ type: 'cancel', id: 's1.1', reason: bytes }, toPool],
  [{ type: 'stop', force: true, timeoutMs: null }, toPool],
  [{ type: 'results', id: 's1.1', results: bytes }, fromPool],
  [{ type: 'message', id: 's1.1', rank: 1, value: bytes }, fromPool],
  [{ type: 'ask', id: 3, question: { type: 'share', id: 's1.d1', bytes } }, toPool],
  [{ type: 'answer', id: 3, value: bytes }, fromPool],
];
const frames = right.map(([message]) => frameOf(message));
const protocols = [fromRank, toRank, fromNode, toNode, toPool, fromPool];

/** First bytes of items that say much in little. */
const heads = [
  0x80,
  0x8f,
  0x90,
  0x9f,
  0xa0,
  0xbf,
  ...Array.from({ length: 0x20 }, (_, i) => 0xc0 + i),
  0xff,
  0x7f,
  0x72,
];

/** A frame with damage: bits, bytes, pieces of others, lengths, repetition, an end that is too early. */
function damaged(): Buffer {
  let frame = Buffer.from(frames[below(frames.length)]!);
  for (let times = below(4); times >= 0; times--) {
    const at = below(frame.length + 1);
    switch (below(8)) {
      case 0:
        if (at < frame.length) frame[at]! ^= 1 << below(8);
        break;
      case 1:
        if (at < frame.length) frame[at] = heads[below(heads.length)]!;
        break;
      case 2:
        frame = frame.subarray(0, at);
        break;
      case 3: {
        const other = frames[below(frames.length)]!;
        frame = Buffer.concat([frame.subarray(0, at), other.subarray(headBytes + below(other.length - headBytes))]);
        break;
      }
      case 4:
        frame = Buffer.concat([
          frame.subarray(0, at),
          Buffer.of(heads[below(heads.length)]!, below(256)),
          frame.subarray(at),
        ]);
        break;
      case 5:
        if (frame.length >= headBytes)
          frame.writeUInt32LE(below(3) === 0 ? below(2 ** 32) : below(2 * frame.length), 4 * below(2));
        break;
      case 6:
        frame = Buffer.concat([
          frame.subarray(0, at),
          Buffer.alloc(below(40), heads[below(heads.length)]),
          frame.subarray(at),
        ]);
        break;
      default:
        if (at + 4 <= frame.length) frame.writeUInt32BE(below(2 ** 32), at);
    }
  }
  // Mostly its lengths are those of what follows, so that the damage is seen and not they.
  if (frame.length >= headBytes && below(8) > 0) frameHead(frame.length - headBytes).copy(frame);
  return frame;
}

/** Items at random, in a frame of their length. */
function noise(): Buffer {
  const body = Buffer.allocUnsafe(below(60));
  for (let at = 0; at < body.length; at++) body[at] = below(3) === 0 ? heads[below(heads.length)]! : below(256);
  return framed(body);
}

/** In one piece, or cut in two. Undefined: it was refused. */
function read(frame: Buffer): unknown[] | undefined {
  const reader = new FrameReader(limitBytes);
  const cut = below(2) === 0 ? frame.length : below(frame.length + 1);
  try {
    return [...reader.push(frame.subarray(0, cut)), ...reader.push(frame.subarray(cut))];
  } catch (error) {
    assert.instance(error, ProtocolError);
    return undefined;
  }
}

/** Only data of our own realm, of the kinds that a frame may hold. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return typeof value !== 'function' && typeof value !== 'symbol';
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (value instanceof Uint8Array) return true;
  return prototype === Object.prototype && Object.values(value).every(isPlain);
}

test('right messages are read and fit their shapes', () => {
  for (const [i, [message, shapes]] of right.entries()) {
    const [came] = read(frames[i]!)!;
    assert.is(faultOfMessage(came, shapes), undefined, JSON.stringify(message));
  }
});

test(`${cases} frames: each is plain data or refused, whatever the bytes`, () => {
  const counts = { messages: 0, refused: 0, fitting: 0 };
  for (let number = 0; number < cases; number++) {
    const frame = number % 4 === 0 ? noise() : damaged();
    try {
      const messages = read(frame);
      if (!messages) counts.refused++;
      for (const message of messages ?? []) {
        counts.messages++;
        assert.ok(isPlain(message), 'what came is not plain');
        for (const shapes of protocols) if (faultOfMessage(message, shapes) === undefined) counts.fitting++;
        taskShape(message);
      }
      // The scan ends, whatever it is given, also without the length.
      faultOf(frame);
    } catch (cause) {
      throw new Error(`seed ${seed}, case ${number}: ${frame.toString('hex')}`, { cause });
    }
  }
  assert.is((Object.prototype as { type?: unknown }).type, undefined);
  // A fuzzer whose cases are all refused at the first byte tries nothing.
  assert.ok(
    counts.messages > cases / 20 && counts.refused > cases / 4 && counts.fitting > cases / 1000,
    JSON.stringify(counts),
  );
});

test(`${cases} first frames: nobody is let in whose token is not the right one`, () => {
  const token = newToken();
  const whole = encodeGreeting('user', token);
  const roles = ['user', 'node'] as const;
  let begun = 0;
  for (let number = 0; number < cases; number++) {
    const bytes = Buffer.from(whole);
    let changed = false;
    for (let times = 1 + below(3); times > 0; times--) {
      // Most of the damage is in the token: the rest is short.
      const at = below(4) === 0 ? below(12) : 12 + below(32);
      const was = bytes[at]!;
      bytes[at] = below(2) === 0 ? below(256) : was ^ (1 << below(8));
      changed = at >= 12 ? bytes.compare(whole, 12, greetingBytes, 12, greetingBytes) !== 0 : changed;
    }
    const cut = below(8) === 0 ? below(greetingBytes) : greetingBytes;
    const begins = beginsGreeting(bytes.subarray(0, cut), roles);
    if (!begins || cut < greetingBytes) continue;
    begun++;
    const known = readGreeting(bytes, token);
    if ((known !== undefined) === changed) throw new Error(`seed ${seed}, case ${number}: ${bytes.toString('hex')}`);
    if (known) assert.ok(roles.some((role) => role === known.role));
  }
  assert.ok(begun > cases / 4, `${begun} of ${cases} were like a greeting`);
});

test.run();
