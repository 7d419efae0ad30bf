/** `node script.js` without a launcher. */
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';

const test = suite('a script without a launcher');

/** Run a script as a main module of its own, and give what it printed. */
function run(script: string, env: NodeJS.ProcessEnv = {}): { out: string; err: string; status: number | null } {
  const imports = `import { collective, context } from 'shoal/worker';\n`;
  const args = ['--input-type=module', '--eval', imports + script];
  const options = { cwd: root, encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, args, options);
  return { out: stdout, err: stderr, status };
}

/** What it prints when nothing goes wrong. */
function said(script: string, env?: NodeJS.ProcessEnv): string {
  const { out, err, status } = run(script, env);
  assert.is(status, 0, err);
  assert.is(err, '');
  return out.trim();
}

test('is a world of one rank, in which every call works', () => {
  const script = `
    const { rank, size, worldRank, localRank, taskId, attempt } = context;
    console.log(JSON.stringify({ rank, size, worldRank, localRank, taskId, attempt }));
    const x = collective.empty(Float32Array, 1000).fill(3);
    const sums = [await collective.allreduce(x), collective.allreduceSync(Float64Array.of(2), { op: 'prod' })];
    const mean = await collective.allreduce(Int32Array.of(4), { op: 'max', name: 'm', timeoutMs: 1000 });
    const sent = [await collective.broadcast(Uint8Array.of(7)), collective.broadcastSync(Uint8Array.of(8))];
    await collective.barrier(); collective.barrierSync(); collective.free(x);
    console.log(sums[0] === x, sums[1][0], mean[0], sent[0][0], sent[1][0], context.post(1), context.collectiveMs >= 0);
    console.log((await collective.current().allreduce(Int32Array.of(9)))[0], context.signal.aborted);`;
  assert.equal(said(script).split('\n'), [
    '{"rank":0,"size":1,"worldRank":0,"localRank":0,"taskId":"world","attempt":1}',
    'true 2 4 7 8 false true',
    '9 false',
  ]);
  assert.match(said(script, { SHOAL_WINDOW: 'false' }), 'true 2 4 7 8 false true');
});

test('refuses what any rank refuses', () => {
  const script = `
    const codes = [];
    const note = (error) => codes.push(error.code);
    await collective.allreduce([1]).catch(note);
    await collective.broadcast(new Float32Array(1), { root: 1 }).catch(note);
    try { collective.allreduceSync(new Float32Array(2), { op: 'median' }); } catch (error) { note(error); }
    console.log(codes.join());`;
  assert.is(said(script), Array(3).fill('ERR_SHOAL_INVALID_ARGUMENT').join());
});

test('says so under SHOAL_DEBUG, once', () => {
  const { out, err, status } = run('console.log(context.rank, context.size)', { SHOAL_DEBUG: '1' });
  assert.is(status, 0);
  assert.is(out, '0 1\n');
  assert.is(err.trim().split('\n').length, 1, err);
  assert.match(err, 'world of one rank');
  assert.match(err, 'shoal run -n 4');
});

test('a driver, a test of ranks and a thread of the user are not a world', () => {
  const caught = `
    const code = () => { try { return context.size; } catch (error) { return error.code; } };`;
  const driver = `${caught}
    import { launch } from 'shoal';
    const pool = await launch({ workers: 1, transport: 'threads' });
    console.log(code()); await pool.close(); console.log(code());`;
  assert.is(said(driver), 'ERR_SHOAL_NOT_IN_TASK\nERR_SHOAL_NOT_IN_TASK');
  const ranks = `${caught}
    import { runRanks } from 'shoal/testing';
    console.log((await runRanks(2, () => context.size)).join(), code());`;
  assert.is(said(ranks), '2,2 ERR_SHOAL_NOT_IN_TASK');
  const thread = `${caught}
    import { Worker } from 'node:worker_threads';
    const source = "import('shoal/worker').then(({ context }) => { try { context.rank; } catch (e) { console.log(e.code); } })";
    new Worker(source, { eval: true });
    console.log(code());`;
  assert.equal(said(thread).split('\n').sort(), ['1', 'ERR_SHOAL_NOT_IN_TASK']);
});

test('ends by itself, with the exit code of the script', () => {
  assert.is(run('context.rank; process.exitCode = 3;').status, 3);
  const { status, err } = run("await collective.barrier(); throw new RangeError('on purpose');");
  assert.is(status, 1);
  assert.match(err, 'RangeError: on purpose');
});

test.run();
