/** Every message between a pool that runs by itself and those who use it. */
import type { Carrier } from './carrier.js';
import type { Encoded } from './encoded.js';
import type { MemberInfo } from '../errors.js';
import type { ActorStep, TaskSource } from './thread-messages.js';

/**
 * On which nodes a task's workers are. `'pack'`: on one node if that many are idle there, else on few nodes.
 * `'spread'`: on as many nodes as possible, evenly. The strict ones wait until all can be on one node, or each on a
 * node of its own.
 *
 * @example
 * const placement: Placement = 'spread';
 * await pool.run(tasks, { export: 'train', workers: 2, placement });
 */
export type Placement = 'pack' | 'spread' | 'strict-pack' | 'strict-spread';

/** All of them. */
export const placements: readonly Placement[] = ['pack', 'spread', 'strict-pack', 'strict-spread'];

/** The least and the greatest priority. */
export const priorityRange: readonly [least: number, most: number] = [-1_000, 1_000];

/** What a task is, as its submitter gave it, checked and encoded. */
export interface TaskSpec {
  readonly source: TaskSource;
  readonly name: string | undefined;
  readonly workers: number;
  /** The arguments of all ranks, or one entry for each rank. */
  readonly args: readonly Encoded[];
  /** Ids of the references in them, each once; undefined: there are none. */
  readonly references?: readonly string[] | undefined;
  /** What the ranks return stays with them, as the value that has the task's id; the results are undefined. */
  readonly keep?: boolean | undefined;
  /** Limit from assignment in milliseconds; null: none. */
  readonly timeoutMs: number | null;
  readonly maxRetries: number;
  readonly fresh: boolean;
  readonly placement: Placement;
  /** A task of a higher one starts before it. */
  readonly priority: number;
  /** The gang whose workers run it, in the order of its tasks; undefined: any workers. */
  readonly gang?: string | undefined;
  /** What it does with an actor of that gang, in place of calling a function. */
  readonly actor?: ActorStep | undefined;
  /** The trace that it belongs to; undefined: nobody traces it. */
  readonly carrier?: Carrier | undefined;
}

/** What a gang is, as its owner gave it, checked. */
export interface GangSpec {
  readonly name: string | undefined;
  readonly workers: number;
  readonly placement: Placement;
}

/** A task as `shoal tasks` lists it. */
export interface TaskRecord {
  readonly id: string;
  readonly name: string | undefined;
  /** Path of the module and name of the function. */
  readonly source: TaskSource;
  readonly workers: number;
  readonly priority: number;
  /** The gang that runs it. */
  readonly gang: string | undefined;
  readonly state: string;
  /** Since it was submitted, until its end or now. */
  readonly elapsedMs: number;
  /** Of its failure. */
  readonly message: string | undefined;
  /** Its failure with the stacks, cut where it is long. */
  readonly failure: string | undefined;
  /**
   * Of a task that was submitted to go on by itself: what each rank has returned, as text that is cut where it is long.
   */
  readonly results: readonly string[] | undefined;
}

/** User → pool. */
export type ToPool =
  /** `detached`: it goes on when the session leaves; `accepted` answers, its result is in its record. */
  | { readonly type: 'submit'; readonly id: string; readonly spec: TaskSpec; readonly detached: boolean }
  /** Any task of the pool. `reason`: encoded. */
  | { readonly type: 'cancel'; readonly id: string; readonly reason: Uint8Array }
  /** Reserve workers; `gangOpened` or `gangClosed` answers. The gang ends with the session at the latest. */
  | { readonly type: 'gang'; readonly id: string; readonly spec: GangSpec }
  /** End a gang of the session; `gangClosed` answers. `force`: cancel its tasks. */
  | { readonly type: 'closeGang'; readonly id: string; readonly force: boolean }
  /** `answer` answers, with the number of the question. */
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  /** No further task needs the value. */
  | { readonly type: 'release'; readonly id: string }
  /** Say `beat` so often, in milliseconds. */
  | { readonly type: 'beats'; readonly everyMs: number }
  | ({ readonly type: 'stop' } & StopOrder);

/** What is asked of a pool. */
export type Question =
  | { readonly type: 'tasks' | 'metrics' | 'stats' | 'dashboard' }
  /** What has changed after this number of a change. */
  | { readonly type: 'news'; readonly since: number }
  /** What tasks are at; undefined: those that run. */
  | { readonly type: 'explain'; readonly id: string | undefined }
  /** Lay a value on the workers' hosts, under this id. `bytes`: an encoded value. */
  | { readonly type: 'share'; readonly id: string; readonly bytes: Uint8Array }
  /** Record what happens, under a number of the session's own. */
  | { readonly type: 'trace'; readonly id: number; readonly maxEvents: number }
  /** End that recording; `traced` brings it before the answer. */
  | { readonly type: 'endTrace'; readonly id: number };

/** How a pool is to end. */
export interface StopOrder {
  /** Cancel its tasks; else they run to their end. */
  readonly force: boolean;
  /** Cancel them after this time in milliseconds; null: never. */
  readonly timeoutMs: number | null;
}

/** Pool → user. Statuses, figures, payloads, results and errors are encoded values. */
export type FromPool =
  | {
      readonly type: 'welcome';
      /** Begins the ids of the session's tasks. */
      readonly session: string;
      readonly maxMessageBytes: number;
      readonly logDir: string | undefined;
      readonly status: Uint8Array;
    }
  | { readonly type: 'status'; readonly status: Uint8Array }
  | { readonly type: 'event'; readonly name: string; readonly payload: Uint8Array }
  /** What a rank of a task of the session has posted. */
  | { readonly type: 'message'; readonly id: string; readonly rank: number; readonly value: Uint8Array }
  | { readonly type: 'results'; readonly id: string; readonly results: Uint8Array }
  | { readonly type: 'accepted'; readonly id: string }
  | {
      readonly type: 'failed';
      readonly id: string;
      readonly error: Uint8Array;
      /** Milliseconds for which it has waited for workers, and for which they have run it. */
      readonly waitedMs: number;
      readonly ranMs: number;
    }
  /** The gang has its workers. */
  | { readonly type: 'gangOpened'; readonly id: string; readonly members: readonly MemberInfo[] }
  /** It has given them back. `error`: why, when nobody had closed it. */
  | { readonly type: 'gangClosed'; readonly id: string; readonly error: Uint8Array | undefined }
  /** To a question: a value, or an error. */
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly value?: Uint8Array | undefined;
      readonly error?: Uint8Array | undefined;
    }
  /** The next bytes of a recording's JSON. */
  | { readonly type: 'traced'; readonly id: number; readonly part: Uint8Array }
  /** The pool lives. */
  | { readonly type: 'beat' };
