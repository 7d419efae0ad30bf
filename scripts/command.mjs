/** Running commands, with a line of progress each. Plain Node: this runs before anything is installed. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Progress goes to standard error: standard output belongs to results. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Run a command with its output on standard error; a failure ends this process with its exit code. */
export function run(label, command, args, options = {}) {
  const begun = performance.now();
  process.stderr.write(`· ${label} … `);
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, ...options });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (result.status === 0) {
    say(`${seconds} s`);
    return result.stdout;
  }
  say('failed');
  say(`$ ${command} ${args.join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`);
  process.exit(result.status || 1);
}

/** What a command prints, or undefined when it is not there or fails. */
export function output(command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** npm through the node that runs this script. */
export function npm(label, args, options = {}) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js')
    ? run(label, process.execPath, [cli, ...args], options)
    : run(label, 'npm', args, options);
}

/** Run a tool of node_modules with this very node, whatever `node` is on the path. */
export function tool(label, file, args, options = {}) {
  return run(label, process.execPath, [`node_modules/${file}`, ...args], options);
}
