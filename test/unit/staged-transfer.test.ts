import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Channel, Transfer } from '../../src/backend/backend.js';
import type { CallArguments } from '../../src/backend/call-arguments.js';
import type { Stages } from '../../src/calls/staged-transfer.js';
import { AgreedError, StagedTransfer } from '../../src/calls/staged-transfer.js';
import { unsaid } from '../../src/calls/ragged/ragged-counts.js';
import { raggedStages } from '../../src/calls/ragged/ragged-stages.js';
import { emptyArguments } from '../../src/calls/validate.js';
import { allgatherv } from '../../src/operations/allgatherv.js';
import { CollectiveMismatchError, InvalidArgumentError } from '../../src/errors.js';

const test = suite('a call of several stages');

/** A channel whose transfers are pending, and complete when they leave. */
function channel(status: 'pending' | 'complete'): Channel {
  const transfer: Transfer = {
    sequence: 1,
    polls: false,
    ownError: undefined,
    work: undefined,
    start: () => status,
    step: () => status,
    leave: () => 'complete',
  };
  return { prepare: () => transfer } as unknown as Channel;
}

const stage = {} as CallArguments;
const disagree = (): never => {
  throw new CollectiveMismatchError('counts', { calls: [] });
};

function stages(after: () => void): Stages {
  return function* () {
    yield stage;
    after();
  };
}

test('a result that one rank cannot make is refused on all ranks, before a block goes', () => {
  const size = 2;
  const count = 2 ** 25;
  const side = { counts: [count, count], starts: [0, 0] };
  const expected = { counts: [unsaid, unsaid], starts: undefined };
  for (const rank of [0, 1]) {
    const outputOf = (): Uint8Array => {
      if (rank === 1) throw new RangeError('no memory');
      return new Uint8Array(0);
    };
    const args = emptyArguments(allgatherv);
    const left = raggedStages('allgatherv', args, { sent: side, expected, room: unsaid, outputOf }, { rank, size })();
    const counts = left.next().value!;
    const said = counts.input as Float64Array;
    (counts.output as Float64Array).set([...said, ...said]);
    const able = left.next().value!;
    assert.equal(able.input, Float64Array.of(rank));
    (able.output as Float64Array).set([0, 1]);
    try {
      left.next();
      assert.unreachable('a block goes');
    } catch (thrown) {
      assert.instance(thrown, AgreedError);
      const { code, message, cause } = (thrown as AgreedError).error;
      assert.is(code, 'ERR_SHOAL_INVALID_ARGUMENT');
      assert.match(message, 'allgatherv: rank 1 cannot make an array for what it gets');
      assert.is(cause instanceof RangeError, rank === 1);
    }
  }
});

test('what all ranks agree to refuse ends a call, and not its group', () => {
  const refusal = new InvalidArgumentError('none');
  const transfer = new StagedTransfer(
    channel('complete'),
    stages(() => {
      throw new AgreedError(refusal);
    }),
  );
  assert.is(transfer.start(1), 'mismatch');
  assert.is(transfer.ownError, refusal);
});

test('a disagreement after a stage is a mismatch', () => {
  const transfer = new StagedTransfer(channel('complete'), stages(disagree));
  assert.is(transfer.start(1), 'mismatch');
  assert.instance(transfer.ownError, CollectiveMismatchError);
});

test('an error of this rank alone is thrown: the others come to the next stage', () => {
  const alone = stages(() => {
    throw new InvalidArgumentError('no memory for the result');
  });
  assert.throws(() => new StagedTransfer(channel('complete'), alone).start(1), /no memory/);
});

test('a call that leaves while its last stage completes has a result, and none when the ranks disagree', () => {
  const good = new StagedTransfer(
    channel('pending'),
    stages(() => undefined),
  );
  assert.is(good.start(1), 'pending');
  assert.is(good.leave(), 'complete');
  const bad = new StagedTransfer(channel('pending'), stages(disagree));
  assert.is(bad.start(1), 'pending');
  assert.is(bad.leave(), 'left');
});

test.run();
