/** English for messages: numbers with their nouns. */

/** Such as `1 array` and `2 arrays`. @param noun - In the singular. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
