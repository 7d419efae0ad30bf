// Preloaded into ranks of MPICH when there are more of them than cores.
//
// MPICH over UCX never yields its core while a call waits: 5 ranks on 2 cores take 45 ms for an MPI_Comm_split, nearly
// all of it for ranks that poll in vain. UCX polls with this one function, which returns how much has happened.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stddef.h>

typedef unsigned (*Progress)(void *worker);

// unsigned ucp_worker_progress(ucp_worker_h worker);
__attribute__((visibility("default"))) unsigned ucp_worker_progress(void *worker) {
  static Progress next;
  if (next == NULL) {
    next = (Progress)dlsym(RTLD_NEXT, "ucp_worker_progress");
    // UCX was loaded for itself alone, after the program had started.
    void *library = next == NULL ? dlopen("libucp.so.0", RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (library != NULL) next = (Progress)dlsym(library, "ucp_worker_progress");
    if (next == NULL) return 0;
  }
  const unsigned happened = next(worker);
  if (happened == 0) sched_yield();
  return happened;
}
