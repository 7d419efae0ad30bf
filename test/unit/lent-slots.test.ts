import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LentSlots } from '../../src/launch/lent-slots.js';

const test = suite('lent slots');

function lentSlots(): { slots: LentSlots; cleared: [keeper: number, slot: number][] } {
  const cleared: [number, number][] = [];
  const slots = new LentSlots(
    () => undefined,
    (keeper, slot) => cleared.push([keeper, slot]),
  );
  return { slots, cleared };
}

test('a slot that its only worker has emptied is not emptied again', () => {
  const { slots, cleared } = lentSlots();
  slots.open(3, 1);
  slots.emptied(3, 1);
  assert.is(slots.clear(3), false);
  assert.equal(cleared, []);
});

test('nobody is believed of a slot of others, of several, or that is being emptied', () => {
  const { slots, cleared } = lentSlots();
  slots.open(0, 1);
  slots.emptied(0, 2);
  slots.open(1, 1);
  slots.open(1, 2);
  slots.emptied(1, 1);
  for (const slot of [0, 1]) assert.is(slots.clear(slot), true);
  assert.equal(cleared, [
    [1, 0],
    [1, 1],
  ]);
  slots.emptied(0, 1);
  assert.is(slots.close(0, 1), true);
});

test('a slot that is lent again is emptied again', () => {
  const { slots, cleared } = lentSlots();
  slots.open(0, 1);
  slots.emptied(0, 1);
  slots.open(0, 2);
  slots.emptied(0, 1);
  assert.is(slots.clear(0), true);
  assert.equal(cleared, [[2, 0]]);
});

test.run();
