import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Incoming, Recipient } from '../../src/backend/carrier.js';
import { ArrayMemory } from '../../src/operands/array-memory.js';
import { LaneShape, recordBytes } from '../../src/backend/window/lane.js';
import { LaneReceiver } from '../../src/backend/window/lane-receiver.js';
import { LaneSender } from '../../src/backend/window/lane-sender.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { randomOf } from '../support/random.js';

const test = suite('lanes');
const kernels = compileKernels();

interface Pair {
  readonly window: RankWindow;
  readonly other: RankWindow;
  readonly address: number;
  readonly shape: LaneShape;
  readonly sender: LaneSender;
  readonly receiver: LaneReceiver;
}

function pair(size: number): Pair {
  const node = createWindow(kernels, 2, 2 ** 20);
  const [window, other] = [new RankWindow(node, 0), new RankWindow(node, 1)];
  const shape = new LaneShape(node.layout.arenaBytes, size);
  const address = window.allocateForTask(shape.sizeBytes)!;
  const sender = new LaneSender(window, address, shape, () => undefined);
  return {
    window,
    other,
    address,
    shape,
    sender,
    receiver: new LaneReceiver(other, 0, address, shape, () => undefined),
  };
}

/** Keeps what comes, as long as there is room for so many. */
class Kept implements Recipient {
  readonly messages: Incoming[] = [];
  room = Infinity;
  hasRoom(): boolean {
    return this.messages.length < this.room;
  }
  deliver(incoming: Incoming): void {
    this.messages.push(incoming);
  }
}

test('the lanes of a group take at most a quarter of an arena, where that is enough, and a message at least', () => {
  for (const [arenaBytes, size] of [
    [2 ** 28, 2],
    [2 ** 28, 256],
    [2 ** 23, 7],
    [480 * 1024, 2],
    [480 * 1024, 64],
  ] as const) {
    const { sizeBytes, eagerBytes, ringBytes, ringAt, chunkBytes } = new LaneShape(arenaBytes, size);
    assert.ok(eagerBytes >= 512 && recordBytes(eagerBytes) * 2 <= ringBytes);
    const least = ringAt + 2 * 1024 + 2 * 1024;
    assert.ok(sizeBytes === least || sizeBytes * (size - 1) <= arenaBytes / 4 + ringAt * size, `${sizeBytes}`);
    assert.ok(Math.log2(ringBytes) % 1 === 0 && Math.log2(chunkBytes) % 1 === 0);
  }
});

test('messages of every length come whole and in order, however slowly they are taken', () => {
  const { sender, receiver, shape } = pair(64);
  const random = randomOf(11);
  const kept = new Kept();
  const { eagerBytes, chunkBytes } = shape;
  const lengths = [0, 1, 31, 32, 33, 96, eagerBytes - 1, eagerBytes, eagerBytes + 1, chunkBytes, 5 * chunkBytes + 3];
  const sent = Array.from({ length: 400 }, (_, i) => new Uint8Array(lengths[random(lengths.length)]!).fill(i));
  const sends = sent.map((array, tag) => sender.send(tag, 2, array));
  let received = 0;
  let target: Uint8Array | undefined;
  while (received < sent.length) {
    kept.room = 1 + random(5);
    receiver.step(kept);
    sender.step();
    const first = kept.messages[0];
    if (!first) continue;
    target ??= new Uint8Array(first.sizeBytes);
    if (first.take(target) === 'pending') continue;
    assert.is(first.tag, received);
    assert.ok(Buffer.compare(target, sent[received]!) === 0, `message ${received}`);
    kept.messages.shift();
    target = undefined;
    received++;
  }
  sender.step();
  assert.ok(sends.every(({ isComplete }) => isComplete));
  assert.ok(sender.isIdle && sender.untakenBytes === 0);
});

test('more long messages than a lane can have open wait in their sender', () => {
  const { sender, receiver, shape, window } = pair(2);
  const kept = new Kept();
  const array = new Uint8Array(window.node.bytes.buffer, window.allocate(shape.eagerBytes + 1), shape.eagerBytes + 1);
  const { longSlots, ringBytes } = shape;
  const messages = longSlots + 700;
  const sends = Array.from({ length: messages }, (_, tag) => sender.send(tag, 2, array));
  // The ring has room for fewer records.
  for (let turn = 0; turn <= (64 * longSlots) / ringBytes + 1; turn++) {
    receiver.step(kept);
    sender.step();
  }
  assert.is(kept.messages.length, longSlots);
  assert.is(sender.waiting.length, 700);
  assert.ok(receiver.isFull);
  // From the last to the first: numbers go round among those that are open.
  for (let left = messages; left > 0; left--) {
    assert.is(kept.messages.pop()!.take(undefined), 'complete');
    sender.step();
    receiver.step(kept);
  }
  assert.ok(sends.every(({ isComplete }) => isComplete));
});

test('an array that is detached while it is sent is an error of the sender, and one that receives of the receiver', () => {
  const { sender, receiver, shape } = pair(2);
  const kept = new Kept();
  const array = new Uint8Array(10 * shape.chunkBytes);
  const send = sender.send(0, 2, array);
  sender.step();
  receiver.step(kept);
  const target = new Uint8Array(array.length);
  assert.is(kept.messages[0]!.take(target), 'pending');
  structuredClone(array.buffer, { transfer: [array.buffer] });
  sender.step();
  assert.ok(send.isComplete);
  assert.is(send.error?.code, 'ERR_SHOAL_INVALID_ARGUMENT');
  structuredClone(target.buffer, { transfer: [target.buffer] });
  sender.send(1, 2, new Uint8Array(4));
  receiver.step(kept);
  assert.is(kept.messages[1]!.take(target), 'lost');
});

test('whatever user code writes into a lane, the receiver reads within the window and ends with an error or bytes', () => {
  const random = randomOf(2026);
  let refused = 0;
  const { window, other, address, shape } = pair(2);
  for (let round = 0; round < 3_000; round++) {
    window.node.bytes.fill(0, address, address + shape.sizeBytes);
    const kept = new Kept();
    kept.room = 100;
    const fresh = new LaneSender(window, address, shape, () => undefined);
    for (let i = 0; i < 4; i++) fresh.send(i, 2, new Uint8Array(random(2) === 0 ? 20 : shape.eagerBytes + 100));
    const words = window.node.u32;
    for (let i = 0; i < 3; i++) {
      const place = random(2) === 0 ? shape.ringAt + 4 * random(160) : 4 * random(shape.ringAt / 4);
      const value = [random(2 ** 32), random(300), 64 * random(64), 2 ** 32 - 64][random(4)]!;
      words[(address + place) / 4] = value;
    }
    const reader = new LaneReceiver(other, 0, address, shape, () => undefined);
    const known = new ArrayMemory(new Uint8Array(64));
    try {
      for (let tag = 0; tag < 3; tag++) {
        reader.takeShort(tag, 2, known, 2);
        reader.takeNextLong(tag, 2, 2 ** 20)?.take(new Uint8Array(2 ** 20));
      }
      reader.step(kept);
      for (const message of kept.messages) {
        if (message.sizeBytes > 2 ** 20) continue; // no caller has a buffer for it
        message.take(new Uint8Array(message.sizeBytes));
      }
    } catch (error) {
      assert.is((error as { code: unknown }).code, 'ERR_SHOAL_PROTOCOL');
      refused++;
    }
  }
  assert.ok(refused > 300, `${refused} of 3000`);
});

test.run();
