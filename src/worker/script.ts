/** A rank of an SPMD world: the script is the task, the thread ends when its event loop is empty. */
import { fileURLToPath } from 'node:url';
import type { RankEngine } from '../calls/engine.js';
import type { Runtime } from '../collective/scope.js';
import { inFlightText } from '../head/in-flight.js';
import type { ScriptBoot } from '../protocol/thread-messages.js';
import { decodeValue } from '../protocol/values.js';
import { functionsOf, loadModule } from './load-module.js';
import type { Output } from './output.js';
import type { ControlPort } from './private-port.js';
import { RankTask } from './rank-task.js';
import { installStandardInput } from './standard-input.js';

/** What the thread gives to its script. */
interface ScriptThread {
  readonly port: ControlPort;
  readonly foreignLoader: boolean;
  readonly engine: RankEngine;
  readonly runtime: Runtime;
  readonly poison: boolean;
  readonly output: Output;
}

/** Start the script; its world is bound from the first line on. */
export function runScript(script: ScriptBoot, thread: ScriptThread): void {
  const { port, foreignLoader, engine, runtime, poison, output } = thread;
  const { lease, timeoutMs, url, argv } = script;
  const task = new RankTask(engine, runtime, { lease, attempt: 1, timeoutMs, poison });
  engine.recorder.enter('running');
  process.argv = [process.execPath, fileURLToPath(url), ...argv];
  if (lease.rank === 0) installStandardInput();

  port.receive((message) => {
    if (message.type === 'cancel') task.cancel(decodeValue(message.reason));
    else if (message.type === 'records') engine.recorder.moveTo(message.memory);
  });
  port.unref(); // only the script keeps its thread alive

  // The script may patch it.
  const exit = process.exit.bind(process);
  let failed = false;
  let functions: readonly string[] = [];
  const fail = (error: unknown): void => {
    failed = true;
    console.error(error);
    task.fail(error);
    exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('exit', (code) => {
    const { inFlight } = task.group;
    if (!failed && inFlight.length > 0) console.error(`the script ended while ${inFlightText(inFlight)}`);
    // After a failure the peers know; a plain exit code other than 0 is a failure too.
    if (!failed && code !== 0) task.fail(new Error(`rank ${lease.rank} ended with exit code ${code}`));
    else if (!failed) task.finish();
    const damage = task.group.damage();
    if (damage) {
      console.error(damage.message);
      process.exitCode = 1;
    }
    if (code === 0 && lease.rank === 0 && output.isSilent && task.group.sequence === 0 && functions.length > 0) {
      console.error(onlyExports(fileURLToPath(url), functions));
    }
    output.flush();
  });
  runtime.running = task.scope;
  runtime.storage.run(task.scope, () => {
    loadModule(url, foreignLoader).then((module) => {
      functions = functionsOf(module);
    }, fail);
  });
}

/** For a script that was written as a task. */
function onlyExports(file: string, functions: readonly string[]): string {
  const [first = ''] = functions;
  const flag = functions.includes('default') ? '' : ` --export ${first}`;
  return (
    `${file} has ended without output and without a collective: it exports ${functions.join(', ')}, and \`shoal run\` ` +
    `calls nothing. Call the function in the file, or run it as a task: shoal start, then shoal submit${flag} ${file}`
  );
}
