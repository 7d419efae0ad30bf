import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as shoal from 'shoal';
import * as ray from 'shoal/ray';
import * as testing from 'shoal/testing';
import * as worker from 'shoal/worker';
import { benchCommand } from '../../src/cli/bench.js';
import { cancelCommand } from '../../src/cli/cancel.js';
import { dashboardCommand } from '../../src/cli/dashboard.js';
import { buildMpiCommand } from '../../src/cli/build-mpi.js';
import { doctorCommand } from '../../src/cli/doctor.js';
import { explainCommand } from '../../src/cli/explain.js';
import { traceCommand } from '../../src/cli/trace.js';
import { traceOptionNames } from '../../src/driver/trace.js';
import { initCommand } from '../../src/cli/init.js';
import { logsCommand } from '../../src/cli/logs.js';
import { runCommand } from '../../src/cli/run.js';
import { startCommand } from '../../src/cli/start.js';
import { submitCommand } from '../../src/cli/submit.js';
import { topCommand } from '../../src/cli/top.js';
import { statusCommand, stopCommand, tasksCommand } from '../../src/cli/use-pool.js';
import { bucket } from '../../src/operations/bucket.js';
import { operations } from '../../src/operations/index.js';
import { cart, group, split } from '../../src/operations/split.js';
import { messageOperations } from '../../src/operations/messages.js';
import { launchOptionNames } from '../../src/driver/options.js';
import { poolEventNames } from '../../src/head/pool-events.js';
import { callOptionNames, gangOptionNames, gangRunOptionNames } from '../../src/driver/gang-options.js';
import { mapOptionNames } from '../../src/driver/map-options.js';
import { runOptionNames } from '../../src/driver/task-options.js';
import { variableNames } from '../../src/env.js';
import { errorClasses } from '../../src/errors.js';
import { root } from '../support/spawn.js';

const test = suite('docs/api.md');
const sections = readFileSync(join(root, 'docs/api.md'), 'utf8').split(/^## /m).slice(1);

/** Names in the first column of a section's table, sorted. */
function documented(title: string): string[] {
  const section = sections.find((text) => text.startsWith(`${title}\n`));
  assert.ok(section, `no section ${title}`);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!).sort();
}

const inCode: Readonly<Record<string, readonly string[]>> = {
  'Exports of `shoal`': Object.keys(shoal),
  'Exports of `shoal/worker`': Object.keys(worker),
  'Members of `collective`': Object.keys(worker.collective),
  'Members of `context`': Object.getOwnPropertyNames(worker.context),
  'Exports of `shoal/ray`': Object.keys(ray),
  'Exports of `shoal/testing`': Object.keys(testing),
  'Options of `launch`': launchOptionNames,
  'Options of `run` and `submit`': runOptionNames,
  'Options of `map`': mapOptionNames,
  'Options of `gang`': gangOptionNames,
  'Options of `gang.run`': gangRunOptionNames,
  'Options of `actor.call`': callOptionNames,
  ...Object.fromEntries(
    [
      ...operations,
      ...messageOperations,
      bucket,
      split,
      group,
      { name: 'cart', options: ['periodic', ...cart.options] },
    ].map(({ name, options }) => [`Options of \`${name}\``, options]),
  ),
  'Options of `trace`': [...traceOptionNames],
  'Events of a pool': poolEventNames,
  'Error codes': errorClasses.map(({ code }) => code),
  'Flags of `shoal init`': initCommand().options.map(({ long }) => long!),
  'Flags of `shoal run`': runCommand().options.map(({ long }) => long!),
  'Flags of `shoal start`': startCommand().options.map(({ long }) => long!),
  'Flags of `shoal submit`': submitCommand().options.map(({ long }) => long!),
  'Flags of `shoal status`': statusCommand().options.map(({ long }) => long!),
  'Flags of `shoal tasks`': tasksCommand().options.map(({ long }) => long!),
  'Flags of `shoal top`': topCommand().options.map(({ long }) => long!),
  'Flags of `shoal dashboard`': dashboardCommand().options.map(({ long }) => long!),
  'Flags of `shoal logs`': logsCommand().options.map(({ long }) => long!),
  'Flags of `shoal explain`': explainCommand().options.map(({ long }) => long!),
  'Flags of `shoal trace`': traceCommand().options.map(({ long }) => long!),
  'Flags of `shoal cancel`': cancelCommand().options.map(({ long }) => long!),
  'Flags of `shoal stop`': stopCommand().options.map(({ long }) => long!),
  'Flags of `shoal doctor`': doctorCommand().options.map(({ long }) => long!),
  'Flags of `shoal build-mpi`': buildMpiCommand().options.map(({ long }) => long!),
  'Flags of `shoal bench`': benchCommand().options.map(({ long }) => long!),
  Variables: variableNames,
};

for (const [title, names] of Object.entries(inCode)) {
  test(`${title}: the page has what the code has`, () => {
    assert.equal(documented(title), [...names].sort());
  });
}

test('the page has no other tables', () => {
  assert.equal(sections.map((text) => text.split('\n')[0]!).sort(), Object.keys(inCode).sort());
});

test.run();
