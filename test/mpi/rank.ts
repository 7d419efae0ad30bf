/** One rank under mpiexec: joins MPI and the window of its host, uses both, says `right` or what was wrong. */
import { GroupCollective } from '../../src/collective/group-collective.js';
import { RankEngine } from '../../src/calls/engine.js';
import { Group } from '../../src/calls/group.js';
import { WindowBackend } from '../../src/backend/window/window-backend.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { launchedRank, launcherVariables } from '../../src/worker/launcher-environment.js';
import { loadMpi, threadLevel } from '../../src/native/mpi.js';
import { loadOs } from '../../src/native/os.js';
import { decodeValue, encodeValue } from '../../src/protocol/values.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import type { SharedRow } from '../../src/backend/window/shared-window.js';
import { PipeDoorbell, SharedWindow } from '../../src/backend/window/shared-window.js';

const rowBytes = 512;
const place = launchedRank(process.env)!;
const mpi = loadMpi(place.family);
const wrong: string[] = [];
function check(what: string, got: unknown, want: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(want)) {
    wrong.push(`${what}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
  }
}

// MPICH's Hydra signals the survivors of a death so, and Node would open its inspector.
process.on('SIGUSR1', () => undefined);
check('level', await mpi.init(threadLevel.serialized), threadLevel.serialized);
for (const name of launcherVariables(process.env)) Reflect.deleteProperty(process.env, name);
const [rank, size] = [mpi.rank(0), mpi.size(0)];
check('place', [rank, size], [place.rank, place.size]);

// The window: rows by allgather, then collectives in shared memory on the engine that threads use.
const shared = new SharedWindow(loadOs(), compileKernels(), size, 2 * 1024 * 1024, rank);
const padded = new Uint8Array(rowBytes);
padded.set(encodeValue(shared.row, 'row'));
const gathered = await mpi.allgather(0, padded);
const rows = Array.from(
  { length: size },
  (_, r) => decodeValue(gathered.slice(r * rowBytes, (r + 1) * rowBytes)) as SharedRow,
);
const votes = await mpi.allgather(0, Uint8Array.of(shared.join(rows) ? 1 : 0));
check('votes', [...votes], Array(size).fill(1));
const members = rows.map(({ pid }, member) => ({
  rank: member,
  worldRank: member,
  localRank: member,
  hostname: 'here',
  node: 'here',
  pid,
}));
const host = { warn: () => undefined, reportStuck: () => undefined };
const engine = new RankEngine(
  new WindowBackend(new RankWindow(shared.node, rank, (to) => shared.notify(to))),
  new PipeDoorbell(loadOs(), shared.bells),
  host,
);
const world = Group.ofTask(engine, { lease: 1, slot: 0, taskId: 't1', rank, communicator: -1, members });
const collective = new GroupCollective(world, 20_000, false);
const total = (size * (size + 1)) / 2;
for (const count of [1, 2_000, 300_000]) {
  const plain = await collective.allreduce(new Float32Array(count).fill(rank + 1));
  check(
    `plain ${count}`,
    plain.every((value) => value === total),
    true,
  );
  const window = collective.empty(Float64Array, Math.min(count, 100_000)).fill(rank + 1);
  collective.allreduceSync(window);
  check(
    `window ${count}`,
    window.every((value) => value === total),
    true,
  );
  collective.free(window);
}

// A WASM trap is an error and not the end of the process, also where UCX would take the signal.
const trap = new WebAssembly.Module(
  Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    96,
    0,
    1,
    127,
    3,
    2,
    1,
    0,
    5,
    3,
    1,
    0,
    1,
    7,
    5,
    1,
    1,
    102,
    0,
    0,
    10,
    13,
    1,
    11,
    0,
    65,
    128,
    128,
    128,
    128,
    7,
    40,
    2,
    0,
    11,
  ),
);
try {
  (new WebAssembly.Instance(trap).exports.f as () => number)();
  wrong.push('reading past the memory did not trap');
} catch (error) {
  check('trap', (error as Error).name, 'RuntimeError');
}

// A communicator by split, messages around a ring on it.
const half = await mpi.split(0, rank % 2, -rank);
const [halfRank, halfSize] = [mpi.rank(half), mpi.size(half)];
const evens = Math.ceil(size / 2);
check(
  'split',
  [halfRank, halfSize],
  [(rank % 2 === 0 ? evens : size - evens) - 1 - Math.floor(rank / 2), rank % 2 === 0 ? evens : size - evens],
);
check('none', await mpi.split(0, -1, 0), -1);
const [sent, received] = [Uint8Array.of(rank, 7), new Uint8Array(2)];
const requests = [mpi.irecv(half, received, -1, 3), mpi.isend(half, sent, (halfRank + 1) % halfSize, 3)];
while (requests.length > 0) {
  for (const [i, request] of [...requests.entries()].reverse()) if (mpi.test(request) === 1) requests.splice(i, 1);
  await new Promise((resolve) => setImmediate(resolve));
}
const previous = [...(await mpi.allgather(half, Uint8Array.of(rank)))][(halfRank + halfSize - 1) % halfSize];
check('ring', [...received], [previous, 7]);

// The other ways to a communicator, and the gather of rows over an intercommunicator: rank 0 stands for the head.
const same = await mpi.dup(0);
check('dup', [mpi.rank(same), mpi.size(same)], [rank, size]);
const here = await mpi.splitType(0, size - rank);
check('split by host', [mpi.rank(here), mpi.size(here)], [size - 1 - rank, size]);
const backwards = Int32Array.from({ length: size }, (_, r) => size - 1 - r);
const group = await mpi.createGroup(0, new Uint8Array(backwards.buffer), 5);
check('create group', [mpi.rank(group), mpi.size(group)], [size - 1 - rank, size]);
const [unused, nothing] = [new Uint8Array(8), mpi.irecv(same, new Uint8Array(8), -1, 9)];
mpi.cancel(nothing);
while (mpi.test(nothing) === 0) await new Promise((resolve) => setImmediate(resolve));
check('cancel', [...unused], Array(8).fill(0));
if (size > 1) {
  const side = await mpi.split(0, rank === 0 ? 0 : 1, rank);
  const ways = [await mpi.intercommCreate(side, 0, rank === 0 ? 1 : 0, 7)];
  if (place.family === 'openmpi') {
    const port = rank === 0 ? await mpi.openPort() : new Uint8Array(0);
    const padded = new Uint8Array(1024);
    padded.set(port);
    const name = Buffer.from((await mpi.allgather(0, padded)).subarray(0, 1024))
      .toString()
      .replace(/\0+$/, '');
    ways.push(await (rank === 0 ? mpi.accept(name, side) : mpi.connect(name, side)));
  }
  for (const [i, way] of ways.entries()) {
    const row = Uint8Array.of(rank, 100 + rank);
    const got = await mpi.gather(way, row, rank === 0 ? -1 : 0, rank === 0 ? size - 1 : 0);
    const want = Array.from({ length: size - 1 }, (_, r) => [r + 1, 101 + r]).flat();
    check(`gather ${i}`, [...got], rank === 0 ? want : []);
    await (i === 0 ? mpi.free(way) : mpi.disconnect(way));
  }
  await mpi.free(side);
}
for (const communicator of [same, here, group]) await mpi.free(communicator);
await mpi.free(half);
try {
  mpi.rank(half);
  wrong.push('a freed communicator was taken');
} catch (error) {
  check(
    'error',
    [(error as { function: string }).function, (error as Error).message.startsWith('MPI_Comm_rank: ')],
    ['MPI_Comm_rank', true],
  );
}

await collective.barrier();
world.finish();
await mpi.finalize();
process.stdout.write(wrong.length === 0 ? 'right\n' : `${wrong.join('\n')}\n`);
process.exit(wrong.length === 0 ? 0 : 1);
