/** Options of an MPI job. */
import type { WelcomeMessage } from '../protocol/control-messages.js';
import type { Host } from './command-line.js';
import type { MpiLauncher } from './family.js';
import type { Nodes } from './nodes.js';

/** What to start; all filled. */
export interface JobOptions {
  readonly launcher: MpiLauncher;
  readonly ranks: number;
  readonly mpiexecArgs: readonly string[];
  /** Where the ranks are, the agent not counted; empty: on this host, or where `hostfile` says. */
  readonly hosts: readonly Host[];
  readonly hostfile: string | undefined;
  /** Managers of the nodes that are not this process's. */
  readonly nodes: Nodes;
  /** Node options of the ranks. */
  readonly execArgv: readonly string[];
  readonly startTimeoutMs: number;
  readonly welcome: Omit<WelcomeMessage, 'type' | 'folder' | 'launcher'>;
}
