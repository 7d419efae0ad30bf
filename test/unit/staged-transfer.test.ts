import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Channel, Transfer } from '../../src/backend/backend.js';
import type { CallArguments } from '../../src/backend/call-arguments.js';
import type { Stages } from '../../src/calls/staged-transfer.js';
import { StagedTransfer } from '../../src/calls/staged-transfer.js';
import { CollectiveMismatchError, InvalidArgumentError } from '../../src/errors.js';

const test = suite('a call of several stages');

/** A channel whose transfers are pending, and complete when they leave. */
function channel(status: 'pending' | 'complete'): Channel {
  const transfer: Transfer = {
    sequence: 1,
    polls: false,
    ownError: undefined,
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
