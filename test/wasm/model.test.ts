import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy } from '../support/check.js';
import { explore, Violation } from './model/explore.js';
import { largeCall } from './model/large-call.js';
import { staging } from './model/staging.js';

const test = suite('protocol model');

for (const [ranks, least] of [
  [2, 1_000],
  [3, 100_000],
] as const) {
  test(`rules 2 and 4-7 hold in every state of a large call, ${ranks} ranks`, () => {
    const states = explore(largeCall(ranks, 'none'));
    console.log(`large call, ${ranks} ranks: ${states} states`);
    assert.ok(states > least, `${states} states`);
  });

  test(`without rule 7 the model finds the fault, ${ranks} ranks`, () => {
    const fault = thrownBy(() => explore(largeCall(ranks, 'no rule 7')));
    assert.instance(fault, Violation);
    assert.match(fault.message, 'which has left the call');
  });

  test(`without the order of rule 5 the model finds the fault, ${ranks} ranks`, () => {
    assert.instance(
      thrownBy(() => explore(largeCall(ranks, 'abort read before busy'))),
      Violation,
    );
  });

  test(`with a done word before the last write the model finds the fault, ${ranks} ranks`, () => {
    assert.instance(
      thrownBy(() => explore(largeCall(ranks, 'done before the last write'))),
      Violation,
    );
  });

  test(`records and staging are never reused too early, ${ranks} ranks`, () => {
    const states = explore(staging(ranks, ranks === 2 ? 6 : 4, 'none'));
    console.log(`staging, ${ranks} ranks: ${states} states`);
    assert.ok(states > least / 10, `${states} states`);
  });

  test(`without rule 2 the model finds the fault, ${ranks} ranks`, () => {
    assert.instance(
      thrownBy(() => explore(staging(ranks, 4, 'no rule 2'))),
      Violation,
    );
  });
}

test.run();
