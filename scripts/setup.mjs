/**
 * `npm run setup [-- --yes]`: list what is missing for `npm test`, install it from apt, build everything.
 *
 * Plain Node without dependencies. As root, or with --yes, it installs at once; on a terminal with sudo it asks first.
 * Otherwise it ends with the command to run by hand.
 */
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { output, run, say } from './command.mjs';
import { suites } from './suites.mjs';
import { buildWasm } from './wasm.mjs';

const present = (command, args = ['--version']) => output(command, args) !== undefined;

/** What tests and benchmarks need from the system: how to find it, the Debian package that has it, its size on disk. */
const needs = {
  make: { what: 'make', package: 'make', size: '2 MB', there: () => present('make') },
  'g++': { what: 'a C++ compiler', package: 'g++', size: '60 MB', there: () => present('g++') },
  'em++': { what: 'emscripten', package: 'emscripten', size: '900 MB', there: () => present('em++') },
  simde: {
    what: 'SIMDe headers',
    package: 'libsimde-dev',
    size: '6 MB',
    there: () => existsSync('/usr/include/simde/wasm/simd128.h'),
  },
  openmpi: {
    what: 'Open MPI',
    package: 'openmpi-bin libopenmpi-dev',
    size: '60 MB',
    there: () => present('mpiexec.openmpi') && present('mpicc.openmpi'),
  },
  mpich: {
    what: 'MPICH',
    package: 'mpich libmpich-dev',
    size: '90 MB',
    there: () => present('mpiexec.mpich') && present('mpicc.mpich'),
  },
  'mpi-abi': {
    what: 'an MPI of the standard ABI: libmpi_abi.so.1, or a path in SHOAL_MPI_LIBRARY',
    package: 'mpich libmpich-dev',
    size: '90 MB, and only from Debian 14 on',
    there: () =>
      process.env.SHOAL_MPI_LIBRARY !== undefined || output('ldconfig', ['-p'])?.includes('libmpi_abi.so.1') === true,
  },
  ip: { what: 'iproute2', package: 'iproute2', size: '3 MB', there: () => present('ip', ['-V']) },
  script: { what: 'script', package: 'bsdutils', size: '1 MB', there: () => present('script') },
  nsenter: { what: 'util-linux', package: 'util-linux', size: '5 MB', there: () => present('nsenter') },
  chromium: { what: 'Chromium', package: 'chromium', size: '500 MB', there: () => existsSync('/usr/bin/chromium') },
  numpy: {
    what: 'NumPy',
    package: 'python3-numpy',
    size: '35 MB',
    there: () => present('/usr/bin/python3', ['-c', 'import numpy']),
  },
  mpi4py: {
    what: 'mpi4py',
    package: 'python3-mpi4py',
    size: '10 MB',
    there: () => present('/usr/bin/python3', ['-c', 'import mpi4py']),
  },
  torch: {
    what: 'PyTorch',
    package: 'python3-torch',
    size: '600 MB',
    there: () => present('/usr/bin/python3', ['-c', 'import torch']),
  },
};

/** Make everything ready that the suites need. */
export async function setup(suiteNames, yes) {
  await provide(new Set(suiteNames.flatMap((name) => suites[name].needs)), yes);
  installPackages();
  buildWasm();
  if (suiteNames.some((name) => suites[name].addons)) buildAddons();
  buildLibrary();
}

/** Install from apt what is missing of the named needs. */
export async function provide(names, yes) {
  const missing = [...names].map((name) => needs[name]).filter((need) => !need.there());
  if (missing.length > 0) await installMissing(missing, yes);
}

async function installMissing(missing, yes) {
  say('Missing:');
  for (const { what, package: name, size } of missing) say(`  ${what} (Debian package ${name}, about ${size})`);
  const packages = missing.flatMap((need) => need.package.split(' '));
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
  const isRoot = process.getuid?.() === 0;
  const asUser = `sudo apt-get update && sudo ${install.join(' ')}`;
  if (!present('apt-get')) {
    stop(
      `This set-up installs with apt-get, which is not here. Install by hand what ${packages.join(', ')} stand for.`,
    );
  }
  if (!isRoot && !present('sudo')) stop(`Run as root: apt-get update && ${install.join(' ')}`);
  if (!isRoot && !yes) {
    if (!process.stdin.isTTY) stop(`Run this, then start again:\n  ${asUser}`);
    const line = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await line.question(`Install them now with sudo? [y/N] `);
    line.close();
    if (!/^y(es)?$/i.test(answer.trim())) stop(`Nothing was installed. To do it by hand:\n  ${asUser}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (label, args) =>
    isRoot ? run(label, args[0], args.slice(1), { env }) : run(label, 'sudo', args, { env, stdio: 'inherit' });
  apt('read the package lists', ['apt-get', 'update', '-q']);
  apt(`install ${packages.join(', ')}`, install);
  const still = missing.filter((need) => !need.there());
  if (still.length > 0) stop(`Still missing: ${still.map((need) => need.what).join(', ')}`);
}

function stop(text) {
  say(text);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const unknown = process.argv.slice(2).filter((arg) => arg !== '--yes');
  if (unknown.length > 0) stop(`setup: unknown argument ${unknown.join(' ')}; it takes --yes`);
  const names = Object.keys(suites).filter((name) => !suites[name].byName);
  await setup(names, process.argv.includes('--yes'));
  say('Everything is there.');
}
