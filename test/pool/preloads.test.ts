import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launch } from 'shoal';
import { lives } from '../mpi/left-behind.js';
import { rejectsCode, until } from '../support/check.js';

const test = suite('what is preloaded into task threads');
const folder = mkdtempSync(join(tmpdir(), 'shoal-preload-'));
test.after(() => {
  rmSync(folder, { recursive: true });
});

/** Node's options that run this in every thread but the main one; each notes its process. */
function preload(name: string, program: string): { execArgv: string[]; pids: () => number[] } {
  const [file, pids] = [join(folder, `${name}.mjs`), join(folder, `${name}.pids`)];
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
     import { isMainThread } from 'node:worker_threads';
     if (!isMainThread) {
       appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n');
       ${program};
     }`,
  );
  return {
    execArgv: ['--import', file],
    pids: () => readFileSync(pids, 'utf8').trim().split('\n').map(Number),
  };
}

// Where workers are processes, the head waits as long, from an earlier moment on.
const late = process.env.SHOAL_TRANSPORT === 'mpi' ? 'REGISTRATION_TIMEOUT' : 'LAUNCH';

for (const [what, program, options, code, text] of [
  ['throws', 'throw new RangeError("on purpose")', {}, 'LAUNCH', 'did not start: on purpose'],
  ['ends its thread', 'process.exit(3)', {}, 'LAUNCH', 'did not start: its thread ended before it was ready'],
  ['never ends', 'for (;;);', { startTimeoutMs: 4_000 }, late, 'startTimeoutMs'],
] as const) {
  test(`one that ${what} is an error of the launch, and no process stays`, async () => {
    const { execArgv, pids } = preload(what.replaceAll(' ', '-'), program);
    const error = await rejectsCode(launch({ workers: 2, execArgv, ...options }), code);
    assert.match(error.message, text);
    const others = pids().filter((pid) => pid !== process.pid);
    await until(() => !others.some(lives));
  });
}

test.run();
