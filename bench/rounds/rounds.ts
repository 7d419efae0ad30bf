/** Interleaved rounds: all contenders once, then all once more. What disturbs the machine disturbs them alike. */
import { say } from './options.js';
import { otherWork } from './other-work.js';
import type { Measured } from './samples.js';
import { median } from './samples.js';

/** A pool of ours or a peer. It verifies what it times and throws when a result is wrong. */
export interface Contender {
  readonly name: string;
  /** What comes before the first round: compilers that work while the code runs have done their work then. */
  readonly warmUp?: () => Promise<void>;
  /** Measure everything once. */
  readonly round: () => Promise<readonly Measured[]>;
  readonly close: () => Promise<void>;
}

/** The median of the medians of all rounds. */
export interface Result extends Measured {
  readonly contender: string;
  readonly rounds: readonly number[];
}

/** What all rounds have shown. */
export interface Rounds {
  readonly results: readonly Result[];
  /** Part of the cores that others kept busy before each measurement. */
  readonly otherWork: readonly number[];
}

/** Run so many rounds over all contenders, then close them. */
export async function runRounds(contenders: readonly Contender[], rounds: number): Promise<Rounds> {
  const found = new Map<string, { contender: string; form: string; at: number; rounds: number[] }>();
  const busy: number[] = [];
  try {
    for (const { warmUp } of contenders) await warmUp?.();
    for (let round = 1; round <= rounds; round++) {
      for (const { name: contender, round: measure } of contenders) {
        busy.push(await otherWork());
        const begun = performance.now();
        for (const { form, at, us } of await measure()) {
          const key = `${contender} ${form} ${at}`;
          const row = found.get(key) ?? { contender, form, at, rounds: [] };
          row.rounds.push(us);
          found.set(key, row);
        }
        say(`round ${round} of ${rounds}: ${contender}, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      }
    }
  } finally {
    for (const { close } of contenders) await close();
  }
  const results = [...found.values()].map((row) => ({ ...row, us: median(row.rounds) }));
  return { results, otherWork: busy };
}

/** Microseconds of the fastest of the named contenders and forms; undefined when none was measured there. */
export function fastest(results: readonly Result[], contender: string, at: number, form?: string): number | undefined {
  const matching = results.filter((row) => {
    return row.contender === contender && row.at === at && (form === undefined || row.form === form);
  });
  return matching.length === 0 ? undefined : Math.min(...matching.map(({ us }) => us));
}
