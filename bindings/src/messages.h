// Messages and their requests by number. These calls run on the calling thread, which must not wait long for the lock.
#pragma once
#include <mpi.h>

#include <map>
#include <mutex>

#include "communicators.h"

namespace shoal {

inline std::map<int, MPI_Request> requests;  // guarded by mpi_lock
inline int last_request = 0;

// Under the lock: keep what a call has started. Returns its number.
inline napi_value started(napi_env env, Call& call, const char* function, int error, MPI_Request request) {
  if (error != MPI_SUCCESS) {
    napi_throw(env, mpi_error(env, function, error));
    return nullptr;
  }
  requests[++last_request] = request;
  return call.number(last_request);
}

// int MPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
//               MPI_Request *request);
// The caller keeps the bytes where they are until `test` returns 1.
inline napi_value isend(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int id = int(call.integer(0));
  size_t length = 0;
  const uint8_t* data = call.bytes(1, &length);
  const int dest = int(call.integer(2)), tag = int(call.integer(3));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  MPI_Request request;
  const int error = MPI_Isend(data, int(length), MPI_BYTE, dest, tag, communicator(id), &request);
  return started(env, call, "MPI_Isend", error, request);
}

// int MPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Request *request);
// The caller keeps the bytes where they are, and leaves them alone, until `test` returns 1.
inline napi_value irecv(napi_env env, napi_callback_info info) {
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
  return started(env, call, "MPI_Irecv", error, request);
}

// int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status);
// Returns 1 once, when the request is complete; its number is then gone.
inline napi_value test(napi_env env, napi_callback_info info) {
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
inline napi_value cancel(napi_env env, napi_callback_info info) {
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

}  // namespace shoal
