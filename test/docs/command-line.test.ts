import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shoalCommand } from '../../src/cli/main.js';
import { root } from '../support/spawn.js';

const test = suite('docs/reference/command-line.md');
const file = join(root, 'docs/reference/command-line.md');
const width = 110;

/** The page: what each command prints for `--help`. */
function page(): string {
  const program = shoalCommand();
  const sections = [program, ...program.commands].map((command) => {
    command.configureHelp({ helpWidth: width });
    const name = command === program ? 'shoal' : `shoal ${command.name()}`;
    return `## ${name}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`;
  });
  return `# Command line

What each command prints for \`--help\`: this page is made of the command itself. [Names, options,
variables](../api.md#flags-of-shoal-run) says more of the flags, and of exit codes, input and output.

${sections.join('\n')}`;
}

function helpOf(command: Command): string {
  return command.helpInformation().replace(/[ \t]+$/gm, '');
}

test('the page is what the command says of itself; SHOAL_WRITE_DOCS=1 writes it', () => {
  if (process.env.SHOAL_WRITE_DOCS === '1') writeFileSync(file, page());
  assert.is(readFileSync(file, 'utf8'), page());
});

test.run();
