/* A peer of bench/operations.ts: the collectives of MPI on floats, in two buffers and in place, verified, then timed. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "samples.h"

static const int kPattern = 97;
static int rank, size;

/* `count` elements in a block; `from` is MPI_IN_PLACE where the call works in place. */
struct Operands {
  const void *from;
  float *to;
  int count;
};

static void bcast(void *state) {
  const struct Operands *x = state;
  MPI_Bcast(x->to, x->count, MPI_FLOAT, 0, MPI_COMM_WORLD);
}
static void reduce(void *state) {
  const struct Operands *x = state;
  const int in_place = x->from == MPI_IN_PLACE;
  const void *from = in_place && rank != 0 ? x->to : x->from;
  MPI_Reduce(from, x->to, x->count, MPI_FLOAT, MPI_SUM, 0, MPI_COMM_WORLD);
}
static void allgather(void *state) {
  const struct Operands *x = state;
  MPI_Allgather(x->from, x->count, MPI_FLOAT, x->to, x->count, MPI_FLOAT, MPI_COMM_WORLD);
}
static void gather(void *state) {
  const struct Operands *x = state;
  MPI_Gather(x->from, x->count, MPI_FLOAT, x->to, x->count, MPI_FLOAT, 0, MPI_COMM_WORLD);
}
static void scatter(void *state) {
  const struct Operands *x = state;
  MPI_Scatter(x->from, x->count, MPI_FLOAT, x->to, x->count, MPI_FLOAT, 0, MPI_COMM_WORLD);
}
static void reduce_scatter(void *state) {
  const struct Operands *x = state;
  MPI_Reduce_scatter_block(x->from, x->to, x->count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}
static void alltoall(void *state) {
  const struct Operands *x = state;
  MPI_Alltoall(x->from, x->count, MPI_FLOAT, x->to, x->count, MPI_FLOAT, MPI_COMM_WORLD);
}
static void scan(void *state) {
  const struct Operands *x = state;
  MPI_Scan(x->from, x->to, x->count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

/* There and back between ranks 0 and 1: two messages. */
static void ping_pong(void *state) {
  const struct Operands *x = state;
  if (rank > 1) return;
  if (rank == 0) MPI_Send(x->from, x->count, MPI_FLOAT, 1, 0, MPI_COMM_WORLD);
  MPI_Recv(x->to, x->count, MPI_FLOAT, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (rank == 1) MPI_Send(x->from, x->count, MPI_FLOAT, 0, 0, MPI_COMM_WORLD);
}
/* The loop of OSU's mbw_mr: 64 messages of rank 0 to rank 1 under way at once, then one back. */
static void many_messages(void *state) {
  enum { kMessages = 64 };
  const struct Operands *x = state;
  MPI_Request requests[kMessages];
  if (rank > 1) return;
  for (int i = 0; i < kMessages; i++) {
    if (rank == 0) MPI_Isend(x->from, x->count, MPI_FLOAT, 1, 0, MPI_COMM_WORLD, &requests[i]);
    else MPI_Irecv(x->to, x->count, MPI_FLOAT, 0, 0, MPI_COMM_WORLD, &requests[i]);
  }
  MPI_Waitall(kMessages, requests, MPI_STATUSES_IGNORE);
  if (rank == 0) MPI_Recv(x->to, x->count, MPI_FLOAT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  else MPI_Send(x->from, x->count, MPI_FLOAT, 0, 0, MPI_COMM_WORLD);
}
static void sendrecv(void *state) {
  const struct Operands *x = state;
  const int next = (rank + 1) % size, before = (rank + size - 1) % size;
  MPI_Sendrecv(x->from, x->count, MPI_FLOAT, next, 0, x->to, x->count, MPI_FLOAT, before, 0, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);
}

/* What rank `from` brings at `i`, all blocks counted. */
static float brought(int from, int i) { return (float)((from + 1) * (i % kPattern)); }

static float sum_to(int ranks, int i) {
  float sum = 0;
  for (int each = 0; each < ranks; each++) sum += brought(each, i);
  return sum;
}

/* Element `i` of what this rank gets. */
static float want_bcast(int i, int count) { (void)count; return brought(0, i); }
static float want_reduce(int i, int count) { (void)count; return sum_to(size, i); }
static float want_gathered(int i, int count) { return brought(i / count, i % count); }
static float want_scatter(int i, int count) { return brought(0, rank * count + i); }
static float want_reduce_scatter(int i, int count) { return sum_to(size, rank * count + i); }
static float want_alltoall(int i, int count) { return brought(i / count, rank * count + i % count); }
static float want_scan(int i, int count) { (void)count; return sum_to(rank + 1, i); }
static float want_ping_pong(int i, int count) { (void)count; return rank < 2 ? brought(1 - rank, i) : 0; }
static float want_sendrecv(int i, int count) { (void)count; return brought((rank + size - 1) % size, i); }

struct Operation {
  const char *name;
  void (*call)(void *);
  float (*want)(int, int);
  int brings_each, gets_each, on_root, in_place;
};

/* Timed in place too where that is a form of its own. */
static const struct Operation kOperations[] = {
    {"broadcast", bcast, want_bcast, 0, 0, 0, 0},
    {"reduce", reduce, want_reduce, 0, 0, 1, 1},
    {"allgather", allgather, want_gathered, 0, 1, 0, 1},
    {"gather", gather, want_gathered, 0, 1, 1, 0},
    {"scatter", scatter, want_scatter, 1, 0, 0, 0},
    {"reduceScatter", reduce_scatter, want_reduce_scatter, 1, 0, 0, 1},
    {"alltoall", alltoall, want_alltoall, 1, 1, 0, 1},
    {"scan", scan, want_scan, 0, 0, 0, 1},
    {"pingPong", ping_pong, want_ping_pong, 0, 0, 0, 0},
    {"messageRate", many_messages, want_ping_pong, 0, 0, 0, 0},
    {"sendrecv", sendrecv, want_sendrecv, 0, 0, 0, 0},
};

/* One line: operation, form, bytes of a block, microseconds per call. */
static void measure(const struct Operation *op, int in_place, int count, double budget_us) {
  const int total_in = op->brings_each ? count * size : count, total_out = op->gets_each ? count * size : count;
  const int longest = total_in > total_out ? total_in : total_out;
  float *from = calloc(longest, sizeof(float)), *to = calloc(longest, sizeof(float));
  /* In place an allgather's block stands where it belongs. */
  const int is_bcast = op->call == bcast;
  float *own = in_place ? to + (op->gets_each && !op->brings_each ? rank * count : 0) : is_bcast ? to : from;
  for (int i = 0; i < total_in; i++) own[i] = brought(rank, i);
  struct Operands x = {in_place ? MPI_IN_PLACE : from, to, count};
  op->call(&x);
  for (int i = 0; i < total_out && (!op->on_root || rank == 0); i++) {
    if (to[i] != op->want(i, count)) {
      fprintf(stderr, "%s: wrong at %d\n", op->name, i);
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
  }
  memset(from, 0, sizeof(float) * longest);
  memset(to, 0, sizeof(float) * longest);
  const double us = median_us(op->call, &x, budget_us);
  if (rank == 0) printf("%s|%s %zu %.4f\n", op->name, in_place ? "in-place" : "two-buffer", count * sizeof(float), us);
  free(from);
  free(to);
}

/* Arguments: microseconds per measurement; bytes of a block, any number of them. */
int main(int argc, char **argv) {
  int provided;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const double budget_us = atof(argv[1]);
  for (int arg = 2; arg < argc; arg++) {
    const int count = atoi(argv[arg]) / (int)sizeof(float);
    for (size_t i = 0; i < sizeof kOperations / sizeof *kOperations; i++) {
      measure(&kOperations[i], 0, count, budget_us);
      if (kOperations[i].in_place) measure(&kOperations[i], 1, count, budget_us);
    }
  }
  MPI_Finalize();
  return 0;
}
