import { Packr } from 'msgpackr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameReader } from '../../src/protocol/frames.js';
import { faultOf, maxDepth, maxItems } from '../../src/protocol/scan-frame.js';
import { encodeValue } from '../../src/protocol/values.js';
import { throwsCode } from '../support/check.js';
import { framed, frameHead, frameOf } from '../support/frame.js';
import fc from '../support/property.js';

const test = suite('frames');
const readAll = (reader: FrameReader, chunk: Uint8Array): unknown[] => [...reader.push(chunk)];

/** Messages of a stream that comes in pieces of these sizes. */
function readInPieces(reader: FrameReader, stream: Buffer, sizes: Iterator<number>): unknown[] {
  const read: unknown[] = [];
  for (let at = 0; at < stream.length;) {
    const size = sizes.next().value as number;
    read.push(...readAll(reader, stream.subarray(at, at + size)));
    at += size;
  }
  return read;
}

/** Plain data as messages have it. */
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value as fc.Arbitrary<object>;

test('what is encoded arrives, in whatever pieces it comes, one after the other', () => {
  fc.assert(
    fc.property(
      fc.array(plain, { maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 90 })),
      (values, sizes) => {
        const messages = values.map((value) => ({ type: 'x', value, absent: undefined }));
        const stream = Buffer.concat(messages.map(frameOf));
        const reader = new FrameReader(1e6);
        const read = readInPieces(reader, stream, sizes);
        const expected = values.map((value) => ({ type: 'x', value: safe(value) }));
        assert.equal(JSON.stringify(read), JSON.stringify(expected));
        assert.not.ok(reader.partial);
      },
    ),
    { numRuns: 300 },
  );
});

/** A key that would be a prototype is read under another name. */
function safe(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(safe);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => [key === '__proto__' ? '__proto_' : key, safe(each)]);
  return Object.fromEntries(entries) as object;
}

/** Of so many bytes, which say where they are. */
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);

test('long arrays arrive at their places, each in memory of its own, in whatever pieces they come', () => {
  const lengths = fc.array(fc.constantFrom(0, 5, 65_535, 65_536, 65_537, 100_000), { maxLength: 5 });
  const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 200_000 }));
  fc.assert(
    fc.property(lengths, sizes, ([first = 0, second = 0, ...more], pieces) => {
      const message = {
        type: 'x',
        args: bytesOf(first),
        nested: { b: 1, value: bytesOf(second), 7: 'key' },
        list: more.map(bytesOf),
      };
      const stream = Buffer.concat([message, { type: 'after' }].map(frameOf));
      const reader = new FrameReader(1e6);
      const [came, after] = readInPieces(reader, stream, pieces) as [typeof message, unknown];
      assert.equal(after, { type: 'after' });
      const arrays = ({ args, nested, list }: typeof message): Uint8Array[] => [args, nested.value, ...list];
      for (const [i, sent] of arrays(message).entries()) {
        const array = arrays(came)[i]!;
        assert.ok(Buffer.from(array).equals(sent), `array ${i} of ${sent.length} bytes`);
        if (sent.length >= 65_536) assert.is(array.buffer.byteLength, sent.length);
      }
      assert.is(came.nested[7], 'key');
      assert.not.ok(reader.partial);
    }),
    { numRuns: 100 },
  );
});

test('what is announced for long arrays has to be what the message marks', () => {
  const mark = (length: unknown): object => ({ type: 'x', value: { '\0bytes': length } });
  const pack = (message: object): Buffer => new Packr({ useRecords: false }).pack(message);
  const frame = (message: object, announced: number): Buffer => {
    const body = pack(message);
    return Buffer.concat([frameHead(body.length, announced), body, Buffer.alloc(Math.min(announced, 200_000))]);
  };
  const refused = (message: object, announced: number): void => {
    assert.match(
      throwsCode(() => readAll(new FrameReader(1e6), frame(message, announced)), 'PROTOCOL').message,
      'marks',
    );
  };
  refused(mark(70_000), 70_001);
  refused(mark(10), 10);
  for (const length of [-70_000, 70_000.5, '70000', null, [70_000]]) refused(mark(length), 70_000);
  refused({ type: 'x' }, 70_000);
  refused({ type: 'x', a: mark(70_000), b: mark(70_000) }, 70_000);
  // Without an announcement a mark is data like any other, and no field of ours.
  assert.equal(readAll(new FrameReader(1e6), framed(pack(mark(70_000)))), [mark(70_000)]);
  assert.is(readAll(new FrameReader(1e6), frame(mark(70_000), 70_000)).length, 1);
});

