// A certificate authority and a server certificate made for one pool, so that clients verify a TLS
// mock as they verify a provider. Keys live in memory only; the authority's certificate lies in a
// private file while the pool lives.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "core/result.h"

namespace holysheep {

class MockTls {
 public:
  // Errors: Status::local.
  static Result<std::unique_ptr<MockTls>> make();
  ~MockTls();
  MockTls(const MockTls&) = delete;
  MockTls& operator=(const MockTls&) = delete;

  SSL_CTX* context() const { return context_; }
  const std::string& ca_file() const { return ca_file_; }

 private:
  MockTls() = default;

  SSL_CTX* context_ = nullptr;
  std::string ca_file_;
};

}  // namespace holysheep
