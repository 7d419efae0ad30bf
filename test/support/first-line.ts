/** Whose line an error has first. */

/**
 * Run what is to fail, and say what is wrong with the first line of its error that is not Node's own.
 *
 * @param file - Part of the name of the file that has the call.
 * @returns Undefined: the line is of that file.
 */
export async function lineProblem(name: string, file: string, run: () => unknown): Promise<string | undefined> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    const { stack } = error as Error;
    const line = stack?.split('\n').find((each) => /^\s+at /.test(each) && !/[( ]node:|\(index \d+\)$/.test(each));
    return line?.includes(file) ? undefined : `${name}: its first line is ${String(line)}, in\n${String(stack)}`;
  }
  return `${name}: expected an error, it gave ${String(value)}`;
}
