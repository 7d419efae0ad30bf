/** Records read back, by whoever has the memory: nothing is believed before it was checked. */
import type { LastOperation, RankOperations } from '../errors.js';
import { errorClasses } from '../errors.js';
import type { Descriptor } from '../operations/descriptor.js';
import { describeCall } from '../operations/describe.js';
import { operationOf } from '../operations/index.js';
import { dtypeNames, itemBytes, objectId } from '../types/dtype.js';
import type { RecordMemory } from './record-layout.js';
import {
  firstMessage,
  headAt,
  listed,
  magic,
  messageKinds,
  nameRoom,
  partOf,
  phases,
  recordAt as at,
  recordSlots,
  recordWords,
} from './record-layout.js';

/** A rank of a task, in this memory. */
export interface RecordedRank {
  readonly rank: number;
  readonly worldRank: number;
}

/** A copy of words, of which every two can be read as a double. */
class Words {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(words: Int32Array) {
    this.#words = words.slice();
    this.#doubles = new Float64Array(this.#words.buffer);
  }

  at(index: number): number {
    return this.#words[index] ?? 0;
  }

  double(index: number): number {
    return this.#doubles[index / 2] ?? Number.NaN;
  }

  bytes(index: number, sizeBytes: number): Uint8Array {
    return new Uint8Array(this.#words.buffer, index * Int32Array.BYTES_PER_ELEMENT, sizeBytes);
  }
}

/**
 * What a rank has done last in the task of a lease; undefined: it has noted nothing of that task here.
 *
 * @param most - Operations, the last first.
 */
export function readOperations(
  memory: RecordMemory,
  { rank, worldRank }: RecordedRank,
  lease: number,
  most: number,
): RankOperations | undefined {
  const offset = partOf(memory, worldRank);
  if (offset === undefined) return undefined;
  const part = new Int32Array(memory.buffer, offset, (recordSlots + 1) * recordWords);
  const head = new Words(part.subarray(0, recordWords));
  if (head.at(headAt.magic) !== magic || head.at(headAt.lease) !== lease) return undefined;
  const number = head.at(headAt.number);
  const phase = phases[head.at(headAt.phase)];
  const since = head.double(headAt.since);
  if (phase === undefined || number < 0 || !isTime(since)) return undefined;
  const found: { tick: number; operation: LastOperation }[] = [];
  for (let record = Math.max(1, number - recordSlots + 1); record <= number; record++) {
    const place = ((record & (recordSlots - 1)) + 1) * recordWords;
    const live = part.subarray(place, place + recordWords);
    const words = new Words(live);
    // Whoever writes it again clears the number first.
    if (words.at(at.number) !== record || live[at.number] !== record || words.at(at.lease) !== lease) continue;
    const operation = readRecord(words);
    if (operation) found.push({ tick: words.at(at.tick), operation });
  }
  // What it is in comes first: it may have begun other calls since.
  const isOpen = ({ operation }: (typeof found)[number]): number => Number(operation.state === 'waiting');
  found.sort((a, b) => isOpen(b) - isOpen(a) || b.tick - a.tick);
  const operations = found.slice(0, most).map(({ operation }) => operation);
  return { rank, worldRank, phase, since, operations };
}

function readRecord(words: Words): LastOperation | undefined {
  const group = words.double(at.group);
  const sizeBytes = words.double(at.sizeBytes);
  const waitedMs = words.double(at.waitedMs);
  const [failures, started, done] = [words.at(at.failures), words.at(at.started), words.at(at.done)];
  const times = done - failures;
  if (!isCount(group) || !isCount(sizeBytes) || !(waitedMs >= 0) || failures < 0) return undefined;
  const what = words.at(at.operation) >= firstMessage ? messageOf(words) : collectiveOf(words);
  if (!what) return undefined;
  const isOpen = started !== done;
  const failed = !isOpen && words.at(at.endedOf) === started ? errorClasses[words.at(at.failed) - 1] : undefined;
  const since = words.double(at.since);
  const endedAt = words.double(at.endedAt);
  return {
    ...what,
    group,
    state: isOpen ? 'waiting' : failed ? 'failed' : 'completed',
    code: failed?.code,
    sequence: started >>> 0,
    times: words.at(at.operation) >= firstMessage ? Math.max(0, times) : undefined,
    sizeBytes,
    waitedMs,
    startedAt: words.at(at.waitOf) === started && isTime(since) ? since : undefined,
    endedAt: !isOpen && words.at(at.endedOf) === started && isTime(endedAt) ? endedAt : undefined,
  };
}

type Described = Pick<LastOperation, 'operation' | 'call' | 'peer' | 'tag'>;

function collectiveOf(words: Words): Described | undefined {
  const operation = operationOf(words.at(at.operation));
  const count = words.double(at.count);
  if (!operation || !isCount(count)) return undefined;
  const packed = words.at(at.dtype);
  const descriptor: Descriptor = {
    sequence: words.at(at.started) >>> 0,
    state: 0,
    code: 0,
    operation: operation.number,
    dtype: packed & 255,
    op: packed >>> 8,
    root: words.at(at.peer),
    count,
    ...nameOf(words),
    shared: undefined,
  };
  return { operation: operation.name, call: describeCall(descriptor), peer: undefined, tag: undefined };
}

function nameOf(words: Words): { name: string; list: string | undefined } {
  const given = words.at(at.name);
  const sizeBytes = given & (listed - 1);
  if (sizeBytes > nameRoom) return { name: '', list: undefined };
  if ((given & listed) === 0) return { name: textOf(words.bytes(at.nameBytes, sizeBytes)), list: undefined };
  const [arrays, low, high] = [0, 1, 2].map((word) => words.at(at.nameBytes + word) >>> 0);
  const list = `${arrays} arrays of ${(low ?? 0) + (high ?? 0) * 2 ** 32} elements in all`;
  return { name: '', list };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.slice());
}

function messageOf(words: Words): Described | undefined {
  const operation = messageKinds[words.at(at.operation) - firstMessage];
  const sizeBytes = words.double(at.sizeBytes);
  if (!operation) return undefined;
  const [peer, tag, dtype] = [words.at(at.peer), words.at(at.tag), words.at(at.dtype)];
  const name = dtypeNames[dtype];
  const what = dtype === objectId || name === undefined ? '' : `${name} × ${sizeBytes / itemBytes[name]}, `;
  const role = operation === 'recv' || operation === 'recvObject' || operation === 'probe' ? 'source' : 'dest';
  const who = `${role} ${peer < 0 ? 'any' : peer}`;
  const call =
    operation === 'group' ? `group(…, with rank ${peer})` : `${operation}(${what}${who}, tag ${tag < 0 ? 'any' : tag})`;
  return { operation, call, peer: peer < 0 ? undefined : peer, tag: tag < 0 ? undefined : tag };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function isTime(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
