import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Gesture } from '../../src/page/gesture.js';

const test = suite('gesture');
const sight = { begin: 1_000, span: 100, width: 200 };

test('one finger moves: the time under it stays under it', () => {
  const gesture = new Gesture();
  gesture.down(1, 50, sight);
  assert.equal(gesture.move(1, 70, sight), { begin: 990, span: 100 });
  assert.equal(gesture.move(1, 30, sight), { begin: 1_010, span: 100 });
});

test('a finger that trembles is a click', () => {
  const gesture = new Gesture();
  gesture.down(1, 50, sight);
  assert.is(gesture.move(1, 53, sight), undefined);
  gesture.up(1, sight);
  assert.not(gesture.moved);
});

test('two zoom about themselves, in either order', () => {
  for (const [left, right] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const gesture = new Gesture();
    gesture.down(left, 50, sight); // 1,025 ms
    gesture.down(right, 100, sight); // 1,050 ms
    assert.equal(gesture.move(right, 150, sight), { begin: 1_012.5, span: 50 });
    assert.equal(gesture.move(left, 100, sight), { begin: 975, span: 100 });
  }
});

test('fingers that meet or cross zoom no further', () => {
  const gesture = new Gesture();
  gesture.down(1, 50, sight);
  gesture.down(2, 100, sight);
  for (const x of [51, 50, 20]) assert.is(gesture.move(2, x, sight)!.span, 100);
});

test('the finger that is left goes on from where it is', () => {
  const gesture = new Gesture();
  gesture.down(1, 50, sight);
  gesture.down(2, 100, sight);
  const zoomed = { ...sight, ...gesture.move(2, 150, sight)! };
  gesture.up(1, zoomed);
  assert.equal(gesture.move(2, 150, zoomed), { begin: zoomed.begin, span: zoomed.span });
  assert.ok(gesture.moved);
});

test('a pointer that was not put down, or was lost, moves nothing', () => {
  const gesture = new Gesture();
  assert.is(gesture.move(1, 10, sight), undefined);
  gesture.down(1, 50, sight);
  gesture.up(1, sight);
  assert.is(gesture.move(1, 100, sight), undefined);
});

test.run();
