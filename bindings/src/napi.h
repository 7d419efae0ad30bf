// The little of Node-API that the addons share: arguments in, results and errors out. No policy.
#pragma once
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>

#include <string>

namespace shoal {

// One call from JavaScript. A wrong argument sets `failed`: the function returns at once.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMaxArguments;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
    count_ = count;
  }

  int64_t integer(size_t index) {
    double value = 0;
    if (index >= count_ || napi_get_value_double(env_, values_[index], &value) != napi_ok) wrong(index, "a number");
    return int64_t(value);
  }

  std::string text(size_t index) {
    char buffer[4096];
    size_t length = 0;
    if (index >= count_ || napi_get_value_string_utf8(env_, values_[index], buffer, sizeof buffer, &length) != napi_ok) {
      wrong(index, "a string");
      return "";
    }
    return std::string(buffer, length);
  }

  // The bytes of a typed array, over an ArrayBuffer or a SharedArrayBuffer. They belong to JavaScript.
  uint8_t* bytes(size_t index, size_t* length) {
    napi_typedarray_type type;
    void* data = nullptr;
    size_t count = 0;
    *length = 0;
    if (index >= count_ ||
        napi_get_typedarray_info(env_, values_[index], &type, &count, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      wrong(index, "a Uint8Array");
      return nullptr;
    }
    *length = count;
    return static_cast<uint8_t*>(data);
  }

  // The bytes of any typed array as they are now: none of one that was detached or cut short.
  uint8_t* memory(size_t index, size_t* length) {
    constexpr uint8_t kItemBytes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};  // in the order of napi_typedarray_type
    napi_typedarray_type type;
    void* data = nullptr;
    size_t count = 0;
    *length = 0;
    if (index >= count_ ||
        napi_get_typedarray_info(env_, values_[index], &type, &count, &data, nullptr, nullptr) != napi_ok ||
        size_t(type) >= sizeof kItemBytes) {
      wrong(index, "a typed array");
      return nullptr;
    }
    *length = count * kItemBytes[type];
    return static_cast<uint8_t*>(data);
  }

  // Elements of an array; 0 of what is none.
  uint32_t length(size_t index) {
    uint32_t count = 0;
    if (index >= count_ || napi_get_array_length(env_, values_[index], &count) != napi_ok) wrong(index, "an array");
    return count;
  }

  // The bytes of a Uint8Array that is an element of an array.
  uint8_t* element(size_t index, uint32_t at, size_t* length) {
    napi_value value = nullptr;
    napi_typedarray_type type;
    void* data = nullptr;
    *length = 0;
    if (napi_get_element(env_, values_[index], at, &value) != napi_ok ||
        napi_get_typedarray_info(env_, value, &type, length, &data, nullptr, nullptr) != napi_ok || type != napi_uint8_array) {
      wrong(index, "an array of Uint8Arrays");
      return nullptr;
    }
    return static_cast<uint8_t*>(data);
  }

  // What `own` has given to JavaScript.
  template <typename T>
  T* owned(size_t index) {
    void* data = nullptr;
    if (index >= count_ || napi_get_value_external(env_, values_[index], &data) != napi_ok) wrong(index, "what the addon gave");
    return static_cast<T*>(data);
  }

  // Gives an object to JavaScript, which deletes it with the value that stands for it.
  template <typename T>
  napi_value own(T* object) {
    napi_value result = nullptr;
    const auto drop = [](napi_env, void* data, void*) { delete static_cast<T*>(data); };
    if (napi_create_external(env_, object, drop, nullptr, &result) != napi_ok) delete object;
    return result;
  }

  // Takes its memory from an ArrayBuffer. False: it has none to take.
  bool detach(size_t index) {
    bool is_buffer = false;
    if (index >= count_ || napi_is_arraybuffer(env_, values_[index], &is_buffer) != napi_ok || !is_buffer) {
      wrong(index, "an ArrayBuffer");
      return false;
    }
    return napi_detach_arraybuffer(env_, values_[index]) == napi_ok;
  }

  bool failed() const { return failed_; }

  napi_value number(double value) {
    napi_value result = nullptr;
    napi_create_double(env_, value, &result);
    return result;
  }

  napi_value boolean(bool value) {
    napi_value result = nullptr;
    napi_get_boolean(env_, value, &result);
    return result;
  }

  napi_value string(const char* text) {
    napi_value result = nullptr;
    napi_create_string_utf8(env_, text, NAPI_AUTO_LENGTH, &result);
    return result;
  }

  napi_value pair(double first, double second) {
    napi_value result = nullptr;
    napi_create_array_with_length(env_, 2, &result);
    napi_set_element(env_, result, 0, number(first));
    napi_set_element(env_, result, 1, number(second));
    return result;
  }

  // Throws an Error whose `code` is the name of the C function and whose message has its errno.
  napi_value fail(const char* function, int error = errno) {
    failed_ = true;
    const std::string message = std::string(function) + ": " + strerror(error);
    napi_throw_error(env_, function, message.c_str());
    return nullptr;
  }

 private:
  static constexpr size_t kMaxArguments = 8;

  void wrong(size_t index, const char* expected) {
    if (!failed_) {
      const std::string message = "argument " + std::to_string(index) + ": expected " + expected;
      napi_throw_type_error(env_, nullptr, message.c_str());
    }
    failed_ = true;
  }

  napi_env env_;
  napi_value values_[kMaxArguments] = {};
  size_t count_ = 0;
  bool failed_ = false;
};

inline void define(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, exports, name, value);
}

}  // namespace shoal
