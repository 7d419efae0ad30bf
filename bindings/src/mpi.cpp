// One function per MPI call, no policy. src/native/mpi.ts declares the same functions in the same order.
//
// Compiled once per family against its headers and linked without -lmpi: the `os` addon has opened the library of the
// mpiexec in use before (RTLD_GLOBAL). MPI runs at MPI_THREAD_SERIALIZED: one ticket lock, first come first served,
// orders all calls. What may block runs on one native thread of this addon, never in libuv's pool, which user code can
// starve; it settles a promise. Message calls run on the calling thread, which must not wait long for the lock.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <map>
#include <mutex>
#include <vector>

#include "blocking-thread.h"
#include "napi.h"

using namespace shoal;

namespace {

std::map<int, MPI_Comm> communicators;  // guarded by mpi_lock; 0 is the world
std::map<int, MPI_Request> requests;    // guarded by mpi_lock
int last_communicator = 0, last_request = 0;

Outcome checked(const char* function, int error, double number = 0) {
  Outcome outcome;
  outcome.function = function;
  outcome.error = error;
  outcome.number = number;
  return outcome;
}

// Under the lock.
MPI_Comm communicator(int id) {
  const auto found = communicators.find(id);
  return found == communicators.end() ? MPI_COMM_NULL : found->second;
}

// int MPI_Init_thread(int *argc, char ***argv, int required, int *provided);
// Once per process. Resolves with 0 to 3: single, funneled, serialized, multiple.
napi_value init(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t level = call.integer(0);
  if (call.failed()) return nullptr;
  return blocking().post(env, [level] {
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
  });
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
napi_value finalize(napi_env env, napi_callback_info) {
  return blocking().post(env, [] { return checked("MPI_Finalize", MPI_Finalize()); });
}

// No call: takes its turn at the lock, and lets go.
napi_value pass(napi_env env, napi_callback_info) {
  return blocking().post(env, [] { return checked("", MPI_SUCCESS); });
}

// int MPI_Comm_rank(MPI_Comm comm, int *rank);
napi_value rank(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  int value = 0;
  const int error = MPI_Comm_rank(communicator(id), &value);
  if (error == MPI_SUCCESS) return call.number(value);
  napi_throw(env, mpi_error(env, "MPI_Comm_rank", error));
  return nullptr;
}

// int MPI_Comm_size(MPI_Comm comm, int *size);
napi_value size(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  int value = 0;
  const int error = MPI_Comm_size(communicator(id), &value);
  if (error == MPI_SUCCESS) return call.number(value);
  napi_throw(env, mpi_error(env, "MPI_Comm_size", error));
  return nullptr;
}

// int MPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
//                   MPI_Datatype recvtype, MPI_Comm comm);
// Bytes, the same number on every rank; they are copied before the call. Resolves with all ranks' bytes in rank order.
napi_value allgather(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  size_t length = 0;
  const uint8_t* data = call.bytes(1, &length);
  if (call.failed()) return nullptr;
  const std::vector<uint8_t> mine(data, data + length);
  return blocking().post(env, [id, mine] {
    const MPI_Comm comm = communicator(id);
    int ranks = 0;
    int error = MPI_Comm_size(comm, &ranks);
    if (error != MPI_SUCCESS) return checked("MPI_Comm_size", error);
    Outcome outcome = checked("MPI_Allgather", MPI_SUCCESS);
    outcome.has_bytes = true;
    outcome.bytes.resize(mine.size() * size_t(ranks));
    outcome.error = MPI_Allgather(mine.data(), int(mine.size()), MPI_BYTE, outcome.bytes.data(), int(mine.size()),
                                  MPI_BYTE, comm);
    return outcome;
  });
}

// Under the lock, on the blocking thread: keep what a call has made. The number is -1 for no communicator.
Outcome made(const char* function, int error, MPI_Comm comm) {
  if (error != MPI_SUCCESS || comm == MPI_COMM_NULL) return checked(function, error, -1);
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  communicators[++last_communicator] = comm;
  return checked(function, MPI_SUCCESS, last_communicator);
}

// int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
//                MPI_Datatype recvtype, int root, MPI_Comm comm);
// Bytes, the same number on every rank; they are copied before the call. Over an intercommunicator the receiving rank
// passes -1 (MPI_ROOT) and how many the other group has, its siblings -2 (MPI_PROC_NULL). Resolves with all bytes where
// the rank is root, else with none.
napi_value gather(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  size_t length = 0;
  const uint8_t* data = call.bytes(1, &length);
  const int root = int(call.integer(2)), senders = int(call.integer(3));
  if (call.failed()) return nullptr;
  const std::vector<uint8_t> mine(data, data + length);
  return blocking().post(env, [id, mine, root, senders] {
    Outcome outcome = checked("MPI_Gather", MPI_SUCCESS);
    outcome.has_bytes = true;
    outcome.bytes.resize(mine.size() * size_t(senders > 0 ? senders : 0));
    const int to = root == -1 ? MPI_ROOT : root == -2 ? MPI_PROC_NULL : root;
    outcome.error = MPI_Gather(mine.data(), int(mine.size()), MPI_BYTE, outcome.bytes.data(), int(mine.size()), MPI_BYTE,
                               to, communicator(id));
    return outcome;
  });
}

// int MPI_Open_port(MPI_Info info, char *port_name);
// Resolves with the name, as UTF-8 bytes.
napi_value open_port(napi_env env, napi_callback_info) {
  return blocking().post(env, [] {
    char name[MPI_MAX_PORT_NAME] = "";
    Outcome outcome = checked("MPI_Open_port", MPI_Open_port(MPI_INFO_NULL, name));
    outcome.has_bytes = true;
    outcome.bytes.assign(name, name + strlen(name));
    return outcome;
  });
}

// int MPI_Comm_accept(const char *port_name, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *newcomm);
// Has no time-out: only the end of the process ends it. The root is rank 0.
napi_value accept(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string port = call.text(0);
  const int id = int(call.integer(1));
  if (call.failed()) return nullptr;
  return blocking().post(env, [port, id] {
    MPI_Comm comm = MPI_COMM_NULL;
    const int error = MPI_Comm_accept(port.c_str(), MPI_INFO_NULL, 0, communicator(id), &comm);
    return made("MPI_Comm_accept", error, comm);
  });
}

// int MPI_Comm_connect(const char *port_name, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *newcomm);
// The root is rank 0.
napi_value connect(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string port = call.text(0);
  const int id = int(call.integer(1));
  if (call.failed()) return nullptr;
  return blocking().post(env, [port, id] {
    MPI_Comm comm = MPI_COMM_NULL;
    const int error = MPI_Comm_connect(port.c_str(), MPI_INFO_NULL, 0, communicator(id), &comm);
    return made("MPI_Comm_connect", error, comm);
  });
}

// int MPI_Comm_disconnect(MPI_Comm *comm);
napi_value disconnect(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  return blocking().post(env, [id] {
    MPI_Comm comm = communicator(id);
    communicators.erase(id);
    return checked("MPI_Comm_disconnect", MPI_Comm_disconnect(&comm));
  });
}

// int MPI_Intercomm_create(MPI_Comm local_comm, int local_leader, MPI_Comm peer_comm, int remote_leader, int tag,
//                          MPI_Comm *newintercomm);
// The local leader is rank 0.
napi_value intercomm_create(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int local = int(call.integer(0)), peer = int(call.integer(1));
  const int remote_leader = int(call.integer(2)), tag = int(call.integer(3));
  if (call.failed()) return nullptr;
  return blocking().post(env, [local, peer, remote_leader, tag] {
    MPI_Comm comm = MPI_COMM_NULL;
    const int error = MPI_Intercomm_create(communicator(local), 0, communicator(peer), remote_leader, tag, &comm);
    return made("MPI_Intercomm_create", error, comm);
  });
}

// int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm);
// By MPI_COMM_TYPE_SHARED: the ranks that can share memory.
napi_value split_type(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0)), key = int(call.integer(1));
  if (call.failed()) return nullptr;
  return blocking().post(env, [id, key] {
    MPI_Comm comm = MPI_COMM_NULL;
    const int error = MPI_Comm_split_type(communicator(id), MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &comm);
    return made("MPI_Comm_split_type", error, comm);
  });
}

