/* The baseline of bench/allreduce.ts: MPI_Allreduce of float32 sums, verified, then timed. One line per size. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { kRepetitions = 5 };

/* Arguments: pairs of bytes and calls. */
int main(int argc, char **argv) {
  int provided, rank, size;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int arg = 1; arg + 1 < argc; arg += 2) {
    const int count = atoi(argv[arg]) / 4, calls = atoi(argv[arg + 1]);
    float *data = malloc(sizeof(float) * count);
    for (int i = 0; i < count; i++) data[i] = (float)(rank + 1);
    MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < count; i++) {
      if (data[i] != (float)(size * (size + 1) / 2)) MPI_Abort(MPI_COMM_WORLD, 1);
      data[i] = 0;
    }
    double least = 1e30;
    for (int repetition = 0; repetition < kRepetitions; repetition++) {
      MPI_Barrier(MPI_COMM_WORLD);
      const double begun = MPI_Wtime();
      for (int i = 0; i < calls; i++) MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      const double each = (MPI_Wtime() - begun) / calls;
      if (each < least) least = each;
    }
    if (rank == 0) printf("%s %.3f\n", argv[arg], least * 1e6);
    free(data);
  }
  MPI_Finalize();
  return 0;
}