test('a frame is refused by its announced length alone, and takes no memory before its bytes come', () => {
  throwsCode(() => readAll(new FrameReader(1000), frameHead(1001)), 'PROTOCOL');
  throwsCode(() => readAll(new FrameReader(1000), frameHead(500, 501)), 'PROTOCOL');
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1000 }, () => new FrameReader(2 ** 32 - 1));
  for (const reader of readers) readAll(reader, Buffer.concat([frameHead(2 ** 32 - 1), Buffer.alloc(10)]));
  assert.ok(readers.every(({ partial }) => partial));
  const took = process.memoryUsage().arrayBuffers - before;
  assert.ok(took < 100e6, `${took} bytes for 1000 frames of 4 GiB that have begun`);
});

test('no extension of the packer is run, at any place, and keys are text', () => {
  const structured = new Packr({ structuredClone: true, moreTypes: true, useRecords: true });
  const shared = { a: 1 };
  for (const value of [
    new Map([[1, 2]]),
    new Set([1]),
    new Date(0),
    new Error('x'),
    /x/,
    [shared, shared],
    2n ** 70n,
    undefined,
  ]) {
    assert.ok(faultOf(structured.pack({ type: 'x', value })), String(value));
  }
  assert.ok(faultOf(encodeValue({ a: 1 }, 'value').subarray(4)));
  assert.match(faultOf(Uint8Array.of(0x81, 0x01, 0x02))!, 'no text');
  assert.match(faultOf(Uint8Array.of(0x91, 0xd4, 0x00, 0x00))!, 'type 0xd4');
  assert.match(faultOf(Uint8Array.of(0xc1))!, 'type 0xc1');
});

test('depth, items and lengths are bounded, and nothing follows a message', () => {
  const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]);
  assert.is(faultOf(nested(maxDepth - 1)), undefined);
  assert.match(faultOf(nested(maxDepth))!, 'deeper');
  assert.match(faultOf(nested(1e6))!, 'deeper');
  const many = (items: number) => {
    const frame = Buffer.alloc(5 + items, 0xc0);
    frame[0] = 0xdd;
    frame.writeUInt32BE(items, 1);
    return frame;
  };
  assert.is(faultOf(many(maxItems - 1)), undefined);
  assert.match(faultOf(many(maxItems))!, 'more than');
  for (const kind of [0xdd, 0xdf]) assert.match(faultOf(Buffer.of(kind, 255, 255, 255, 255))!, 'longer than');
  for (const kind of [0xc4, 0xc5, 0xc6, 0xd9, 0xda, 0xdb, 0xa1, 0xcb, 0xdc, 0xde])
    assert.ok(faultOf(Buffer.of(kind)), kind.toString(16));
  for (const kind of [0xc6, 0xdb]) assert.match(faultOf(Buffer.of(kind, 255, 255, 255, 255, 0))!, 'too early');
  assert.match(faultOf(Buffer.of(0xc0, 0xc0))!, 'follow');
  assert.match(faultOf(Buffer.alloc(0))!, 'too early');
});

test('a key that would be the prototype of what is read changes nothing', () => {
  const [read] = readAll(
    new FrameReader(1e6),
    framed(new Packr({ useRecords: false }).pack(JSON.parse('{"__proto__":{"type":"stop"}}'))),
  );
  assert.is((read as { type?: string }).type, undefined);
  assert.is(Object.getPrototypeOf(read), Object.prototype);
});

test('a long frame in small pieces costs what its length costs', () => {
  // Were it quadratic, this would take minutes.
  const frame = frameOf({ type: 'x', value: Buffer.alloc(16e6, 7) });
  const reader = new FrameReader(2e7);
  let read: unknown[] = [];
  for (let at = 0; at < frame.length; at += 100) read = [...read, ...readAll(reader, frame.subarray(at, at + 100))];
  assert.is((read[0] as { value: Uint8Array }).value.length, 16e6);
});

test.run();
