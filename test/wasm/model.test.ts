import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy } from '../support/check.js';
import type { Model } from './model/explore.js';
import { explore, Violation } from './model/explore.js';
import { groups } from './model/group.js';
import type { GroupFault } from './model/group.js';
import { chunks, direct, ring } from './model/lane.js';
import type { ChunkFault, DirectFault, RingFault } from './model/lane.js';
import { largeCall } from './model/large-call.js';
import type { LargeFault } from './model/large-call.js';
import { smallCall } from './model/small-call.js';
import type { SmallFault } from './model/small-call.js';
import { staging } from './model/staging.js';
import type { StagingFault } from './model/staging.js';

const test = suite('protocol model');

/** A model with a rule taken out must find what that leads to. */
function finds(model: Model, expected: RegExp): void {
  const fault = thrownBy(() => explore(model));
  assert.instance(fault, Violation);
  assert.match(fault.message, expected);
}

function holds(name: string, model: Model, least: number): void {
  const states = explore(model);
  console.log(`${name}: ${states} states`);
  assert.ok(states > least, `${states} states`);
}

const largeFaults: readonly (readonly [LargeFault, RegExp])[] = [
  ['no rule 7', /has left the call/],
  ['abort read before busy', /has left the call/],
  ['done before the last write', /whose call has ended|unfinished chunk/],
  ['claims without comparison', /once more|whose call has ended/],
  ['no look at abort in the last wait', /stuck/],
];

/** What members do in a small call, done to a target that all of them read. */
const writesByAll = ['every rank writes the target and leaves', /whose call has ended/] as const;

const stagingFaults: readonly (readonly [StagingFault, RegExp])[] = [
  ['no rule 2', /later (descriptor|payload)/],
  ['bound after an own refusal', /later (descriptor|payload)/],
  ['arrivals wait as refusals do', /later payload/],
  ['refusals do not wait', /later descriptor/],
  ['departs before the last part', /later (descriptor|payload)/],
];

const smallFaults: readonly (readonly [SmallFault, RegExp])[] = [
  ['published before staged', /has not staged/],
  ['folds from the arrays', /touches the array/],
  ['writes all arrays', /touches the array/],
  ['given out after the first acknowledgement', /later lease/],
  ['given out by time', /later lease/],
  ['no look at abort', /stuck/],
];

const groupFaults: readonly (readonly [GroupFault, RegExp])[] = [
  ['used again at the own mark', /touches a part|reads/],
  ['mark before finished', /touches a part/],
  ['told before it is cleared', /touches a part|reads|stuck/],
];

const ringFaults: readonly (readonly [RingFault, RegExp])[] = [
  ['stamp before the record', /is taken for/],
  ['next stamp is not cleared', /is taken for/],
  ['no room for the next stamp', /is taken for|stuck/],
  ['no look at head', /is taken for/],
  ['no look before sleep', /stuck/],
  ['no notification', /stuck/],
];

const chunkFaults: readonly (readonly [ChunkFault, RegExp])[] = [
  ['number before the index is cleared', /another chunk/],
  ['index read before the number', /another chunk/],
  ['index before the bytes', /another chunk/],
  ['wanted before taken', /stuck|another chunk/],
  ['fills what was not taken', /stuck|another chunk/],
];

const directFaults: readonly (readonly [DirectFault, RegExp])[] = [
  ['no look at abort after the copy', /changed array/],
  ['done before the copy', /changed array/],
];

test('rules M2 and M3 hold in every state of a ring of records', () => {
  holds('ring', ring(9, 'none'), 100);
});
for (const [fault, expected] of ringFaults) {
  test(`the model of a ring finds the fault: ${fault}`, () => {
    finds(ring(9, fault), expected);
  });
}
test('rules M4 and M5 hold in every state of two long messages', () => {
  for (const total of [1, 2, 3, 5]) holds(`chunks, ${total} each`, chunks(total, 'none'), 50);
});
for (const [fault, expected] of chunkFaults) {
  test(`the model of long messages finds the fault: ${fault}`, () => {
    finds(chunks(5, fault), expected);
  });
}
test('rules M5 and M6 hold in every state of a message that is copied out of its array', () => {
  holds('direct', direct('none'), 20);
});
for (const [fault, expected] of directFaults) {
  test(`the model of a direct message finds the fault: ${fault}`, () => {
    finds(direct(fault), expected);
  });
}

for (const [ranks, count, least] of [
  [2, 2, 1_000],
  [2, 3, 1_000],
  [3, 2, 10_000],
  [3, 3, 100_000],
] as const) {
  const size = `${ranks} ranks, ${count} chunks`;
  test(`rules 2 and 4-7 hold in every state of a large call, ${size}`, () => {
    holds(`large call, ${size}`, largeCall(ranks, count, 'none'), least);
  });
  test(`they hold with one target for all ranks, ${size}`, () => {
    holds(`shared target, ${size}`, largeCall(ranks, count, 'none', 'shared'), least);
  });
  for (const [fault, expected] of [...largeFaults, writesByAll]) {
    test(`the model of a large call finds the fault: ${fault}, ${size}`, () => {
      const targets = fault === writesByAll[0] ? ['shared' as const] : ['own' as const, 'shared' as const];
      for (const target of targets) finds(largeCall(ranks, count, fault, target), expected);
    });
  }
}

for (const [ranks, calls, least] of [
  [2, 12, 1_000],
  [3, 7, 10_000],
] as const) {
  test(`descriptors and staging are never reused too early, ${ranks} ranks`, () => {
    holds(`staging, ${ranks} ranks`, staging(ranks, calls, 'none'), least);
  });
  for (const [fault, expected] of stagingFaults) {
    test(`the model of staging finds the fault: ${fault}, ${ranks} ranks`, () => {
      finds(staging(ranks, calls, fault), expected);
    });
  }
}

// With two ranks one refuses and the other has departed from all calls before: a third is needed that lags behind.
test('the model of staging finds the fault: bound after a refusal by another, 3 ranks', () => {
  finds(staging(3, 7, 'bound after a refusal by another'), /later (descriptor|payload)/);
});

for (const [ranks, least] of [
  [2, 100],
  [3, 10_000],
] as const) {
  test(`rules 2-4, 7 and 8 hold in every state of a small call, ${ranks} ranks`, () => {
    holds(`small call, ${ranks} ranks`, smallCall(ranks, 'none'), least);
  });
  for (const [fault, expected] of smallFaults) {
    test(`the model of a small call finds the fault: ${fault}, ${ranks} ranks`, () => {
      finds(smallCall(ranks, fault), expected);
    });
  }
}

test('groups that are made and closed again and again, and what each rule of theirs is for', () => {
  holds('groups of 2, four in a row', groups(2, 4, 'none'), 500);
  holds('groups of 3, three in a row', groups(3, 3, 'none'), 5_000);
  for (const [fault, expected] of groupFaults) finds(groups(2, 4, fault), expected);
});

test.run();
