import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addonFor, familyOf, librariesOf } from '../../src/native/mpi-libraries.js';

const test = suite('MPI libraries');

/** What libraries say of themselves. */
const said = {
  openmpi4: 'Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022',
  openmpi6: 'Open MPI v6.0.0rc2, package: Debian OpenMPI, ident: 6.0.0rc2, Unreleased',
  mpich4: 'MPICH Version:      4.0.2\nMPICH Release date: Thu Apr  7 12:34:45 CDT 2022\nMPICH ABI:          14:2:2',
  mpich5: 'MPICH Version:      5.0.2\nMPICH Release date: Fri Sep 25 20:45:26 UTC 2026\nMPICH ABI:          18:2:6',
  intel: 'Intel(R) MPI Library 2021.9 for Linux* OS\n',
  mvapich: 'MVAPICH Version      : 3.0\nMVAPICH Release date : 02/23/2024',
  cray: 'MPI VERSION    : CRAY MPICH version 8.1.29.4 (ANL base 3.4a2)\nMPI BUILD INFO : Wed Dec 13 15:32 2023',
  spectrum: 'IBM Spectrum MPI, package: IBM Spectrum MPI, 10.4.0',
  stubs: 'MPI ABI stubs',
};
const own = -1;

test('the family of a library is read from its own words', () => {
  for (const text of [said.openmpi4, said.openmpi6]) assert.is(familyOf(text), 'openmpi', text);
  for (const text of [said.mpich4, said.mpich5, said.intel, said.mvapich, said.cray]) {
    assert.is(familyOf(text), 'mpich', text);
  }
  for (const text of [said.spectrum, said.stubs, '', '\n']) assert.is(familyOf(text), undefined, text);
});

test("a library of its family's own ABI gets the family's addon, one of the standard ABI the one for all", () => {
  assert.equal(addonFor('openmpi', { abi: own, text: said.openmpi4 }), { addon: 'mpi-openmpi' });
  assert.equal(addonFor('openmpi', { abi: own, text: said.openmpi6 }), { addon: 'mpi-openmpi' });
  assert.equal(addonFor('openmpi', { abi: 1, text: said.openmpi6 }), { addon: 'mpi-abi' });
  assert.equal(addonFor('mpich', { abi: own, text: said.intel }), { addon: 'mpi-mpich' });
  assert.equal(addonFor('mpich', { abi: 1, text: said.mpich5 }), { addon: 'mpi-abi' });
});

test('a library of another MPI, or of an ABI to come, is refused in its own words', () => {
  const why = (family: 'openmpi' | 'mpich', abi: number, text: string): string => {
    const choice = addonFor(family, { abi, text });
    return 'why' in choice ? choice.why : 'none';
  };
  assert.is(why('mpich', 1, said.openmpi6), `is of another MPI than the ranks, mpich: ${said.openmpi6}`);
  assert.is(why('openmpi', own, said.mpich4), 'is of another MPI than the ranks, openmpi: MPICH Version: 4.0.2');
  assert.match(why('openmpi', own, said.spectrum), 'IBM Spectrum MPI');
  assert.is(why('mpich', 2, said.mpich5), 'has version 2 of the standard ABI, 1 is needed: MPICH Version: 5.0.2');
  assert.match(why('openmpi', 0, said.openmpi6), 'has version 0 of the standard ABI');
});

test('the names of a family are tried from its own ABI to the standard one', () => {
  assert.equal(librariesOf, {
    openmpi: ['libmpi.so.40', 'libmpi_abi.so.1'],
    mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_abi.so.1'],
  });
});

test.run();
