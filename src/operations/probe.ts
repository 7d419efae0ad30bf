/**
 * Probe: what comes next, without receiving it.
 *
 * Source: MPI-4.1, section 3.8.1. Cost: no byte moves.
 */
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions, Probed, Source, TagPattern } from './message-options.js';

/** @see MPI-4.1 section 3.8.1 (MPI_Probe) */
export const probe: MessageOperation = { name: 'probe', options: ['tag', 'timeoutMs', 'signal'] };

/** Options of {@link Probe.probe}. */
export interface ProbeOptions {
  /** The tag of the message, or `anyTag`; default 0. */
  readonly tag?: TagPattern;
}

/** The methods of the operation. */
export interface Probe {
  /**
   * Wait until a message of rank `source` has come, and tell what it is. It stays: the next receive that fits gets it.
   *
   * Errors as those of {@link Recv.recv}.
   *
   * @example
   * const { source, count } = await collective.probe(anySource);
   * const rows = new Float64Array(count);
   * await collective.recv(rows, source);
   * @see MPI-4.1 section 3.8.1 (MPI_Probe)
   */
  probe(source: Source, options?: ProbeOptions & MessageOptions): Promise<Probed>;
  /** Blocking twin of {@link Probe.probe}. */
  probeSync(source: Source, options?: ProbeOptions & MessageSyncOptions): Probed;
}
