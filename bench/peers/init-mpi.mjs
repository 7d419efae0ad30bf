/** A rank that does nothing but initialise and finalise MPI: what bench/tasks.ts compares the start of a pool with. */
import { createRequire } from 'node:module';

// UCX would replace V8's handlers, and MPICH's launcher signals ranks.
process.env.UCX_HANDLE_ERRORS = 'none';
process.on('SIGUSR1', () => undefined);
const serialized = 2;
const [family, library] =
  process.env.OMPI_COMM_WORLD_RANK === undefined ? ['mpich', 'libmpich.so.12'] : ['openmpi', 'libmpi.so.40'];
const addon = (name) => createRequire(import.meta.url)(`../../bindings/build/${name}.node`);
addon('os').openLibrary(library);
const mpi = addon(`mpi-${family}`);
await mpi.init(serialized);
await mpi.finalize();
