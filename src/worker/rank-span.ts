/** The span of a rank's part of a task, where the worker has OpenTelemetry, and the context of its function. */
import type { Context, Span } from '@opentelemetry/api';
import type { AssignMessage } from '../protocol/thread-messages.js';
import { consumer } from '../telemetry/api-values.js';
import { codeAttributes, labelOf } from '../telemetry/task-attributes.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { activeContext } from '../telemetry/telemetry.js';
import type { RankTask } from './rank-task.js';

/**
 * Call the function of a task within a span, whose parent is that of the driver. Called as the task.
 *
 * @throws What the function throws.
 */
export function inRankSpan<R>(
  telemetry: Telemetry,
  message: AssignMessage,
  task: RankTask,
  call: () => R,
): R | Promise<Awaited<R>> {
  const active = activeContext();
  return active ? traced(telemetry, message, task, call, active) : call();
}

async function traced<R>(
  telemetry: Telemetry,
  message: AssignMessage,
  task: RankTask,
  call: () => R,
  active: Context,
): Promise<Awaited<R>> {
  const parent = message.carrier ? telemetry.extract(message.carrier, active) : active;
  const options = { kind: consumer, attributes: attributesOf(message, task) };
  const span = telemetry.start(`rank ${labelOf(message)}`, options, parent);
  const context = telemetry.within(parent, span);
  if (!span) return await telemetry.run(context, call);
  try {
    const value = await telemetry.run(context, call);
    noteCollectives(telemetry, span, task);
    telemetry.end(span);
    return value;
  } catch (error) {
    noteCollectives(telemetry, span, task);
    telemetry.fail(span, error);
    throw error;
  }
}

function noteCollectives(telemetry: Telemetry, span: Span, { remarks }: RankTask): void {
  const { collectives } = remarks;
  if (!collectives) return;
  telemetry.try(() => {
    span.setAttributes({
      'shoal.collectives.calls': collectives.calls,
      'shoal.collectives.bytes': collectives.bytes,
      'shoal.collectives.elapsed_ms': collectives.elapsedMs,
    });
  });
}

function attributesOf(message: AssignMessage, { scope }: RankTask): Record<string, string | number> {
  const { taskId, attempt, rank, size, worldRank, node } = scope.context;
  return {
    ...codeAttributes(message),
    'shoal.task.id': taskId,
    'shoal.task.attempt': attempt,
    'shoal.task.rank': rank,
    'shoal.task.workers': size,
    'shoal.worker.world_rank': worldRank,
    'shoal.worker.node': node,
  };
}
