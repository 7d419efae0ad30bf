// One function per MPI call, no policy. src/native/mpi.ts declares the same functions in the same order.
//
// Compiled once per family against its headers and linked without -lmpi: the `os` addon has opened the library of the
// mpiexec in use before (RTLD_GLOBAL). MPI runs at MPI_THREAD_SERIALIZED: one ticket lock, first come first served,
// orders all calls. What may block runs on one native thread of this addon, never in libuv's pool, which user code can
// starve; it settles a promise. Message calls run on the calling thread, which must not wait long for the lock.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <mutex>

#include "blocking-call.h"
#include "communicators.h"
#include "messages.h"
#include "napi.h"

using namespace shoal;

namespace {

// int MPI_Init_thread(int *argc, char ***argv, int required, int *provided);
// Once per process. Resolves with 0 to 3: single, funneled, serialized, multiple.
Outcome init(int level) {
  const int levels[] = {MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, MPI_THREAD_MULTIPLE};
  int initialized = 0, provided = 0;
  MPI_Initialized(&initialized);
  if (initialized) {
    MPI_Query_thread(&provided);
  } else {
    const int error = MPI_Init_thread(nullptr, nullptr, levels[level & 3], &provided);
    if (error != MPI_SUCCESS) return checked("MPI_Init_thread", error);
  }
  communicators[0] = MPI_COMM_WORLD;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int granted = 0;
  for (int i = 0; i < 4; i++) if (levels[i] == provided) granted = i;
  return checked("MPI_Init_thread", MPI_SUCCESS, granted);
}

// int MPI_Get_library_version(char *version, int *resultlen);
// Also before MPI_Init. Returns the library's own words.
napi_value library_version(napi_env env, napi_callback_info info) {
  Call call(env, info);
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  std::lock_guard<TicketLock> guard(mpi_lock);
  const int error = MPI_Get_library_version(text, &length);
  if (error == MPI_SUCCESS) return call.string(text);
  napi_throw(env, mpi_error(env, "MPI_Get_library_version", error));
  return nullptr;
}

// int MPI_Finalize(void);
Outcome finalize() { return checked("MPI_Finalize", MPI_Finalize()); }

// No call: takes its turn at the lock, and releases it.
Outcome pass() { return checked("", MPI_SUCCESS); }

// int MPI_Abort(MPI_Comm comm, int errorcode);
// Ends the job at once; without the lock, which a blocked call may hold for ever.
napi_value abort_job(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int code = int(call.integer(0));
  if (call.failed()) return nullptr;
  MPI_Abort(MPI_COMM_WORLD, code);
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  shoal::define(env, exports, "init", posted<init>);
  shoal::define(env, exports, "libraryVersion", library_version);
  shoal::define(env, exports, "finalize", posted<finalize>);
  shoal::define(env, exports, "pass", posted<pass>);
  shoal::define(env, exports, "rank", comm_rank);
  shoal::define(env, exports, "size", comm_size);
  shoal::define(env, exports, "allgather", posted<allgather>);
  shoal::define(env, exports, "gather", posted<gather>);
  shoal::define(env, exports, "openPort", posted<open_port>);
  shoal::define(env, exports, "accept", posted<comm_accept>);
  shoal::define(env, exports, "connect", posted<comm_connect>);
  shoal::define(env, exports, "disconnect", posted<comm_disconnect>);
  shoal::define(env, exports, "intercommCreate", posted<intercomm_create>);
  shoal::define(env, exports, "splitType", posted<comm_split_type>);
  shoal::define(env, exports, "createGroup", posted<comm_create_group>);
  shoal::define(env, exports, "dup", posted<comm_dup>);
  shoal::define(env, exports, "split", posted<comm_split>);
  shoal::define(env, exports, "free", posted<comm_free>);
  shoal::define(env, exports, "isend", isend);
  shoal::define(env, exports, "irecv", irecv);
  shoal::define(env, exports, "test", test);
  shoal::define(env, exports, "cancel", cancel);
  shoal::define(env, exports, "abort", abort_job);
  return exports;
}
