/** Spans of tasks in the driver's program, where that has OpenTelemetry: from `submit` until the task has ended. */
import type { Context, Span } from '@opentelemetry/api';
import { announce } from '../head/announce.js';
import type { HeadEvents } from '../head/pool-events.js';
import type { Task } from '../head/task.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import { producer } from '../telemetry/api-values.js';
import { codeAttributes, labelOf } from '../telemetry/task-attributes.js';
import { Telemetry } from '../telemetry/telemetry.js';
import type { PoolBackend } from './pool-backend.js';

/** A span whose task has not ended. */
interface Open {
  readonly span: Span;
  /** In all attempts so far. */
  waitedMs: number;
}

/** One per pool, and driver of it. */
export class TaskSpans {
  readonly #head: PoolBackend;
  readonly #telemetry: Telemetry;
  readonly #open = new Map<string, Open>();
  #listens = false;

  constructor(head: PoolBackend) {
    this.#head = head;
    this.#telemetry = new Telemetry((message) => {
      announce(head, 'warning', [{ message, worldRank: undefined }]);
    });
  }

  /**
   * Submit a task within a span.
   *
   * @param context - The active one, where the task was asked for; undefined: the program has no OpenTelemetry.
   * @throws As the head's `submit`.
   */
  submit(spec: TaskSpec, context: Context | undefined): Task {
    if (!context) return this.#head.submit(spec);
    const span = this.#telemetry.start(`task ${labelOf(spec)}`, { kind: producer, attributes: asked(spec) }, context);
    const carrier = this.#telemetry.inject(this.#telemetry.within(context, span));
    let task: Task;
    try {
      task = this.#head.submit(carrier ? { ...spec, carrier } : spec);
    } catch (error) {
      if (span) this.#end(span, 'refused', error);
      throw error;
    }
    if (span) this.#follow(span, task);
    return task;
  }

  #follow(span: Span, task: Task): void {
    const { id } = task;
    this.#open.set(id, { span, waitedMs: 0 });
    this.#telemetry.try(() => span.setAttribute('shoal.task.id', id));
    if (!this.#listens) {
      this.#listens = true;
      this.#head.on('taskStarted', (started) => {
        this.#started(started);
      });
    }
    task.done.then(
      () => {
        this.#open.delete(id);
        this.#end(span, task.state);
      },
      (error: unknown) => {
        this.#open.delete(id);
        this.#end(span, task.state, error);
      },
    );
  }

  #started({ taskId, worldRanks, attempt, waitedMs }: HeadEvents['taskStarted'][0]): void {
    const open = this.#open.get(taskId);
    if (!open) return;
    open.waitedMs += waitedMs;
    this.#telemetry.try(() => {
      const nodes = worldRanks.map((worldRank) => this.#head.nodeOf(worldRank) ?? '');
      open.span.addEvent(attempt === 1 ? 'started' : 'retried', {
        'shoal.task.attempt': attempt,
        'shoal.task.queue_wait_ms': waitedMs,
        'shoal.task.world_ranks': [...worldRanks],
      });
      open.span.setAttributes({
        'shoal.task.attempts': attempt,
        'shoal.task.queue_wait_ms': open.waitedMs,
        'shoal.task.world_ranks': [...worldRanks],
        'shoal.task.nodes': [...new Set(nodes)],
      });
    });
  }

  #end(span: Span, outcome: string, error?: unknown): void {
    this.#telemetry.try(() => span.setAttribute('shoal.task.outcome', outcome));
    if (error === undefined) this.#telemetry.end(span);
    else this.#telemetry.fail(span, error);
  }
}

function asked(spec: TaskSpec): Record<string, string | number> {
  const { name, workers, priority, gang } = spec;
  return {
    ...codeAttributes(spec),
    'shoal.task.workers': workers,
    'shoal.task.priority': priority,
    ...(name !== undefined && { 'shoal.task.name': name }),
    ...(gang !== undefined && { 'shoal.gang.id': gang }),
  };
}
