/** Where in a value an object was first met, as an error names it: `args[0].weights.get("w1")`. */
import { show } from '../show.js';

/** How an object is reached from the one it was first met in. */
export type Via = 'field' | 'index' | 'key of' | 'value of' | 'entry of';

/** Marks an entry that has no parent. */
export const noParent: number = -1;
/** Steps of a path that an error shows. */
const shownSteps = 24;

/** Of each entry of a table of nodes: the entry it was first met in, and how. */
export class ValuePaths {
  readonly #parents: number[] = [];
  readonly #vias: Via[] = [];
  readonly #keys: unknown[] = [];

  note(index: number, parent: number, via: Via, key: unknown): void {
    this.#parents[index] = parent;
    this.#vias[index] = via;
    this.#keys[index] = key;
  }

  /** How an entry itself was met. */
  of(index: number): { readonly parent: number; readonly via: Via; readonly key: unknown } {
    return { parent: this.#parents[index] ?? noParent, via: this.#vias[index] ?? 'field', key: this.#keys[index] };
  }

  /** The path from `root` to what is reached from the entry `parent`, as text; the middle of a long one is left out. */
  text(root: string, parent: number, via: Via, key: unknown): string {
    const steps: string[] = [];
    if (parent !== noParent) steps.push(stepText(via, key));
    for (let at = parent; at > 0 && this.of(at).parent !== noParent; at = this.of(at).parent) {
      steps.push(stepText(this.of(at).via, this.of(at).key));
    }
    steps.reverse();
    if (steps.length <= shownSteps) return root + steps.join('');
    const half = shownSteps / 2;
    const [first, last] = [steps.slice(0, half), steps.slice(-half)];
    return `${root}${first.join('')}…(${steps.length - shownSteps} more)…${last.join('')}`;
  }
}

function stepText(via: Via, key: unknown): string {
  switch (via) {
    case 'index':
      return `[${String(key)}]`;
    case 'key of':
      return `.keys()[${String(key)}]`;
    case 'value of':
      return `.get(${show(key)})`;
    case 'entry of':
      return `.values()[${String(key)}]`;
    case 'field':
      return /^[A-Za-z_$][\w$]{0,60}$/.test(String(key)) ? `.${String(key)}` : `[${show(key)}]`;
  }
}
