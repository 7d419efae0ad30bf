// A fair lock.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace shoal {

// First come, first served: a plain mutex beside a test loop let others wait for milliseconds.
class TicketLock {
 public:
  void lock() {
    std::unique_lock<std::mutex> guard(mutex_);
    const uint64_t ticket = next_++;
    changed_.wait(guard, [&] { return serving_ == ticket; });
  }
  void unlock() {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      serving_++;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ = 0, serving_ = 0;
};

}  // namespace shoal
