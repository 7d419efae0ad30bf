import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CollectiveTimeoutError, ShoalError, TaskFailedError } from '../../src/errors.js';
import { decodeValue, encodeValue } from '../../src/protocol/values.js';
import { throwsCode } from '../support/check.js';

const test = suite('values');
const copy = (value: unknown): unknown => decodeValue(encodeValue(value, 'value'));

test('copies plain values, keeping what msgpack alone would change', () => {
  for (const value of [
    null,
    undefined,
    true,
    0,
    -0,
    1.5,
    NaN,
    -Infinity,
    2 ** 53,
    '',
    'ä🐟',
    5n,
    -(2n ** 100n),
    2n ** 63n,
  ]) {
    assert.ok(Object.is(copy(value), value), String(value));
  }
  const nested = {
    list: [1, -0, undefined, null],
    date: new Date(5),
    pattern: /a+/gi,
    map: new Map([[{ k: 1 }, new Set([1n])]]),
  };
  assert.equal(copy(nested), nested);
  assert.ok(Object.is((copy([-0]) as number[])[0], -0));
});

test('copies every typed array with its class, at any offset, out of shared memory too', () => {
  const classes = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array] as const;
  const more = [Float32Array, Float64Array, BigInt64Array, BigUint64Array] as const;
  for (const arrayClass of [...classes, ...more]) {
    for (const buffer of [new ArrayBuffer(64), new SharedArrayBuffer(64)]) {
      const array = new (arrayClass as typeof Uint8Array)(buffer as ArrayBuffer, arrayClass.BYTES_PER_ELEMENT, 3);
      new Uint8Array(buffer).forEach((_, i, bytes) => (bytes[i] = i));
      const got = copy({ array }) as { array: Uint8Array };
      assert.is(got.array.constructor, arrayClass);
      assert.equal([...got.array], [...array]);
      assert.ok(got.array.buffer instanceof ArrayBuffer);
      assert.is(got.array.buffer.byteLength, array.byteLength);
    }
  }
  assert.is((copy(new DataView(new ArrayBuffer(9))) as DataView).byteLength, 9);
  assert.is((copy(new ArrayBuffer(5)) as ArrayBuffer).byteLength, 5);
  assert.equal([...(copy(Buffer.from('abc')) as Uint8Array)], [97, 98, 99]);
});

test('keeps cycles and shared references', () => {
  const loop: { self?: unknown; pair: unknown[] } = { pair: [] };
  loop.self = loop;
  const shared = Float32Array.of(1);
  loop.pair = [shared, shared];
  const got = copy(loop) as typeof loop;
  assert.is(got.self, got);
  assert.is(got.pair[0], got.pair[1]);
});

test('keeps errors: class, name, message, stack, code, cause and own fields', () => {
  const error = Object.assign(new RangeError('low', { cause: new TypeError('deep') }), {
    code: 'E_LOW',
    at: [1, { x: -0 }],
  });
  const got = copy(error) as RangeError & { code: string; at: unknown };
  assert.instance(got, RangeError);
  assert.is(got.message, 'low');
  assert.is(got.stack, error.stack);
  assert.is(got.code, 'E_LOW');
  assert.equal(got.at, [1, { x: -0 }]);
  assert.instance(got.cause, TypeError);
  const ours = copy(new CollectiveTimeoutError('late', { missing: [{ rank: 1 }] })) as CollectiveTimeoutError;
  assert.instance(ours, CollectiveTimeoutError);
  assert.instance(ours, ShoalError);
  assert.not.instance(ours, TaskFailedError);
  assert.equal(ours.missing, [{ rank: 1 }] as never);
  const custom = Object.assign(new Error('x'), { name: 'Custom' });
  assert.is((copy(custom) as Error).name, 'Custom');
});

test('refuses an error that refers to itself, keeps one that two fields share', () => {
  const loop: Error & { self?: unknown } = new Error('loop');
  loop.self = [loop];
  throwsCode(() => encodeValue(loop, 'value'), 'NOT_SERIALIZABLE');
  const shared = new Error('shared');
  const got = copy({ a: shared, b: shared }) as { a: Error; b: Error };
  assert.equal([got.a.message, got.b.message], ['shared', 'shared']);
});

test('keys such as __proto__ are data', () => {
  const got = copy(JSON.parse('{"__proto__": {"polluted": 1}, "a": 2}')) as Record<string, unknown>;
  assert.is((got as { polluted?: number }).polluted, undefined);
  assert.is(JSON.stringify(got), '{"__proto__":{"polluted":1},"a":2}');
});

test('round-trips whatever JSON can say', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(JSON.stringify(copy(value)), JSON.stringify(value));
    }),
  );
});

test('refuses what is truncated or damaged, whatever the bytes', () => {
  const encoded = encodeValue({ a: [1, 2, 3], b: new Float32Array(10), c: 'text' }, 'value');
  for (let length = 0; length < encoded.length; length++)
    throwsCode(() => decodeValue(encoded.slice(0, length)), 'PROTOCOL');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeValue(bytes);
      } catch (error) {
        assert.is((error as { code: string }).code, 'ERR_SHOAL_PROTOCOL');
      }
    }),
  );
});

test.run();
