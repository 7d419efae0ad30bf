import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { howToInstall } from '../../src/launch/build-tools.js';
import { findCompilers, parseHeader } from '../../src/launch/mpicc.js';
import { throwsCode } from '../support/check.js';

const test = suite('mpicc');

/** What a preprocessor prints of a header in this folder with these definitions. */
function printed(folder: string, definitions: Readonly<Record<string, string>>): string {
  const lines = Object.entries(definitions).map(([name, value]) => `#define ${name} ${value}`);
  return ['# 0 "<stdin>"', '#define __GNUC__ 12', `# 1 "${folder}/mpi.h" 1 3 4`, ...lines, '# 1 "<stdin>" 2', ''].join(
    '\n',
  );
}

test('a header says its family, its version and its folder', () => {
  const openmpi = {
    OMPI_MAJOR_VERSION: '6',
    OMPI_MINOR_VERSION: '0',
    OMPI_RELEASE_VERSION: '0',
    MPI_ABI_VERSION: '-1',
  };
  assert.equal(parseHeader(printed('/usr/lib/openmpi/include', openmpi)), {
    family: 'openmpi',
    version: '6.0.0',
    headers: '/usr/lib/openmpi/include',
  });
  const mpich = parseHeader(printed('/opt/my \\"mpich\\"', { MPICH_VERSION: '"5.0.2"', MPI_ABI_VERSION: '1' }));
  assert.equal(mpich, { family: 'mpich', version: '5.0.2', headers: '/opt/my "mpich"' });
  const intel = parseHeader(printed('/opt/intel', { MPICH_VERSION: '"3.4a2"', I_MPI_VERSION: '"2021.9.0"' }));
  assert.equal(intel, { family: 'mpich', version: '2021.9.0', headers: '/opt/intel' });
  const standard = parseHeader(printed('/opt/abi', { MPI_ABI_VERSION: '   1' }));
  assert.equal(standard, { family: 'abi', version: '1', headers: '/opt/abi' });
});

test('what is no header of a known MPI is none', () => {
  assert.is(parseHeader(''), undefined);
  assert.is(parseHeader('#define MPICH_VERSION "4.0.2"\n'), undefined);
  assert.is(parseHeader(printed('/opt/x', { MPI_VERSION: '3' })), undefined);
  assert.is(parseHeader(printed('/opt/x', { MPI_ABI_VERSION: '0' })), undefined);
});

test('a wrapper that is absent, or is none, is refused with what to do', () => {
  const absent = throwsCode(() => findCompilers({ mpicc: '/absent/mpicc' }), 'LAUNCH').message;
  assert.match(absent, '/absent/mpicc: spawnSync /absent/mpicc ENOENT');
  assert.match(absent, 'apt-get install');
  const other = throwsCode(() => findCompilers({ mpicc: 'true' }), 'LAUNCH').message;
  assert.match(other, 'true: its mpi.h is neither of Open MPI nor of MPICH');
  assert.match(throwsCode(() => findCompilers({ mpicc: 'false' }), 'LAUNCH').message, 'false: exit code 1');
  assert.match(throwsCode(() => findCompilers({ mpiexec: 'true' }), 'LAUNCH').message, 'neither Open MPI nor MPICH');
});

test('where nothing is on the path, all that is missing is told at once', () => {
  const { PATH } = process.env;
  process.env.PATH = '/absent';
  try {
    const { message } = throwsCode(() => findCompilers({}), 'LAUNCH');
    for (const command of ['mpicc', 'mpicc.openmpi', 'mpicc.mpich']) assert.match(message, `${command}: spawnSync`);
    const install =
      'on Debian and Ubuntu: apt-get install g++ make openmpi-bin libopenmpi-dev (or: mpich libmpich-dev); on Fedora: ' +
      'dnf install gcc-c++ make openmpi-devel (or: mpich-devel), then module load mpi/openmpi-$(uname -m) (or: mpi/mpich-';
    assert.match(message, install);
  } finally {
    process.env.PATH = PATH;
  }
});

test('the packages are those of the families that are here', () => {
  const tools = { compiler: 'g++', missing: [] };
  assert.is(
    howToInstall(['mpich'], tools),
    'on Debian and Ubuntu: apt-get install mpich libmpich-dev; on Fedora: dnf install mpich-devel, then module load ' +
      'mpi/mpich-$(uname -m)',
  );
  assert.is(
    howToInstall([], { compiler: undefined, missing: ['no C++ compiler'] }),
    'on Debian and Ubuntu: apt-get install g++ make; on Fedora: dnf install gcc-c++ make',
  );
});

test.run();
