/* A peer of bench/collectives.ts: MPI_Allreduce of float32 sums, in place and in two buffers, verified, then timed. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "samples.h"

static const int kPattern = 97;

struct Operands {
  const void *from;
  float *to;
  int count;
};

static void allreduce(void *state) {
  const struct Operands *x = state;
  MPI_Allreduce(x->from, x->to, x->count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

/* One line: form, bytes, microseconds per call. `own` is where this rank's data lies. */
static void measure(const char *form, struct Operands x, float *own, double budget_us) {
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  memset(x.to, 0, sizeof(float) * x.count);
  for (int i = 0; i < x.count; i++) own[i] = (float)((rank + 1) * (i % kPattern));
  allreduce(&x);
  for (int i = 0; i < x.count; i++) {
    if (x.to[i] != (float)(size * (size + 1) / 2 * (i % kPattern))) MPI_Abort(MPI_COMM_WORLD, 1);
  }
  memset(own, 0, sizeof(float) * x.count);
  memset(x.to, 0, sizeof(float) * x.count);
  const double us = median_us(allreduce, &x, budget_us);
  if (rank == 0) printf("%s %zu %.4f\n", form, x.count * sizeof(float), us);
}

/* Arguments: level of thread support, 0 (single) or 2 (serialized); microseconds per measurement; sizes in bytes. */
int main(int argc, char **argv) {
  const int levels[] = {MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, MPI_THREAD_MULTIPLE};
  int provided;
  MPI_Init_thread(&argc, &argv, levels[atoi(argv[1])], &provided);
  const double budget_us = atof(argv[2]);
  for (int arg = 3; arg < argc; arg++) {
    const int count = atoi(argv[arg]) / (int)sizeof(float);
    float *from = malloc(sizeof(float) * count), *to = malloc(sizeof(float) * count);
    measure("in-place", (struct Operands){MPI_IN_PLACE, to, count}, to, budget_us);
    measure("two-buffer", (struct Operands){from, to, count}, from, budget_us);
    free(from);
    free(to);
  }
  MPI_Finalize();
  return 0;
}
