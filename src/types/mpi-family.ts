/** MPI families with a command line and an addon of their own. */
export type MpiFamily = 'openmpi' | 'mpich';
