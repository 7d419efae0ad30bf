import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('kernels and protocol, host builds');
const wasm = fileURLToPath(new URL('../../../../wasm', import.meta.url));

/** A sanitizer reports through its exit code and its text. */
function runHere(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: wasm, encoding: 'utf8', timeout: 240_000 });
  assert.is(status, 0, `${command} ${args.join(' ')}: exit code ${String(status)}\n${stdout}${stderr}`);
  return stdout + stderr;
}

test.before(() => {
  runHere('make', ['-s', '-j', String(availableParallelism()), 'host-tests']);
});

for (const sanitizer of ['address', 'undefined', 'thread']) {
  test(`kernels agree with a scalar fold under the ${sanitizer} sanitizer`, () => {
    assert.match(runHere(`build/kernels-${sanitizer}`, []), /^0 differences$/m);
  });
  test(`the protocol keeps every result right under the ${sanitizer} sanitizer`, () => {
    const text = runHere(`build/protocol-${sanitizer}`, []);
    console.log(text.trim());
    assert.match(text, /, 0 failures$/m);
  });
}

test.run();
