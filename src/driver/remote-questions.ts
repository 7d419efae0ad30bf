/** What is asked of a pool in another process. */
import { LaunchError, ProtocolError } from '../errors.js';
import type { TaskExplanation } from '../head/explanations.js';
import type { TraceDocument } from '../head/trace-document.js';
import type { Connection } from '../protocol/connection.js';
import { decodeError } from '../protocol/decode-error.js';
import type { FromPool, Question, TaskRecord, ToPool } from '../protocol/pool-messages.js';
import { answers } from '../protocol/pool-shapes.js';
import { decodeValue } from '../protocol/values.js';
import type { DashboardNews } from './dashboard-news.js';
import type { PoolStats } from './pool-stats.js';
import { RemoteQuestion } from './remote-question.js';

/** These take as long as what they move. That the pool lives is all that is asked of it meanwhile. */
const withoutLimit: ReadonlySet<Question['type']> = new Set(['share', 'endTrace']);

/** Of one connection. */
interface QuestionsOptions {
  readonly address: string;
  readonly connection: Connection<FromPool, ToPool>;
  /** From a question that has left this process to its answer, in milliseconds. */
  readonly answerMs: number;
  /** Throws where nothing can be asked any more. */
  readonly assertOpen: () => void;
  /** There are more or fewer questions that wait. */
  readonly changed: () => void;
}

/**
 * All that wait. Each fails with a {@link LaunchError} when its answer is late, with the {@link ClosedError} that ends the
 * connection, and with what the pool has against it.
 */
export class RemoteQuestions {
  readonly #options: QuestionsOptions;
  readonly #waiting = new Map<number, RemoteQuestion>();
  /** What has come of recordings that are being ended. */
  readonly #traced = new Map<number, Uint8Array[]>();
  #nextQuestion = 1;
  #nextTrace = 1;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Those that wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Every task of the pool that runs, waits or has ended lately. */
  async tasks(): Promise<readonly TaskRecord[]> {
    return (await this.#ask({ type: 'tasks' })) as readonly TaskRecord[];
  }

  /** The pool's figures, for Prometheus. */
  async metrics(): Promise<string> {
    return (await this.#ask({ type: 'metrics' })) as string;
  }

  /** What the pool has done, in numbers. */
  async stats(): Promise<PoolStats> {
    return (await this.#ask({ type: 'stats' })) as PoolStats;
  }

  /** How the pool is, and what has changed of its tasks after a number of a change. */
  async news(since: number): Promise<DashboardNews> {
    return (await this.#ask({ type: 'news', since })) as DashboardNews;
  }

  /** Where the page of the pool is, on its host, which begins to serve it if it does not yet. */
  async dashboard(): Promise<string> {
    return (await this.#ask({ type: 'dashboard' })) as string;
  }

  /** What tasks are at. */
  async explain(id: string | undefined): Promise<readonly TaskExplanation[]> {
    return (await this.#ask({ type: 'explain', id })) as readonly TaskExplanation[];
  }

  /** Lay a value on the workers' hosts. */
  async share(id: string, bytes: Uint8Array): Promise<void> {
    await this.#ask({ type: 'share', id, bytes });
  }

  /** Have the pool record what happens. Resolves when it does, with what ends that. */
  async startTrace(maxEvents: number): Promise<() => Promise<TraceDocument>> {
    const id = this.#nextTrace++;
    await this.#ask({ type: 'trace', id, maxEvents });
    return async () => {
      const parts: Uint8Array[] = [];
      this.#traced.set(id, parts);
      try {
        await this.#ask({ type: 'endTrace', id });
        return documentOf(parts);
      } finally {
        this.#traced.delete(id);
      }
    };
  }

  /** @throws {@link ProtocolError} for a value that is no answer to its question. */
  receive({ id, value, error }: Extract<FromPool, { type: 'answer' }>): void {
    const question = this.#waiting.get(id);
    // Nobody waits for it any more.
    if (!question) return;
    const decoded = value ? decodeValue(value) : undefined;
    if (!error && !answers[question.type](decoded)) {
      throw new ProtocolError(`the answer to ${JSON.stringify(question.type)} is none`);
    }
    if (error) question.fail(decodeError(error));
    else question.succeed(decoded);
  }

  /** The next bytes of a recording. */
  receiveTraced({ id, part }: Extract<FromPool, { type: 'traced' }>): void {
    this.#traced.get(id)?.push(part);
  }

  /** Nothing will be answered. */
  fail(error: Error): void {
    for (const question of this.#waiting.values()) question.fail(error);
  }

  async #ask(asked: Question): Promise<unknown> {
    const { connection, assertOpen, changed } = this.#options;
    assertOpen();
    const id = this.#nextQuestion++;
    const question = new RemoteQuestion(asked.type);
    this.#waiting.set(id, question);
    connection.send({ type: 'ask', id, question: asked }, () => {
      this.#limit(question);
    });
    changed();
    try {
      return await question.answer;
    } finally {
      this.#waiting.delete(id);
      changed();
    }
  }

  #limit(question: RemoteQuestion): void {
    const { address, connection, answerMs } = this.#options;
    if (withoutLimit.has(question.type)) return;
    question.limit(answerMs, () => {
      // The answer may stand behind a long message.
      if (connection.isReceiving) return undefined;
      const text = `the pool at ${address} lives, and has not answered ${question.type} within ${answerMs} ms`;
      return new LaunchError(`${text}; try again, or allow more with SHOAL_ANSWER_MS`, { address });
    });
  }
}

function documentOf(parts: readonly Uint8Array[]): TraceDocument {
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as TraceDocument;
  } catch (cause) {
    throw new ProtocolError('the pool has sent a trace that is no JSON', {}, { cause });
  }
}
