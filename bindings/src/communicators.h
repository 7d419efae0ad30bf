// Communicators by number, and the MPI calls on all ranks of one, which may block. src/native/mpi.ts has their order.
#pragma once
#include <mpi.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "blocking-call.h"

namespace shoal {

inline std::map<int, MPI_Comm> communicators;  // guarded by mpi_lock; 0 is the world
inline int last_communicator = 0;

// Under the lock.
inline MPI_Comm communicator(int id) {
  const auto found = communicators.find(id);
  return found == communicators.end() ? MPI_COMM_NULL : found->second;
}

// Under the lock, on the blocking thread: keep what a call has made. The number is -1 for no communicator.
inline Outcome made(const char* function, int error, MPI_Comm comm) {
  if (error != MPI_SUCCESS || comm == MPI_COMM_NULL) return checked(function, error, -1);
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  communicators[++last_communicator] = comm;
  return checked(function, MPI_SUCCESS, last_communicator);
}

// What MPI knows of a communicator, as a number.
inline napi_value asked(napi_env env, napi_callback_info info, const char* function, int (*ask)(MPI_Comm, int*)) {
  Call call(env, info);
  const int id = int(call.integer(0));
  if (call.failed()) return nullptr;
  std::lock_guard<TicketLock> guard(mpi_lock);
  int value = 0;
  const int error = ask(communicator(id), &value);
  if (error == MPI_SUCCESS) return call.number(value);
  napi_throw(env, mpi_error(env, function, error));
  return nullptr;
}

// int MPI_Comm_rank(MPI_Comm comm, int *rank);
inline napi_value comm_rank(napi_env env, napi_callback_info info) {
  return asked(env, info, "MPI_Comm_rank", MPI_Comm_rank);
}

// int MPI_Comm_size(MPI_Comm comm, int *size);
inline napi_value comm_size(napi_env env, napi_callback_info info) {
  return asked(env, info, "MPI_Comm_size", MPI_Comm_size);
}

// int MPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
//                   MPI_Datatype recvtype, MPI_Comm comm);
// Bytes, the same number on every rank; they are copied before the call. Resolves with all ranks' bytes in rank order.
inline Outcome allgather(int id, const Bytes& mine) {
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
}

// int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
//                MPI_Datatype recvtype, int root, MPI_Comm comm);
// Bytes, the same number on every rank; they are copied before the call. Over an intercommunicator the receiving rank
// passes -1 (MPI_ROOT) and how many the other group has, its siblings -2 (MPI_PROC_NULL). Resolves with all bytes where
// the rank is root, else with none.
inline Outcome gather(int id, const Bytes& mine, int root, int senders) {
  Outcome outcome = checked("MPI_Gather", MPI_SUCCESS);
  outcome.has_bytes = true;
  outcome.bytes.resize(mine.size() * size_t(senders > 0 ? senders : 0));
  const int to = root == -1 ? MPI_ROOT : root == -2 ? MPI_PROC_NULL : root;
  outcome.error = MPI_Gather(mine.data(), int(mine.size()), MPI_BYTE, outcome.bytes.data(), int(mine.size()), MPI_BYTE,
                             to, communicator(id));
  return outcome;
}

// int MPI_Open_port(MPI_Info info, char *port_name);
// Resolves with the name, as UTF-8 bytes.
inline Outcome open_port() {
  char name[MPI_MAX_PORT_NAME] = "";
  Outcome outcome = checked("MPI_Open_port", MPI_Open_port(MPI_INFO_NULL, name));
  outcome.has_bytes = true;
  outcome.bytes.assign(name, name + strlen(name));
  return outcome;
}

// int MPI_Comm_accept(const char *port_name, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *newcomm);
// Has no time-out: only the end of the process ends it. The root is rank 0.
inline Outcome comm_accept(const std::string& port, int id) {
  MPI_Comm comm = MPI_COMM_NULL;
  const int error = MPI_Comm_accept(port.c_str(), MPI_INFO_NULL, 0, communicator(id), &comm);
  return made("MPI_Comm_accept", error, comm);
}

// int MPI_Comm_connect(const char *port_name, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *newcomm);
// The root is rank 0.
inline Outcome comm_connect(const std::string& port, int id) {
  MPI_Comm comm = MPI_COMM_NULL;
  const int error = MPI_Comm_connect(port.c_str(), MPI_INFO_NULL, 0, communicator(id), &comm);
  return made("MPI_Comm_connect", error, comm);
}

// int MPI_Comm_disconnect(MPI_Comm *comm);
inline Outcome comm_disconnect(int id) {
  MPI_Comm comm = communicator(id);
  communicators.erase(id);
  return checked("MPI_Comm_disconnect", MPI_Comm_disconnect(&comm));
}

// int MPI_Intercomm_create(MPI_Comm local_comm, int local_leader, MPI_Comm peer_comm, int remote_leader, int tag,
//                          MPI_Comm *newintercomm);
// The local leader is rank 0.
inline Outcome intercomm_create(int local, int peer, int remote_leader, int tag) {
  MPI_Comm comm = MPI_COMM_NULL;
  const int error = MPI_Intercomm_create(communicator(local), 0, communicator(peer), remote_leader, tag, &comm);
  return made("MPI_Intercomm_create", error, comm);
}

// int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm);
// By MPI_COMM_TYPE_SHARED: the ranks that can share memory.
inline Outcome comm_split_type(int id, int key) {
  MPI_Comm comm = MPI_COMM_NULL;
  const int error = MPI_Comm_split_type(communicator(id), MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &comm);
  return made("MPI_Comm_split_type", error, comm);
}

// int MPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *newcomm);
// The group is named by its ranks in `comm`, four bytes each, in the order of their new ranks. Members alone call it.
inline Outcome comm_create_group(int id, const Bytes& words, int tag) {
  std::vector<int> ranks(words.size() / sizeof(int32_t));
  memcpy(ranks.data(), words.data(), ranks.size() * sizeof(int32_t));
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
}

// int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm);
inline Outcome comm_dup(int id) {
  MPI_Comm comm = MPI_COMM_NULL;
  const int error = MPI_Comm_dup(communicator(id), &comm);
  return made("MPI_Comm_dup", error, comm);
}

// int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *newcomm);
// A negative color is MPI_UNDEFINED. Resolves with the new communicator's number, or -1 for none.
inline Outcome comm_split(int id, int color, int key) {
  MPI_Comm comm = MPI_COMM_NULL;
  const int error = MPI_Comm_split(communicator(id), color < 0 ? MPI_UNDEFINED : color, key, &comm);
  return made("MPI_Comm_split", error, comm);
}

// int MPI_Comm_free(MPI_Comm *comm);
inline Outcome comm_free(int id) {
  MPI_Comm comm = communicator(id);
  communicators.erase(id);
  return checked("MPI_Comm_free", MPI_Comm_free(&comm));
}

}  // namespace shoal
