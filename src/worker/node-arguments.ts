/** Which of the driver's own Node arguments are good for its workers. */

/**
 * Documented for NODE_OPTIONS, yet the driver's business: its debugger, its tests, its profile, how its own program is
 * read.
 */
const driverOnly =
  /^--(no-)?(inspect|debug|test|experimental-test|watch|input-type|experimental-default-type|title|cpu-prof|heap)/;
/** Options of V8 that NODE_OPTIONS does not list. */
const ofV8 = /^--(no-)?(expose[-_]gc|harmony|stack[-_]size|max[-_]|min[-_]|semi[-_]space|jitless|allow[-_]natives)/;
/** What a thread may be started with: the rest belongs to the whole process. */
const ofThreads =
  /^(-r|-C|--require|--import|--loader|--experimental-loader|--conditions|--enable-source-maps|--no-warnings)(=|$)/;

/**
 * For a process: what Node documents as good for any program, with the values that follow. It is never the driver's
 * program, such as the text behind `-e`.
 *
 * @param execArgv - As `process.execArgv`: no argument of the script is among them, so a word without dashes is a
 *   value.
 */
export function processArguments(execArgv: readonly string[]): string[] {
  const isGood = (flag: string): boolean => {
    const listed = process.allowedNodeEnvironmentFlags.has(flag) || ofV8.test(flag);
    return listed && !driverOnly.test(flag);
  };
  return withValues(execArgv).flatMap((words) => (isGood(words[0] ?? '') ? words : []));
}

/**
 * For a thread: undefined, to inherit, unless that cannot be: a thread's file is no program that is read as text.
 *
 * @param execArgv - As `process.execArgv`.
 */
export function threadArguments(execArgv: readonly string[]): string[] | undefined {
  const flags = withValues(execArgv);
  if (!flags.some(([flag = '']) => /^--(input-type|experimental-default-type)(=|$)/.test(flag))) return undefined;
  return flags.flatMap((words) => (ofThreads.test(words[0] ?? '') ? words : []));
}

/** Flags, each with the value that follows it. */
function withValues(execArgv: readonly string[]): string[][] {
  const flags: string[][] = [];
  for (const word of execArgv) {
    if (word.startsWith('-')) flags.push([word]);
    else flags.at(-1)?.push(word);
  }
  return flags;
}
