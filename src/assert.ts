/** Without the runtime's own `assert`: that loads its coloured differences, for some 4 ms. */

/** What the code itself has made sure of. @throws {@link Error} when it has not: a fault of this package. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`a fault of shoal, please report it: expected that ${what}`);
}
