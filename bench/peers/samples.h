/*
 * How every program of this folder times a call: warm up, then a loop of calls without a barrier between them, cut into
 * samples of at least a fixed time. The result is the median of the samples. samples.ts and samples.py do the same.
 */
#ifndef SHOAL_BENCH_SAMPLES_H
#define SHOAL_BENCH_SAMPLES_H

#include <mpi.h>
#include <stdlib.h>
#include <time.h>

enum { kWarmPart = 5, kSamplePart = 75, kFewestSamples = 5 };

static double now_us(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e6 + at.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Microseconds per call on this rank. All ranks call it; rank 0 decides for all how many calls there are. */
static inline double median_us(void (*call)(void *), void *state, double budget_us) {
  long calls = 1;
  double took;
  for (;; calls *= 2) {
    const double begun = now_us();
    for (long i = 0; i < calls; i++) call(state);
    took = now_us() - begun;
    MPI_Bcast(&took, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    if (took >= budget_us / kWarmPart) break;
  }
  const double each = took / calls;
  const long batch = 1 + (long)(budget_us / kSamplePart / each);
  const long fitting = (long)(budget_us / (each * batch));
  const long samples = fitting < kFewestSamples ? kFewestSamples : fitting;
  double *us = malloc(sizeof(double) * samples);
  double last = now_us();
  for (long sample = 0; sample < samples; sample++) {
    for (long i = 0; i < batch; i++) call(state);
    const double now = now_us();
    us[sample] = (now - last) / batch;
    last = now;
  }
  qsort(us, samples, sizeof(double), ascending);
  const double median = us[samples / 2];
  free(us);
  return median;
}

#endif
