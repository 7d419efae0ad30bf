/** Buckets at random: what fills them. */
import { opsOf } from '../../src/types/contract.js';
import { dtypeNames } from '../../src/types/dtype.js';
import type { Fill } from '../shared/tasks/bucket.js';
import { places } from '../shared/tasks/placed-array.js';
import fc from './property.js';

/** @param most - Arrays that are added at most. */
export function anyFill(most: number): fc.Arbitrary<Fill> {
  return fc.record({
    op: fc.constantFrom(...opsOf('float32').filter((op) => opsOf('int8').includes(op))),
    bytes: fc.constantFrom(1, 100, 5_000, 1_000_000),
    seed: fc.nat(),
    items: fc.array(
      fc.record({
        dtype: fc.constantFrom(...dtypeNames),
        count: fc.oneof(
          { weight: 20, arbitrary: fc.nat(12) },
          { weight: 4, arbitrary: fc.nat(700) },
          { weight: 1, arbitrary: fc.constant(70_001) },
        ),
        places: fc.array(fc.constantFrom(...places), { minLength: 1, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: most },
    ),
  });
}
