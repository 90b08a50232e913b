// Owned file descriptors, and the socket that an endpoint listens on.
#pragma once

#include <string>
#include <utility>

#include "core/result.h"

namespace holysheep {

// An owned file descriptor.
class MockDescriptor {
 public:
  MockDescriptor() = default;
  explicit MockDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~MockDescriptor() { reset(-1); }
  MockDescriptor(MockDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  MockDescriptor& operator=(MockDescriptor&& other) noexcept {
    reset(std::exchange(other.descriptor_, -1));
    return *this;
  }
  int get() const { return descriptor_; }
  void reset(int descriptor);
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

// A socket bound to a loopback address; *port 0 becomes the port that was given. Errors:
// Status::config for an address that is none, else Status::local.
Result<MockDescriptor> bind_mock_socket(const std::string& host, int* port);

// Status::local with what errno says.
Error mock_local_error(const std::string& what);

}  // namespace holysheep
