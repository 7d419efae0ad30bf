/** A rank of an SPMD world: the script is the task, the thread ends when its event loop is empty. */
import { fileURLToPath } from 'node:url';
import type { RankEngine } from '../collective/engine.js';
import type { Runtime } from '../collective/scope.js';
import { inFlightText } from '../head/in-flight.js';
import type { ScriptBoot } from '../protocol/messages.js';
import { decodeValue } from '../protocol/values.js';
import { loadModule } from './load-module.js';
import type { ControlPort } from './private-port.js';
import { RankTask } from './rank-task.js';

/** What the thread gives to its script. */
interface ScriptThread {
  readonly port: ControlPort;
  readonly foreignLoader: boolean;
  readonly engine: RankEngine;
  readonly runtime: Runtime;
  readonly poison: boolean;
  flushOutput(): void;
}

/** Start the script; its world is bound from the first line on. */
export function runScript(script: ScriptBoot, thread: ScriptThread): void {
  const { port, foreignLoader, engine, runtime, poison } = thread;
  const { lease, timeoutMs, url, argv } = script;
  const task = new RankTask(engine, runtime, { lease, attempt: 1, timeoutMs, poison });
  process.argv = [process.execPath, fileURLToPath(url), ...argv];

  port.receive((message) => {
    if (message.type === 'cancel') task.cancel(decodeValue(message.reason));
  });
  port.unref(); // only the script keeps its thread alive

  // The script may patch it.
  const exit = process.exit.bind(process);
  let failed = false;
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
    const damage = task.damage();
    if (damage) {
      console.error(damage.message);
      process.exitCode = 1;
    }
    thread.flushOutput();
  });
  runtime.running = task.scope;
  runtime.storage.run(task.scope, () => {
    loadModule(url, foreignLoader).catch(fail);
  });
}
