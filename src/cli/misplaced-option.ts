/** Options of a command that stand after its file, where they belong to what is in the file. */
import type { Command } from 'commander';

/** Ends the options of a command. */
const endOfOptions = '--';

/**
 * The first of the command's own options among what follows the file, as it was written. Undefined: there is none, or a
 * `--` before it, or before the file, says that it is meant.
 *
 * @param args - What follows the file.
 */
export function misplacedOption(command: Command, args: readonly string[]): string | undefined {
  if (isAllMeant(command, args)) return undefined;
  const end = args.indexOf(endOfOptions);
  const looked = end < 0 ? args : args.slice(0, end);
  return looked.find((text) =>
    command.options.some(({ short, long, required }) => {
      if (text === short || text === long) return true;
      if (!required) return false;
      const [, before = ''] = /^(-\w)=?\d+$/.exec(text) ?? [];
      return text.startsWith(`${long}=`) || before === short;
    }),
  );
}

/** What follows the file without the `--` that says that the rest is meant. */
export function withoutEndOfOptions(command: Command, args: readonly string[]): readonly string[] {
  const end = isAllMeant(command, args) ? -1 : args.indexOf(endOfOptions);
  return end < 0 ? args : args.filter((_, at) => at !== end);
}

/** Whether `--` stands before the file. */
function isAllMeant(command: Command, args: readonly string[]): boolean {
  const written = command.parent?.args ?? [];
  return written.at(-args.length - 2) === endOfOptions;
}
