import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RankRow } from '../../src/protocol/control-messages.js';
import { chooseRendezvous } from '../../src/launch/choose-rendezvous.js';
import { trialRows } from '../../src/launch/trial.js';
import { checkRows, groupByNode } from '../../src/launch/rows.js';
import { throwsCode } from '../support/check.js';

const test = suite('rows');

function row(rank: number, more: Partial<RankRow> = {}): RankRow {
  const versions = { shoal: '0.1.0', node: 'v20.20.0' };
  const host = { hostname: 'one', node: 'one', bootId: 'a', pidNamespace: 'pid:[1]' };
  return { rank, size: 4, pid: 100 + rank, startTime: 7, startupToken: `t${rank}`, versions, ...host, ...more };
}
const world = [row(1), row(2), row(3)];
const check = (rows: readonly RankRow[]): void => {
  checkRows(rows, 1, 3);
};

test('takes a whole world', () => {
  check(world);
});

for (const [what, rows, text] of [
  ['that are too few', world.slice(1), 'expected the rows of 3 workers, received 2'],
  ['with a rank twice', [row(1), row(2), row(2)], 'expected the row of rank 3, received that of rank 2'],
  ['with a token twice', [row(1), row(2), row(3, { startupToken: 't1' })], 'start-up token of rank 1'],
  ['of two versions of Node', [row(1), row(2), row(3, { versions: { shoal: '0.1.0', node: 'v22.0.0' } })], 'v22.0.0'],
  ['of two versions of Shoal', [row(1), row(2, { versions: { shoal: '0.2.0', node: 'v20.20.0' } }), row(3)], '0.2.0'],
] as const) {
  test(`refuses rows ${what}`, () => {
    assert.match(throwsCode(() => check(rows), 'LAUNCH').message, text);
  });
}

test('groups rows by boot, pid namespace and node, not by host name', () => {
  const rows = [
    row(1),
    row(2, { bootId: 'b' }),
    row(3, { hostname: 'two' }),
    row(4, { pidNamespace: 'pid:[2]' }),
    row(5, { node: 'two' }),
  ];
  assert.equal(
    groupByNode(rows).map((host) => host.rows.map(({ rank }) => rank)),
    [[1, 3], [2], [4], [5]],
  );
});

test('a trial of two ranks brings one row together beside an agent, and two without', () => {
  assert.equal((['accept-connect', 'intercomm', 'gather'] as const).map(trialRows), [1, 1, 2]);
});

test('each family has its rendezvous; what it cannot do is refused with the way out', () => {
  const openmpi = (version: string) => ({ family: 'openmpi', version }) as const;
  const mpich = { family: 'mpich', version: '4.0.2' } as const;
  assert.is(chooseRendezvous('auto', openmpi('4.1.4')), 'accept-connect');
  assert.is(chooseRendezvous('auto', openmpi('5.0.7')), 'accept-connect');
  assert.is(chooseRendezvous('auto', openmpi('6.0.0')), 'gather');
  assert.is(chooseRendezvous('auto', mpich), 'intercomm');
  assert.is(chooseRendezvous('gather', mpich), 'gather');
  assert.match(throwsCode(() => chooseRendezvous('accept-connect', mpich), 'LAUNCH').message, "say 'intercomm'");
});

test.run();
