/** `shoal build-mpi`: the addons, compiled for the MPI of this machine. */
import { Command } from 'commander';
import { buildAddons } from '../launch/build-addons.js';
import { assertCanBuild } from '../launch/build-tools.js';
import type { CompilerChoice } from '../launch/mpicc.js';
import { findCompilers } from '../launch/mpicc.js';
import { waiting } from './progress.js';

interface Flags extends CompilerChoice {
  json?: boolean;
}

const familyNames = { openmpi: 'Open MPI', mpich: 'MPICH', abi: 'the standard ABI' } as const;

/** The command. */
export function buildMpiCommand(): Command {
  return new Command('build-mpi')
    .summary('compile the addons for the MPI of this machine')
    .description(
      'Compile the addons for each MPI whose mpicc is here, with a C++ compiler and make. They replace those that came ' +
        'with the package. A library of MPI 5 with the standard ABI needs none of it.',
    )
    .option('--mpicc <command>', 'compile for the MPI of this wrapper alone')
    .option('--mpiexec <command>', 'compile for the MPI of this mpiexec alone: with the mpicc beside it')
    .option('--json', 'print one JSON object')
    .action(async ({ mpicc, mpiexec, json = false }: Flags) => {
      assertCanBuild();
      const { wrappers, built } = await waiting('looking for compilers', { json }, (say) => {
        const found = findCompilers({ mpicc, mpiexec });
        say('compiling');
        return { wrappers: found, built: buildAddons(found) };
      });
      if (json) {
        process.stdout.write(`${JSON.stringify({ wrappers, built })}\n`);
        return;
      }
      const lines = [
        ...wrappers.map(({ command, family, version }) => `${command}: ${familyNames[family]} ${version}`),
        ...built.map(({ file }) => `built ${file}`),
      ];
      process.stdout.write(`${lines.join('\n')}\n\nnext:\n  npx shoal doctor\n`);
    });
}
