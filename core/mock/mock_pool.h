// A scriptable pool of fake providers over real sockets: for the tests of this project, and,
// through capi/holysheep_mock.h, for those of its users. One thread serves all endpoints. MOCK.md
// describes scripts.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/duration.h"
#include "core/mock/mock_server.h"
#include "core/result.h"

namespace holysheep {

// All functions may be called from any thread.
class MockPool {
 public:
  // Errors: Status::config (names the JSON path), Status::local.
  static Result<std::unique_ptr<MockPool>> open(std::string_view script);
  // Closes all sockets and ends the thread.
  ~MockPool();
  MockPool(const MockPool&) = delete;
  MockPool& operator=(const MockPool&) = delete;

  // "http://127.0.0.1:40001/v1"; "" if there is no such endpoint. "" stands for the first.
  std::string url(std::string_view endpoint = {}) const;
  int port(std::string_view endpoint = {}) const;  // 0: no such endpoint
  // Where the pool's own authority is; "" without TLS.
  const std::string& ca_file() const { return server_->ca_file(); }
  // A client configuration with an endpoint for each of the pool's, in order.
  std::string client_config() const;

  // See holysheep_mock.h.
  std::string requests_json() const { return server_->recorder().json(); }
  std::int64_t count(std::string_view endpoint = {}) const {
    return server_->recorder().count(endpoint);
  }
  bool await(std::string_view endpoint, std::int64_t count, std::int64_t timeout_ms) const {
    return server_->recorder().await(endpoint, count, timeout_ms);
  }
  // Nothing if it went well.
  Result<bool> set(std::string_view endpoint, std::string_view script);

 private:
  MockPool() = default;
  const MockServer::Address* find(std::string_view endpoint) const;

  std::unique_ptr<MockServer> server_;
  pthread_t thread_{};
  bool running_ = false;
};

}  // namespace holysheep
