import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeName, readName } from '../../src/operations/call-name.js';
import type { ListShape, NameText } from '../../src/operations/call-name.js';
import { nameBytes } from '../../src/operations/descriptor.js';

const test = suite('names of calls');

/** A name as it is read back out of a record. */
function back(name: string, list?: ListShape): NameText {
  const { bytes, length } = encodeName(name, list);
  assert.ok(bytes.length <= nameBytes);
  const field = new Uint8Array(nameBytes);
  field.set(bytes);
  return readName(field, length);
}

const shape = { arrays: 3, total: 2 ** 33 + 5, hash: [1, 0xffff_fffe] } as const;

test('short names come back whole, long ones with their length and a hash', () => {
  for (const name of ['', 'loss', 'é'.repeat(32)]) assert.equal(back(name), { name, list: undefined });
  const long = back('x'.repeat(100));
  assert.match(long.name, /^x{42}… \(100 bytes, hash .{22}\)$/);
});

test('the shape of a list comes back beside the name', () => {
  const list = '3 arrays of 8589934597 elements in all, shapes 00000001fffffffe';
  for (const name of ['', 'loss', 'y'.repeat(44)]) assert.equal(back(name, shape), { name, list });
  assert.match(back('y'.repeat(45), shape).name, /^y{22}… \(45 bytes, hash .{22}\)$/);
});

test('names with a list and without never agree', () => {
  const { bytes, length } = encodeName('', shape);
  const lookalike = encodeName(Buffer.from(bytes).toString('latin1'));
  assert.is.not(lookalike.length, length);
  assert.is.not(encodeName('').length, length);
  for (const other of [
    { ...shape, arrays: 4 },
    { ...shape, total: 5 },
    { ...shape, hash: [1, 0xffff_ffff] as const },
  ]) {
    assert.is.not(Buffer.compare(encodeName('', other).bytes, bytes), 0);
  }
});

test.run();
