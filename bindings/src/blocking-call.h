// A function of JavaScript that reads its arguments, then runs MPI calls on the blocking thread.
#pragma once
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "blocking-thread.h"

namespace shoal {

using Bytes = std::vector<uint8_t>;

inline Outcome checked(const char* function, int error, double number = 0) {
  Outcome outcome;
  outcome.function = function;
  outcome.error = error;
  outcome.number = number;
  return outcome;
}

// An argument as the work takes it; bytes and text are copied.
template <typename T>
T argument(Call& call, size_t index) {
  if constexpr (std::is_same_v<T, std::string>) {
    return call.text(index);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    size_t length = 0;
    const uint8_t* data = call.bytes(index, &length);
    return Bytes(data, data + length);
  } else {
    return T(call.integer(index));
  }
}

template <typename... Parameters, size_t... Index>
napi_value post(napi_env env, napi_callback_info info, Outcome (*work)(Parameters...), std::index_sequence<Index...>) {
  Call call(env, info);
  // Braces: read from the first to the last.
  const std::tuple<std::decay_t<Parameters>...> arguments{argument<std::decay_t<Parameters>>(call, Index)...};
  if (call.failed()) return nullptr;
  return blocking().post(env, [work, arguments] { return std::apply(work, arguments); });
}

template <typename... Parameters>
napi_value post(napi_env env, napi_callback_info info, Outcome (*work)(Parameters...)) {
  return post(env, info, work, std::index_sequence_for<Parameters...>());
}

// Returns a promise for what `work` leaves; it runs under the lock.
template <auto work>
napi_value posted(napi_env env, napi_callback_info info) {
  return post(env, info, work);
}

}  // namespace shoal
