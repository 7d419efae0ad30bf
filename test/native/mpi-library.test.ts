/** Which addon a library gets: asked of made-up ones, which a compiler makes here. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadMpi } from '../../src/native/mpi.js';
import { loadOs } from '../../src/native/os.js';
import { throwsCode } from '../support/check.js';

const test = suite('MPI library');
const scratch = mkdtempSync(join(tmpdir(), 'mpi-library-'));

test.after(() => {
  delete process.env.SHOAL_MPI_LIBRARY;
  rmSync(scratch, { recursive: true });
});

/** A library that says this of itself; without an `abi` it has no such function. */
function makeUp(name: string, text: string, abi?: number): string {
  const source = join(scratch, `${name}.c`);
  const library = join(scratch, `lib${name}.so`);
  const version = `int MPI_Abi_get_version(int *major, int *minor) { *major = ${abi ?? 0}; *minor = 0; return 0; }`;
  const says = 'int MPI_Get_library_version(char *to, int *length) { *length = strlen(strcpy(to, TEXT)); return 0; }';
  const define = `#define TEXT ${JSON.stringify(text)}`;
  writeFileSync(source, ['#include <string.h>', define, says, abi === undefined ? '' : version, ''].join('\n'));
  const { status, stderr } = spawnSync('gcc', ['-shared', '-fPIC', source, '-o', library], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return library;
}

function refusal(family: 'openmpi' | 'mpich', library: string): string {
  process.env.SHOAL_MPI_LIBRARY = library;
  return throwsCode(() => loadMpi(family), 'UNSUPPORTED').message;
}

test('a library is asked for its words and its ABI, and what is loaded later does not see it', () => {
  const os = loadOs();
  const words = 'MPICH Version:      5.0.2\nMPICH ABI:          18:2:6';
  assert.equal(os.describeMpi(makeUp('own', words, -1)), [-1, words]);
  assert.equal(os.describeMpi(makeUp('standard', words, 1)), [1, words]);
  assert.equal(os.describeMpi(makeUp('old', 'Open MPI v4.1.4, package: Debian')), [
    -1,
    'Open MPI v4.1.4, package: Debian',
  ]);
  // Another after it is asked itself.
  assert.equal(os.describeMpi(makeUp('longest', 'x'.repeat(8191), 1)), [1, 'x'.repeat(8191)]);
});

test('a file that is none, and a library that is no MPI, are errors of the linker', () => {
  const os = loadOs();
  assert.throws(() => os.describeMpi(join(scratch, 'absent.so')), /absent\.so: cannot open shared object file/);
  assert.throws(() => os.describeMpi('libm.so.6'), /undefined symbol: MPI_Get_library_version/);
  assert.throws(() => os.describeMpi(5 as never), /argument 0: expected a string/);
});

test('a library that no addon fits is refused in its own words, with what to do', () => {
  const other = refusal('mpich', makeUp('other', 'Open MPI v6.0.0, package: Debian', 1));
  assert.match(other, 'libother.so is of another MPI than the ranks, mpich: Open MPI v6.0.0, package: Debian');
  for (const wayOut of ['apt-get install mpich', 'SHOAL_MPI_LIBRARY=', 'npx shoal build-mpi'])
    assert.match(other, wayOut);
  assert.match(
    refusal('mpich', makeUp('coming', 'MPICH Version: 9.0', 2)),
    'has version 2 of the standard ABI, 1 is needed',
  );
  assert.match(refusal('openmpi', 'libm.so.6'), 'undefined symbol: MPI_Get_library_version');
  assert.match(refusal('openmpi', '/absent/libmpi.so'), '/absent/libmpi.so: cannot open shared object file');
});

test('an addon that finds no function in its library says which', () => {
  const message = refusal('mpich', makeUp('hollow', 'MPICH Version: 5.0.2', 1));
  assert.match(message, /mpi-abi\.node: .*undefined symbol: MPI_/);
});

test.run();
