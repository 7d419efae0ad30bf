import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy } from '../support/check.js';
import type { Model } from './model/explore.js';
import { explore, Violation } from './model/explore.js';
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

for (const [ranks, chunks, least] of [
  [2, 2, 1_000],
  [2, 3, 1_000],
  [3, 2, 10_000],
  [3, 3, 100_000],
] as const) {
  const size = `${ranks} ranks, ${chunks} chunks`;
  test(`rules 2 and 4-7 hold in every state of a large call, ${size}`, () => {
    holds(`large call, ${size}`, largeCall(ranks, chunks, 'none'), least);
  });
  test(`they hold with one target for all ranks, ${size}`, () => {
    holds(`shared target, ${size}`, largeCall(ranks, chunks, 'none', 'shared'), least);
  });
  for (const [fault, expected] of [...largeFaults, writesByAll]) {
    test(`the model of a large call finds the fault: ${fault}, ${size}`, () => {
      const targets = fault === writesByAll[0] ? ['shared' as const] : ['own' as const, 'shared' as const];
      for (const target of targets) finds(largeCall(ranks, chunks, fault, target), expected);
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

test.run();
