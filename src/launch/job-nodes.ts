/** One job's workers on all nodes: those of this process's node manager, and those of others. */
import { nodeIdentity, nodeKey } from '../native/proc.js';
import type { NodeManager } from '../node-manager/node-manager.js';
import type { NodeEvents, NodeWorkers } from '../node-manager/node-workers.js';
import type { WorkerRecord } from '../node-manager/worker-record.js';
import type { NodeJob } from '../protocol/node-messages.js';
import type { Nodes } from './nodes.js';
import type { RemoteNode } from './remote-node.js';
import type { NodeRows } from './rows.js';

/** A node, and who got the rows of its workers. */
export interface NodeStatus {
  readonly node: string;
  readonly hostname: string;
  /** Process of its node manager. */
  readonly managerPid: number;
  readonly worldRanks: readonly number[];
}

/** A worker that has not registered, and why. */
interface Late {
  readonly worldRank: number;
  /** Undefined: nothing was ever heard of it. */
  readonly pid: number | undefined;
  readonly phase: string;
}

/** Grows once, when the rows have come. */
export class JobNodes {
  /** Which node manager got which rows. */
  readonly status: NodeStatus[] = [];
  readonly #nodes: Nodes;
  readonly #own: NodeManager;
  readonly #agents: number;
  readonly #others: NodeWorkers[] = [];
  /** By world rank: the workers of other nodes. */
  readonly #elsewhere = new Map<number, NodeWorkers>();
  /** By world rank: the managers of those. */
  readonly #managers = new Map<number, RemoteNode>();
  /** Rows whose node manager is not there. */
  readonly #unmanaged = new Set<NodeRows>();

  constructor(nodes: Nodes, own: NodeManager, agents: number) {
    this.#nodes = nodes;
    this.#own = own;
    this.#agents = agents;
  }

  get all(): readonly NodeWorkers[] {
    return [this.#own, ...this.#others];
  }

  /** Every worker that is known, and the agent. */
  get entries(): readonly WorkerRecord[] {
    return this.all.flatMap(({ entries }) => entries);
  }

  /** The manager of the node of a worker; undefined: this process. */
  managerOf(worldRank: number): RemoteNode | undefined {
    return this.#managers.get(worldRank);
  }

  of(worldRank: number): NodeWorkers {
    return this.#elsewhere.get(worldRank) ?? this.#own;
  }

  /**
   * Resolves with the managers of the other nodes when all are there, and what the pool shares lies on their hosts.
   *
   * @param warn - Told of a host that cannot hold all of that.
   * @throws As {@link Nodes.reach}.
   */
  async reach(nodes: readonly NodeRows[], warn: (text: string) => void): Promise<ReadonlyMap<NodeRows, RemoteNode>> {
    const ownKey = nodeKey(nodeIdentity());
    const others = nodes.filter(({ identity }) => nodeKey(identity) !== ownKey);
    const reached = others.map(async (node): Promise<[NodeRows, RemoteNode]> => {
      this.#unmanaged.add(node);
      const manager = await this.#nodes.reach(node.identity);
      this.#unmanaged.delete(node);
      const why = await this.#nodes.values.supply(manager.values);
      if (why !== undefined) warn(`tasks there cannot have all shared data: ${why}`);
      return [node, manager];
    });
    return new Map(await Promise.all(reached));
  }

  /**
   * Give each node manager the rows of its own node.
   *
   * @param managers - Of the other nodes.
   * @param gatheredMs - When the rows came, since the launch.
   * @throws {@link LaunchError} when this node's rows are not those of the processes that have connected.
   */
  adopt(
    nodes: readonly NodeRows[],
    managers: ReadonlyMap<NodeRows, RemoteNode>,
    job: Omit<NodeJob, 'rows'>,
    gatheredMs: number,
    events: NodeEvents,
  ): void {
    const own = nodes.find((node) => !managers.has(node));
    this.#own.adopt(own?.rows ?? [], gatheredMs);
    if (own) this.#note(own, process.pid);
    for (const [node, manager] of managers) {
      this.#note(node, manager.pid);
      const workers = manager.open({ ...job, rows: node.rows }, () => this.#own.elapsedMs, events);
      this.#others.push(workers);
      for (const { worldRank, phases } of workers.entries) {
        phases.mpiReady = phases.gathered = gatheredMs;
        this.#elsewhere.set(worldRank, workers);
        this.#managers.set(worldRank, manager);
      }
    }
  }

  /** Who has not registered, and what each is at. */
  late(workers: number, rendezvous: string): Late[] {
    const all = Array.from({ length: workers + this.#agents }, (_, rank) => rank - this.#agents);
    return all.flatMap((worldRank) => {
      const entry = this.entries.find((each) => each.worldRank === worldRank);
      if (entry?.registered) return [];
      if (entry) return [{ worldRank, pid: entry.row.pid, phase: entry.phase(rendezvous) }];
      return [{ worldRank, ...this.#absence(worldRank) }];
    });
  }

  /** Why nothing is known of a worker. */
  #absence(worldRank: number): Omit<Late, 'worldRank'> {
    for (const { identity, rows } of this.#unmanaged) {
      const row = rows.find(({ rank }) => rank - this.#agents === worldRank);
      if (!row) continue;
      const how = 'start one there with: shoal start --address <address of the pool>';
      return { pid: row.pid, phase: `no node manager has come for node ${identity.node}; ${how}` };
    }
    return { pid: undefined, phase: 'its process never came' };
  }

  #note({ identity: { node, hostname }, rows }: NodeRows, managerPid: number): void {
    const worldRanks = rows.map(({ rank }) => rank - this.#agents);
    this.status.push({ node, hostname, managerPid, worldRanks });
  }
}
