import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Allocator } from '../../src/backend/window/allocator.js';
import fc from '../support/property.js';

const test = suite('allocator');

test('never hands out overlapping or misaligned ranges, and gives everything back', () => {
  const step = fc.oneof(fc.record({ allocate: fc.nat(3_000) }), fc.record({ free: fc.nat(20) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [start, sizeBytes] = [1_000, 40_000];
      const allocator = new Allocator(start, sizeBytes);
      const all = allocator.largestFreeBytes;
      const live: { address: number; length: number }[] = [];
      for (const each of steps) {
        if ('allocate' in each) {
          const address = allocator.allocate(each.allocate);
          if (address === undefined) {
            assert.ok(allocator.largestFreeBytes < Math.max(64, each.allocate));
            continue;
          }
          assert.is(address % 64, 0);
          assert.ok(address >= start && address + each.allocate <= start + sizeBytes);
          for (const other of live) {
            assert.ok(
              address + Math.max(1, each.allocate) <= other.address ||
                other.address + Math.max(1, other.length) <= address,
            );
          }
          live.push({ address, length: each.allocate });
        } else if (live.length > 0) {
          const [gone] = live.splice(each.free % live.length, 1);
          assert.ok(allocator.free(gone!.address) !== undefined);
          assert.is(allocator.free(gone!.address), undefined, 'a second free is refused');
        }
      }
      for (const { address, length } of live) {
        assert.ok(allocator.owns(address, length));
        allocator.free(address);
      }
      assert.is(allocator.largestFreeBytes, all);
    }),
  );
});

test('owns parts of live allocations only', () => {
  const allocator = new Allocator(0, 1_000);
  const address = allocator.allocate(100)!;
  assert.ok(allocator.owns(address + 4, 96));
  assert.not.ok(allocator.owns(address, 200));
  allocator.reset();
  assert.not.ok(allocator.owns(address, 100));
});

test.run();
