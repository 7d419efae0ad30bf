import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../support/check.js';
import { root } from '../support/spawn.js';
import { Hosts, network } from '../support/hosts.js';

const test = suite('several hosts');
const driver = fileURLToPath(new URL('./tasks/driver.js', import.meta.url));
const script = join(root, 'test/fixtures/world.ts');
const cli = join(root, 'dist/cli.js');
const limitMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'multihost-'));
const hosts = new Hosts();

const settings = {
  OMPI_MCA_plm_rsh_agent: hosts.remoteShell,
  OMPI_MCA_btl_tcp_if_include: network,
  OMPI_MCA_oob_tcp_if_include: network,
  HYDRA_LAUNCHER: 'rsh',
  HYDRA_LAUNCHER_EXEC: hosts.remoteShell,
};

/** Run Node on the first host. */
function onFirst(...args: string[]): { out: string; err: string; signal: string | null } {
  const [command = '', ...rest] = hosts.on('shoal1', [process.execPath, ...args]);
  const env = { ...process.env, ...settings };
  const { stdout, stderr, signal } = spawnSync(command, rest, { encoding: 'utf8', timeout: limitMs, env });
  return { out: stdout, err: stderr, signal };
}

/** What a driver saw; launchers print between its lines. */
function drive(given: object): unknown[] {
  const { out, err } = onFirst(driver, JSON.stringify({ kill: false, ...given }));
  const lines = out.split('\n').filter((line) => /^(\[[["\d]|"|\d+$)/.test(line));
  assert.ok(lines.length > 0, err);
  return lines.map((line) => JSON.parse(line) as unknown);
}

/** Processes of the package. */
function left(): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && /dist\/(rank|node)-process/.test(readFileSync(`/proc/${name}/cmdline`, 'latin1'));
    } catch {
      return false;
    }
  });
}

for (const family of ['openmpi', 'mpich'] as const) {
  const mpiexec = `mpiexec.${family}`;

  test(`${family}: a pool over three hosts, with the driver on one of them`, () => {
    const options = { mpiexec, hosts: ['shoal1:2', 'shoal2:2', 'shoal3'] };
    const all = ['shoal1', 'shoal1', 'shoal2', 'shoal2', 'shoal3'].map((host) => [host, 15]);
    assert.equal(drive({ size: 5, options }), [
      [
        ['shoal1', [0, 1]],
        ['shoal2', [2, 3]],
        ['shoal3', [4]],
      ],
      all,
      ['shoal1', 'shoal2', 'shoal3'].map((host) => [host, 6]),
      'ERR_SHOAL_WORKER_DIED',
      all,
      all.map(([host]) => [host, 400_000]),
      2,
    ]);
    assert.equal(left(), []);
  });

  test(`${family}: a driver that is on none of them; when it is killed nothing stays`, async () => {
    const options = { mpiexec, hosts: ['shoal2:2', 'shoal3:1'] };
    const [nodes, sums, managers] = drive({ size: 3, kill: true, options });
    assert.equal(nodes, [
      ['shoal2', [0, 1]],
      ['shoal3', [2]],
    ]);
    assert.equal(
      sums,
      ['shoal2', 'shoal2', 'shoal3'].map((host) => [host, 6]),
    );
    assert.is((managers as number[]).length, 2);
    await until(() => left().length === 0);
  });

  test(`${family}: a world that runs a script, on hosts and by a hostfile`, () => {
    const file = join(folder, family);
    writeFileSync(file, family === 'openmpi' ? 'shoal1 slots=2\nshoal2 slots=2\n' : 'shoal1:2\nshoal2:2\n');
    for (const where of [
      ['--hosts', 'shoal1:2,shoal2:2'],
      ['-n', '4', '--hostfile', file],
    ]) {
      const { out, err } = onFirst(cli, 'run', '--mpiexec', mpiexec, ...where, script);
      assert.is(out.match(/\b10\b/g)?.length, 4, out + err);
    }
  });
}

test.after(() => {
  hosts.remove();
  rmSync(folder, { recursive: true });
});
test.run();
