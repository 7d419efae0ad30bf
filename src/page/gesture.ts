/** What fingers, or the mouse, do with a span of time that is in sight: one moves it, two zoom it. */

/** Times are in milliseconds, places in pixels from the left end of what is in sight. */
export interface Sight {
  readonly begin: number;
  readonly span: number;
  /** Pixels that `span` takes. */
  readonly width: number;
}

interface Finger {
  /** Where it is. */
  x: number;
  /** The time that stays under it. */
  time: number;
}

/** Pixels that a finger may tremble without moving anything. */
const still = 4;
/** Fingers nearer to each other do not zoom any further. */
const nearest = 12;

/** From the first finger that is put down to the last that is lifted. */
export class Gesture {
  readonly #fingers = new Map<number, Finger>();
  #from = 0;
  /** It has moved or zoomed, so it was no click. */
  moved = false;

  /** Another finger is put down. */
  down(id: number, x: number, sight: Sight): void {
    if (this.#fingers.size === 0) {
      this.#from = x;
      this.moved = false;
    }
    this.#fingers.set(id, { x, time: 0 });
    this.#hold(sight);
  }

  /** One is lifted, or lost to the browser. The others go on from where they are. */
  up(id: number, sight: Sight): void {
    if (this.#fingers.delete(id)) this.#hold(sight);
  }

  /** One moves. Returns what is in sight then; undefined: as it was. */
  move(id: number, x: number, sight: Sight): Pick<Sight, 'begin' | 'span'> | undefined {
    const finger = this.#fingers.get(id);
    if (!finger) return undefined;
    finger.x = x;
    const [first, second] = this.#fingers.values();
    if (!this.moved && !second && Math.abs(x - this.#from) < still) return undefined;
    this.moved = true;
    const span = first && second ? zoomed(first, second, sight) : sight.span;
    const { x: at, time } = first ?? finger;
    return { span, begin: time - (at / sight.width) * span };
  }

  #hold({ begin, span, width }: Sight): void {
    for (const finger of this.#fingers.values()) finger.time = begin + (finger.x / width) * span;
  }
}

function zoomed(first: Finger, second: Finger, { span, width }: Sight): number {
  const [apart, time] = [second.x - first.x, second.time - first.time];
  if (Math.abs(apart) < nearest || time === 0 || Math.sign(apart) !== Math.sign(time)) return span;
  return (time / apart) * width;
}
