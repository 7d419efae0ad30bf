/** English for messages: numbers with their nouns, and names with their articles. */

/** Such as `1 array` and `2 arrays`. @param noun - In the singular. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

/** Such as `an Int32Array` and `a Uint8Array`. */
export function withArticle(name: string): string {
  // A name that begins with U is read as "you".
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`;
}
