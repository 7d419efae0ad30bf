/** Commands in tests. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';

/** The repository's root. */
export const root: string = fileURLToPath(new URL('../../../../', import.meta.url));

/** Run a command to its end; a failure fails the test with everything it printed. Returns standard output. */
export function mustRun(command: string, args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv): string {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 280_000, env: env ?? process.env });
  const { status, stdout, stderr, error } = result;
  assert.is(status, 0, `${command} ${args.join(' ')}: ${String(error ?? status)}\n${stdout}\n${stderr}`);
  return stdout;
}
