/** Folders and files of /dev/shm: which are removed, and which never. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeIdentity } from '../../src/native/proc.js';
import {
  joinSharedMemoryFolder,
  removeSharedMemoryOfJob,
  removeSharedMemoryOfNode,
  sweepSharedMemory,
} from '../../src/native/shared-memory-folder.js';
import { removeUnusedFiles } from '../../src/native/unused-files.js';
import { until } from '../support/check.js';

const test = suite('shared memory');
const isRoot = process.getuid?.() === 0;
const scratch = mkdtempSync(join(tmpdir(), 'shared-memory-'));
const children: ChildProcess[] = [];
let jobs = 0;
/** Of a job that no other test has. */
const newJob = (): string => join(scratch, `job-${++jobs}`);

/** Be a process of another node of this host. */
function onNode<T>(node: string, run: () => T): T {
  process.env.SHOAL_NODE = node;
  try {
    return run();
  } finally {
    delete process.env.SHOAL_NODE;
  }
}

test('each node of a job has a folder of its own: its end leaves the others, that of the job takes all', () => {
  const [job, other] = [newJob(), newJob()];
  const own = joinSharedMemoryFolder(job)!;
  const b = onNode('b', () => joinSharedMemoryFolder(job)!);
  const c = onNode('c', () => joinSharedMemoryFolder(job)!);
  const foreign = joinSharedMemoryFolder(other)!;
  assert.is(new Set([own, b, c, foreign]).size, 4);
  for (const folder of [own, b, c]) {
    assert.match(folder, /^\/dev\/shm\/shoal-[0-9a-f]{16}-[0-9a-f]{16}$/);
    assert.is(statSync(folder).mode & 0o777, 0o700);
    writeFileSync(join(folder, 'segment'), '');
  }
  onNode('b', () => removeSharedMemoryOfNode(job, Date.now()));
  assert.equal([own, b, c, foreign].map(existsSync), [true, false, true, true]);
  removeSharedMemoryOfJob(job, Date.now());
  assert.equal([own, b, c, foreign].map(existsSync), [false, false, false, true]);
  removeSharedMemoryOfJob(other, Date.now());
  removeSharedMemoryOfJob(other, Date.now());
});

test('a folder is swept when all of its processes are gone, and not before', () => {
  const folder = joinSharedMemoryFolder(newJob())!;
  const { hostname, bootId, pidNamespace } = nodeIdentity();
  const gone = { pid: 2 ** 22 + 1, startTime: 1, hostname, bootId, pidNamespace };
  writeFileSync(join(folder, 'owner-1.json'), JSON.stringify(gone));
  writeFileSync(join(folder, 'segment'), '');
  sweepSharedMemory();
  assert.equal(readdirSync(folder).sort(), ['owner-1.json', `owner-${process.pid}.json`, 'segment']);
  writeFileSync(join(folder, `owner-${process.pid}.json`), JSON.stringify({ ...gone, pidNamespace: 'of a container' }));
  sweepSharedMemory();
  assert.ok(existsSync(folder), 'nobody here sees whether it lives');
  writeFileSync(join(folder, `owner-${process.pid}.json`), JSON.stringify(gone));
  chmodSync(folder, 0o755);
  sweepSharedMemory();
  assert.ok(existsSync(folder), 'it is none that we have made');
  chmodSync(folder, 0o700);
  if (isRoot) {
    chownSync(folder, 1, 1);
    sweepSharedMemory();
    assert.ok(existsSync(folder), "it is another user's");
    chownSync(folder, 0, 0);
  }
  sweepSharedMemory();
  assert.not.ok(existsSync(folder));
  mkdirSync(folder, { mode: 0o700 });
  sweepSharedMemory();
  assert.not.ok(existsSync(folder), 'it was empty');
});

test('what somebody else has put in the place of a folder is not used', () => {
  const job = newJob();
  const folder = joinSharedMemoryFolder(job)!;
  rmSync(folder, { recursive: true });
  symlinkSync(scratch, folder);
  assert.is(joinSharedMemoryFolder(job), undefined);
  rmSync(folder);
  mkdirSync(folder, { mode: 0o777 });
  chmodSync(folder, 0o777);
  assert.is(joinSharedMemoryFolder(job), undefined);
  chmodSync(folder, 0o700);
  if (isRoot) {
    chownSync(folder, 1, 1);
    assert.is(joinSharedMemoryFolder(job), undefined);
  }
  rmdirSync(folder);
});

test('a file is removed when nobody has it open or mapped, it is ours, and no older than asked', async () => {
  const path = (name: string): string => join(scratch, `unused-${name}`);
  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, args, { stdio: 'ignore' });
    children.push(child);
    return child;
  };
  for (const name of ['nobody', 'open', 'old', 'foreign']) writeFileSync(path(name), '');
  copyFileSync('/bin/sleep', path('mapped'));
  chmodSync(path('mapped'), 0o700);
  mkdirSync(path('folder'));
  symlinkSync(path('open'), path('link'));
  utimesSync(path('old'), new Date(0), new Date(1_000));
  if (isRoot) chownSync(path('foreign'), 1, 1);
  else rmSync(path('foreign'));
  const opens = start('sh', ['-c', `exec sleep 600 3<${path('open')}`]);
  const maps = start(path('mapped'), ['600']);
  await until(() => existsSync(`/proc/${opens.pid}/fd/3`) && existsSync(`/proc/${maps.pid}`));
  const all = ['nobody', 'open', 'mapped', 'old', 'folder', 'link', 'foreign', 'absent'];
  const left = (...ending: number[]): string[] => {
    removeUnusedFiles(
      all.map((name) => path(name)),
      2_000,
      new Set(ending),
    );
    return all.filter((name) => existsSync(path(name)));
  };
  const never = ['old', 'folder', 'link', ...(isRoot ? ['foreign'] : [])];
  assert.equal(left(), ['open', 'mapped', ...never]);
  maps.kill('SIGKILL');
  await until(() => maps.signalCode !== null);
  assert.equal(left(), ['open', ...never]);
  opens.kill('SIGKILL');
  await until(() => opens.signalCode !== null);
  // The link leads to it.
  assert.equal(
    left(),
    never.filter((name) => name !== 'link'),
  );
});

test.after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
test.run();