// int MPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *newcomm);
// The group is named by its ranks in `comm`, four bytes each, in the order of their new ranks. Members alone call it.
napi_value create_group(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  size_t length = 0;
  const uint8_t* data = call.bytes(1, &length);
  const int tag = int(call.integer(2));
  if (call.failed()) return nullptr;
  std::vector<int> ranks(length / sizeof(int32_t));
  memcpy(ranks.data(), data, ranks.size() * sizeof(int32_t));
  return blocking().post(env, [id, ranks, tag] {
    MPI_Group all = MPI_GROUP_NULL, members = MPI_GROUP_NULL;
    int error = MPI_Comm_group(communicator(id), &all);
    if (error != MPI_SUCCESS) return checked("MPI_Comm_group", error, -1);
    MPI_Comm comm = MPI_COMM_NULL;
    error = MPI_Group_incl(all, int(ranks.size()), ranks.data(), &members);
    const char* function = "MPI_Group_incl";
    if (error == MPI_SUCCESS) {
      function = "MPI_Comm_create_group";
      error = MPI_Comm_create_group(communicator(id), members, tag, &comm);
      MPI_Group_free(&members);
    }
    MPI_Group_free(&all);
    return made(function, error, comm);
  });
}

// int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm);
napi_value dup_communicator(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  return blocking().post(env, [id] {
    MPI_Comm comm = MPI_COMM_NULL;
    const int error = MPI_Comm_dup(communicator(id), &comm);
    return made("MPI_Comm_dup", error, comm);
  });
}

