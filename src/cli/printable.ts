/** Text of tasks on a terminal: what would steer the terminal is shown instead. */

/** Control characters but newline and tab, and those that turn the direction of what follows. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The same text with `\x1b` for an escape, and so on: on a terminal and in pipes alike. */
export function printable(text: string): string {
  return text.replace(steering, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
