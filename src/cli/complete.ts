/** `shoal complete`: what a shell proposes after Tab, from the commands and their options. */
import { Command } from 'commander';

/** Of the command. */
export const completeName = 'complete';

/** The command as the help shows it. */
export function completeCommand(): Command {
  return new Command(completeName)
    .summary('print what makes a shell complete commands and options')
    .argument('[shell]', 'bash, zsh, fish or powershell');
}

/** Put the command that works in its place: its library is loaded where that is called, and nowhere else. */
export async function completeIn(program: Command): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const commands = program.commands as Command[];
  commands.splice(
    commands.findIndex((command) => command.name() === completeName),
    1,
  );
  tab(program);
}