// int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *newcomm);
// A negative color is MPI_UNDEFINED. Resolves with the new communicator's number, or -1 for none.
napi_value split(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0)), color = int(call.integer(1)), key = int(call.integer(2));
  if (call.failed()) return nullptr;
  return blocking().post(env, [id, color, key] {
    MPI_Comm comm = MPI_COMM_NULL;
    const int error = MPI_Comm_split(communicator(id), color < 0 ? MPI_UNDEFINED : color, key, &comm);
    return made("MPI_Comm_split", error, comm);
  });
}

// int MPI_Comm_free(MPI_Comm *comm);
napi_value free_communicator(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  return blocking().post(env, [id] {
    MPI_Comm comm = communicator(id);
    communicators.erase(id);
    return checked("MPI_Comm_free", MPI_Comm_free(&comm));
  });
}

// int MPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm, MPI_Request *request);
// The caller keeps the bytes where they are until `test` returns 1.
napi_value isend(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  size_t length = 0;
  const uint8_t* data = call.bytes(1, &length);
  const int dest = int(call.integer(2)), tag = int(call.integer(3));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  MPI_Request request;
  const int error = MPI_Isend(data, int(length), MPI_BYTE, dest, tag, communicator(id), &request);
  if (error != MPI_SUCCESS) {
    napi_throw(env, mpi_error(env, "MPI_Isend", error));
    return nullptr;
  }
  requests[++last_request] = request;
  return call.number(last_request);
}

// int MPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Request *request);
// The caller keeps the bytes where they are, and leaves them alone, until `test` returns 1.
napi_value irecv(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  size_t length = 0;
  uint8_t* data = call.bytes(1, &length);
  const int source = int(call.integer(2)), tag = int(call.integer(3));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  MPI_Request request;
  const int error = MPI_Irecv(data, int(length), MPI_BYTE, source < 0 ? MPI_ANY_SOURCE : source,
                              tag < 0 ? MPI_ANY_TAG : tag, communicator(id), &request);
  if (error != MPI_SUCCESS) {
    napi_throw(env, mpi_error(env, "MPI_Irecv", error));
    return nullptr;
  }
  requests[++last_request] = request;
  return call.number(last_request);
}

// int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status);
// Returns 1 once, when the request is complete; its number is then gone.
napi_value test(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  const auto found = requests.find(id);
  if (found == requests.end()) return call.fail("MPI_Test", EINVAL);
  int flag = 0;
  const int error = MPI_Test(&found->second, &flag, MPI_STATUS_IGNORE);
  if (error != MPI_SUCCESS) {
    requests.erase(found);
    napi_throw(env, mpi_error(env, "MPI_Test", error));
    return nullptr;
  }
  if (flag) requests.erase(found);
  return call.number(flag ? 1 : 0);
}

// int MPI_Cancel(MPI_Request *request);
// Of a receive. The request stays until `test` returns 1: it is then cancelled, or had been matched before.
napi_value cancel(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  const auto found = requests.find(id);
  if (found == requests.end()) return call.fail("MPI_Cancel", EINVAL);
  const int error = MPI_Cancel(&found->second);
  if (error != MPI_SUCCESS) napi_throw(env, mpi_error(env, "MPI_Cancel", error));
  return nullptr;
}

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
  shoal::define(env, exports, "init", init);
  shoal::define(env, exports, "libraryVersion", library_version);
  shoal::define(env, exports, "finalize", finalize);
  shoal::define(env, exports, "pass", pass);
  shoal::define(env, exports, "rank", rank);
  shoal::define(env, exports, "size", size);
  shoal::define(env, exports, "allgather", allgather);
  shoal::define(env, exports, "gather", gather);
  shoal::define(env, exports, "openPort", open_port);
  shoal::define(env, exports, "accept", accept);
  shoal::define(env, exports, "connect", connect);
  shoal::define(env, exports, "disconnect", disconnect);
  shoal::define(env, exports, "intercommCreate", intercomm_create);
  shoal::define(env, exports, "splitType", split_type);
  shoal::define(env, exports, "createGroup", create_group);
  shoal::define(env, exports, "dup", dup_communicator);
  shoal::define(env, exports, "split", split);
  shoal::define(env, exports, "free", free_communicator);
  shoal::define(env, exports, "isend", isend);
  shoal::define(env, exports, "irecv", irecv);
  shoal::define(env, exports, "test", test);
  shoal::define(env, exports, "cancel", cancel);
  shoal::define(env, exports, "abort", abort_job);
  return exports;
}
