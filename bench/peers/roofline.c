/*
 * The roofline of bench/collectives.ts: what shared memory and the cores allow. The ranks of one host sum float32
 * arrays in place over MPI_Win_allocate_shared. Every rank folds its share of all arrays and writes it to all of them.
 *
 * Cost of a call with P ranks and n bytes each: two flags written and 2 (P − 1) read per rank; n read and n written
 * per rank.
 */
#include <mpi.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "samples.h"

enum { kMostRanks = 64, kLine = 64, kFloatsPerLine = 16, kBlock = 1024, kPattern = 97, kSpins = 2000 };

/* Numbers of the latest call that a rank has arrived at, and that it has written its share of. */
struct Flags {
  _Alignas(kLine) atomic_long arrived;
  _Alignas(kLine) atomic_long departed;
};

struct Window {
  int rank, size, crowded;
  long count, call;
  struct Flags *flags[kMostRanks];
  float *data[kMostRanks];
};

static void await(atomic_long *flag, long call, int crowded) {
  for (int spins = 0; atomic_load_explicit(flag, memory_order_acquire) < call; spins++) {
    if (crowded && spins >= kSpins) sched_yield();
#if defined(__x86_64__)
    else __builtin_ia32_pause();
#endif
  }
}

/* Two ranks: one pass, the sum stays in registers. */
static void fold_two(float *restrict a, float *restrict b, long from, long to) {
  for (long i = from; i < to; i++) a[i] = b[i] = a[i] + b[i];
}

static void fold_many(float *const *data, int size, long from, long to) {
  float sum[kBlock];
  for (long at = from; at < to; at += kBlock) {
    const long length = to - at < kBlock ? to - at : kBlock;
    for (long i = 0; i < length; i++) sum[i] = data[0][at + i] + data[1][at + i];
    for (int r = 2; r < size; r++) {
      for (long i = 0; i < length; i++) sum[i] += data[r][at + i];
    }
    for (int r = 0; r < size; r++) memcpy(data[r] + at, sum, sizeof(float) * length);
  }
}

/* Rank r's share begins where that of r − 1 ends, at a line of its own. */
static long share(const struct Window *w, int rank) {
  const long lines = (w->count + kFloatsPerLine - 1) / kFloatsPerLine;
  const long at = lines * rank / w->size * kFloatsPerLine;
  return at < w->count ? at : w->count;
}

static void allreduce(void *state) {
  struct Window *w = state;
  const long call = ++w->call, from = share(w, w->rank), to = share(w, w->rank + 1);
  atomic_store_explicit(&w->flags[w->rank]->arrived, call, memory_order_release);
  for (int r = 0; r < w->size; r++) await(&w->flags[r]->arrived, call, w->crowded);
  if (w->size == 2) fold_two(w->data[0], w->data[1], from, to);
  else if (w->size > 2) fold_many(w->data, w->size, from, to);
  atomic_store_explicit(&w->flags[w->rank]->departed, call, memory_order_release);
  for (int r = 0; r < w->size; r++) await(&w->flags[r]->departed, call, w->crowded);
}

static void measure(struct Window *w, double budget_us) {
  float *own = w->data[w->rank];
  for (long i = 0; i < w->count; i++) own[i] = (float)((w->rank + 1) * (i % kPattern));
  allreduce(w);
  for (long i = 0; i < w->count; i++) {
    if (own[i] != (float)(w->size * (w->size + 1) / 2 * (i % kPattern))) MPI_Abort(MPI_COMM_WORLD, 1);
  }
  memset(own, 0, sizeof(float) * w->count);
  const double us = median_us(allreduce, w, budget_us);
  if (w->rank == 0) printf("in-place %zu %.4f\n", w->count * sizeof(float), us);
}

/* Arguments: microseconds per measurement; sizes in bytes. */
int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  const double budget_us = atof(argv[1]);
  for (int arg = 2; arg < argc; arg++) {
    struct Window w = {.count = atol(argv[arg]) / (long)sizeof(float)};
    MPI_Comm_rank(MPI_COMM_WORLD, &w.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &w.size);
    if (w.size > kMostRanks) MPI_Abort(MPI_COMM_WORLD, 1);
    w.crowded = w.size > sysconf(_SC_NPROCESSORS_ONLN);
    MPI_Win window;
    void *base;
    const MPI_Aint bytes = sizeof(struct Flags) + kLine + sizeof(float) * w.count;
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &window);
    for (int r = 0; r < w.size; r++) {
      MPI_Aint its_bytes;
      int unit;
      MPI_Win_shared_query(window, r, &its_bytes, &unit, &base);
      w.flags[r] = (struct Flags *)(((size_t)base + kLine - 1) / kLine * kLine);
      w.data[r] = (float *)(w.flags[r] + 1);
    }
    atomic_init(&w.flags[w.rank]->arrived, 0);
    atomic_init(&w.flags[w.rank]->departed, 0);
    MPI_Barrier(MPI_COMM_WORLD);
    measure(&w, budget_us);
    MPI_Win_free(&window);
  }
  MPI_Finalize();
  return 0;
}
