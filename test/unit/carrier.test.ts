import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundedCarrier, carrierShape, carrierSize } from '../../src/protocol/carrier.js';
import { toRank } from '../../src/protocol/control-shapes.js';
import fc from '../support/property.js';

const test = suite('headers of a trace');
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'y']));

const forged: [name: string, carrier: unknown][] = [
  ['text', traceparent],
  ['a list', [traceparent]],
  ['bytes', Buffer.from(traceparent)],
  ['a number', { traceparent: 1 }],
  ['an object', { traceparent: { toString: () => traceparent } }],
  ['nothing', { traceparent: undefined }],
  ['a name with a line break', { 'a\r\nb': 'c' }],
  ['an empty name', { '': 'c' }],
  ['a long name', { ['n'.repeat(257)]: 'c' }],
  ['a long value', { baggage: 'x'.repeat(13_000) }],
  ['many', many(17)],
  ['much in all', { a: 'x'.repeat(6_200), b: 'y'.repeat(6_200) }],
];

for (const [name, carrier] of forged) {
  test(`refuses ${name}`, () => {
    assert.not.ok(carrierShape(carrier));
    assert.not.ok(toRank.assign({ type: 'assign', carrier }));
  });
}

test('takes those of W3C', () => {
  const carrier = { traceparent, tracestate: 'v=1', baggage: 'x'.repeat(8_192) };
  assert.ok(carrierShape(carrier));
  assert.equal(boundedCarrier(carrier), carrier);
  assert.is(carrierSize({ ab: 'cde' }), 5);
  assert.is(carrierSize(undefined), 0);
});

test('keeps the headers that may be sent, and drops the others', () => {
  const given = { traceparent, a: 1, 'b\n': 'c', long: 'x'.repeat(13_000), state: 'v' };
  assert.equal(boundedCarrier(given), { traceparent, state: 'v' });
  assert.is(Object.keys(boundedCarrier(many(40))!).length, 16);
  for (const nothing of [{}, { a: 1 }]) assert.is(boundedCarrier(nothing), undefined);
});

test('what a propagator leaves is always of the shape', () => {
  const name = fc.oneof(fc.string(), fc.constantFrom('traceparent', '__proto__', 'constructor', 'b3'));
  const value = fc.oneof(
    fc.nat(9_000).map((length) => 'x'.repeat(length)),
    fc.constantFrom<unknown>(undefined, null, 1, {}, [], Symbol('s')),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 30 }), (headers) => {
      const carrier = boundedCarrier(Object.fromEntries(headers));
      assert.ok(carrier === undefined || carrierShape(carrier));
    }),
  );
});

test.run();
