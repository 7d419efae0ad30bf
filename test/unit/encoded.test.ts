import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode, encode, encodedShape } from '../../src/protocol/encoded.js';
import { throwsCode } from '../support/check.js';
import fc from '../support/property.js';

const test = suite('arguments and results');
const isText = (value: unknown): boolean => typeof encode(value, 'value') === 'string';

test('plain scalars and flat lists of them go as text', () => {
  for (const value of [undefined, null, true, 0, -1.5, 1e300, '', 'ä🐟', '\ud800', '"\\', [], [1, 'a', null, false]]) {
    assert.ok(isText(value), String(value));
  }
});

test('what text would change, or make long, goes as bytes', () => {
  for (const value of [-0, NaN, Infinity, 5n, [-0], [undefined], new Array(2), [[]], [{}], {}, new Date(0)]) {
    assert.not(isText(value), String(value));
  }
  for (const value of ['x'.repeat(300), '\n'.repeat(200), new Array(17).fill(1), new Array(9).fill('x'.repeat(30))]) {
    assert.not(isText(value));
  }
});

test('every value comes back as it was, in either form, and fits its shape', () => {
  const scalar = fc.oneof(
    fc.constantFrom(undefined, null, true, false, -0, 0, NaN, Infinity, 2 ** 53, 5e-324),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
    fc.bigInt(),
  );
  fc.assert(
    fc.property(fc.oneof(scalar, fc.array(scalar, { maxLength: 20 }), fc.array(fc.array(scalar))), (value) => {
      const encoded = encode(value, 'value');
      assert.ok(encodedShape(encoded));
      assert.equal(decode(encoded), value);
      if (!Array.isArray(value)) assert.ok(Object.is(decode(encoded), value));
    }),
    { numRuns: 5_000 },
  );
});

test('a list is copied as its elements, whatever else it has', () => {
  const list = Object.assign([1, 2], { toJSON: () => 'other', more: 3 });
  assert.equal(decode(encode(list, 'value')), [1, 2]);
  const reads: string[] = [];
  const watched = new Proxy([1], {
    get: (target, key, receiver) => {
      reads.push(String(key));
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  assert.equal(decode(encode(watched, 'value')), [1]);
  assert.equal(
    reads.filter((key) => key === '0'),
    ['0'],
  );
});

test('text that no encoder makes is refused', () => {
  for (const text of ['{}', '[[]]', '[{}]', '{"__proto__":1}', '[1', 'undefined', '[', '1 2', '[{"toJSON":1}]']) {
    throwsCode(() => decode(text), 'PROTOCOL');
  }
  for (const given of ['x'.repeat(257), 1, null, undefined, ['1'], new Uint16Array(2)]) assert.not(encodedShape(given));
});

test.run();
