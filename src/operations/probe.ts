/**
 * Probe: what comes next, without receiving it.
 *
 * Source: MPI-4.1, section 3.8.1. Cost: no byte moves.
 */
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions, Probed, Source, TagPattern } from './message-options.js';

/** @see MPI-4.1 section 3.8.1 (MPI_Probe) */
export const probe: MessageOperation = { name: 'probe', options: ['tag', 'timeoutMs', 'signal'] };

/**
 * Options of {@link Probe.probe}.
 *
 * @example
 * const options: ProbeOptions = { tag: anyTag };
 * void collective.send(weights, (context.rank + 1) % context.size, { tag: 7 });
 * const { source, tag } = await collective.probe(anySource, options);
 * await collective.recv(weights.slice(), source, { tag });
 */
export interface ProbeOptions {
  /** The tag of the message, or `anyTag`; default 0. */
  readonly tag?: TagPattern | undefined;
}

/** The methods of the operation. */
export interface Probe {
  /**
   * Wait until a message of rank `source` has come, and tell what it is. It stays: the next receive that fits gets it.
   *
   * Errors as those of {@link Recv.recv}.
   *
   * @example
   * void collective.send(weights, (context.rank + 1) % context.size);
   * const { source, count } = await collective.probe(anySource);
   * const theirs = new Float32Array(count);
   * await collective.recv(theirs, source);
   * @see MPI-4.1 section 3.8.1 (MPI_Probe)
   */
  probe(source: Source, options?: ProbeOptions & MessageOptions): Promise<Probed>;
  /** Blocking twin of {@link Probe.probe}. */
  probeSync(source: Source, options?: ProbeOptions & MessageSyncOptions): Probed;
}
