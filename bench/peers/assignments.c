/* The baseline of bench/assignments.ts: MPI_Comm_split of the world and MPI_Comm_free, verified. In µs per pair. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

/* Arguments: ranks of the group that is made; how often. */
int main(int argc, char **argv) {
  int provided, rank;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const int members = atoi(argv[1]), count = atoi(argv[2]);
  MPI_Barrier(MPI_COMM_WORLD);
  const double begun = MPI_Wtime();
  for (int i = 0; i < count; i++) {
    MPI_Comm group;
    int size = members;
    MPI_Comm_split(MPI_COMM_WORLD, rank < members ? 1 : MPI_UNDEFINED, rank, &group);
    if (group != MPI_COMM_NULL) {
      MPI_Comm_size(group, &size);
      MPI_Comm_free(&group);
    }
    if (size != members) MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) printf("%.3f\n", (MPI_Wtime() - begun) / count * 1e6);
  MPI_Finalize();
  return 0;
}
