// The one thread for MPI calls that block, the lock that orders all calls, and errors in JavaScript's terms.
#pragma once
#include <mpi.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "napi.h"
#include "ticket-lock.h"

namespace shoal {

// What a blocking call leaves behind for JavaScript.
struct Outcome {
  const char* function = nullptr;  // of the MPI call that failed
  int error = MPI_SUCCESS;
  double number = 0;
  std::vector<uint8_t> bytes;
  bool has_bytes = false;
};

struct Job {
  std::function<Outcome()> work;
  Outcome outcome;
  napi_deferred deferred = nullptr;
};

inline TicketLock mpi_lock;  // orders all MPI calls of the process

// Errors carry function, class, code and text.
inline napi_value mpi_error(napi_env env, const char* function, int error) {
  int error_class = 0, length = 0;
  char text[MPI_MAX_ERROR_STRING] = "";
  MPI_Error_class(error, &error_class);
  MPI_Error_string(error, text, &length);
  napi_value message = nullptr, result = nullptr, value = nullptr;
  napi_create_string_utf8(env, (std::string(function) + ": " + text).c_str(), NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, nullptr, message, &result);
  napi_create_string_utf8(env, function, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, result, "function", value);
  napi_create_int32(env, error_class, &value);
  napi_set_named_property(env, result, "errorClass", value);
  napi_create_int32(env, error, &value);
  napi_set_named_property(env, result, "errorCode", value);
  return result;
}

// The thread for everything that blocks. It lives as long as the process: MPI wants its calls from living threads.
class BlockingThread {
 public:
  void start(napi_env env) {
    if (started_) return;
    started_ = true;
    napi_value name = nullptr;
    napi_create_string_utf8(env, "shoal mpi", NAPI_AUTO_LENGTH, &name);
    napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, settle, &settle_);
    napi_unref_threadsafe_function(env, settle_);
    std::thread([this] { run(); }).detach();
  }

  // Returns a promise for the outcome of `work`.
  napi_value post(napi_env env, std::function<Outcome()> work) {
    start(env);
    Job* job = new Job;
    job->work = std::move(work);
    napi_value promise = nullptr;
    napi_create_promise(env, &job->deferred, &promise);
    if (pending_++ == 0) napi_ref_threadsafe_function(env, settle_);
    {
      std::lock_guard<std::mutex> guard(mutex_);
      jobs_.push_back(job);
    }
    changed_.notify_one();
    return promise;
  }

 private:
  void run() {
    for (;;) {
      Job* job = nullptr;
      {
        std::unique_lock<std::mutex> guard(mutex_);
        changed_.wait(guard, [&] { return !jobs_.empty(); });
        job = jobs_.front();
        jobs_.pop_front();
      }
      {
        std::lock_guard<TicketLock> guard(mpi_lock);
        job->outcome = job->work();
      }
      napi_call_threadsafe_function(settle_, job, napi_tsfn_blocking);
    }
  }

  // On the JavaScript thread.
  static void settle(napi_env env, napi_value, void*, void* data);

  bool started_ = false;
  napi_threadsafe_function settle_ = nullptr;
  uint64_t pending_ = 0;  // JavaScript thread only
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> jobs_;
};

inline BlockingThread& blocking() {
  static BlockingThread* thread = new BlockingThread;  // never destroyed: the thread outlives every environment
  return *thread;
}

inline void BlockingThread::settle(napi_env env, napi_value, void*, void* data) {
  Job* job = static_cast<Job*>(data);
  if (env != nullptr) {
    const Outcome& outcome = job->outcome;
    if (outcome.error != MPI_SUCCESS) {
      napi_reject_deferred(env, job->deferred, mpi_error(env, outcome.function, outcome.error));
    } else {
      napi_value value = nullptr;
      if (outcome.has_bytes) {
        napi_value buffer = nullptr;
        void* target = nullptr;
        napi_create_arraybuffer(env, outcome.bytes.size(), &target, &buffer);
        if (!outcome.bytes.empty()) memcpy(target, outcome.bytes.data(), outcome.bytes.size());
        napi_create_typedarray(env, napi_uint8_array, outcome.bytes.size(), buffer, 0, &value);
      } else {
        napi_create_double(env, outcome.number, &value);
      }
      napi_resolve_deferred(env, job->deferred, value);
    }
    BlockingThread& thread = blocking();
    if (--thread.pending_ == 0) napi_unref_threadsafe_function(env, thread.settle_);
  }
  delete job;
}

}  // namespace shoal
