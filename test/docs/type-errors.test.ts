/** What the compiler says of a wrong call: words from which the cure can be read. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { complaints } from './compile.js';

const test = suite('errors of types');

/** A wrong call, and what is said of it. */
const wrong: Readonly<Record<string, RegExp>> = {
  'await launch({ worker: 2 })': /Did you mean to write 'workers'/,
  "await launch({ transport: 'thread' })": /Did you mean '"threads"'/,
  'await launch({ workers: 0 })': /"an integer from 1"/,
  'await pool.run(tasks, { workers: 0, args: [1] })': /"an integer from 1"/,
  "await pool.run(tasks, { export: 'sun' })": /'"sun"' is not assignable to type '"default" \| "sum"/,
  "await pool.run(tasks, { export: 'sum', args: ['1'] })": /'string' is not assignable to type 'Referable<number>'/,
  "await pool.run(tasks, { export: 'sum', args: [1], timeout: 5 })": /Did you mean to write 'timeoutMs'/,
  "await pool.run(tasks, { export: 'sum', perRankArgs: ['1'].map((n) => [n]) })":
    /'string' is not assignable to type 'Referable<number>'/,
  "await gang.actor(tasks, { export: 'sum' })": /'"sum"' is not assignable to type '"Model"'/,
  "await model.call('stop')": /'"stop"' is not assignable to (type|parameter of type) '"step" \| "start"'/,
};

test('names what is there, and what was meant', () => {
  const tasks = `export default function sum(n: number): number {
  return n;
}
export { sum };
export class Model {
  step(n: number): number {
    return n;
  }
  start(): void {}
}
`;
  const around = `import { launch, taskModule } from 'shoal';
const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.ts', import.meta.url));
const pool = await launch();
const gang = await pool.gang({ workers: 2 });
const model = await gang.actor(tasks, { export: 'Model' });
export { tasks, pool, gang, model };
`;
  const calls = Object.keys(wrong);
  const files = calls.map(
    (call, i) =>
      [
        `wrong/call-${i}.ts`,
        `import { launch } from 'shoal';\nimport { tasks, pool, gang, model } from './around.js';\n${call};\nvoid [launch, tasks, pool, gang, model];\n`,
      ] as const,
  );
  const said = complaints(new Map([['wrong/tasks.ts', tasks], ['wrong/around.ts', around], ...files]));
  assert.is(said.length, calls.length, said.join('\n'));
  for (const [i, call] of calls.entries()) assert.ok(wrong[call]!.test(said[i]!), `${call}: ${said[i]}`);
});

test.run();
