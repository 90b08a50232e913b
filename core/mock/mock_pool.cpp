#include "core/mock/mock_pool.h"

#include <signal.h>

#include <utility>

#include "core/json.h"

namespace holysheep {
namespace {

constexpr std::string_view kKey = "mock-key";

void* run_server(void* server) {
  static_cast<MockServer*>(server)->run();
  return nullptr;
}

// The host program's signals are its own: our thread takes none but those that it causes itself.
sigset_t all_but_faults() {
  sigset_t set;
  sigfillset(&set);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
    sigdelset(&set, fault);
  }
  return set;
}

}  // namespace

Result<std::unique_ptr<MockPool>> MockPool::open(std::string_view text) {
  Result<MockScript> script = read_mock_script(text);
  if (!script.ok()) return script.error();
  Result<std::unique_ptr<MockServer>> server = MockServer::open(std::move(script).value());
  if (!server.ok()) return server.error();
  std::unique_ptr<MockPool> pool(new MockPool());
  pool->server_ = std::move(server).value();
  const sigset_t blocked = all_but_faults();
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  pool->running_ = pthread_create(&pool->thread_, nullptr, run_server, pool->server_.get()) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!pool->running_) return Error{Status::local, "mock: cannot start a thread"};
  return pool;
}

MockPool::~MockPool() {
  if (!running_) return;
  server_->stop();
  pthread_join(thread_, nullptr);
}

const MockServer::Address* MockPool::find(std::string_view endpoint) const {
  for (const MockServer::Address& each : server_->addresses()) {
    if (endpoint.empty() || each.script.name == endpoint) return &each;
  }
  return nullptr;
}

std::string MockPool::url(std::string_view endpoint) const {
  const MockServer::Address* const found = find(endpoint);
  if (found == nullptr) return {};
  return (found->script.tls ? "https://" : "http://") + found->host + ":" +
         std::to_string(found->script.port) + "/v1";
}

int MockPool::port(std::string_view endpoint) const {
  const MockServer::Address* const found = find(endpoint);
  return found == nullptr ? 0 : found->script.port;
}

std::string MockPool::client_config() const {
  JsonWriter writer;
  writer.begin_object().member("version", 1).member("api_key", kKey);
  writer.key("endpoints").begin_array();
  for (const MockServer::Address& each : server_->addresses()) {
    writer.begin_object().member("name", each.script.name);
    writer.member("url", url(each.script.name)).member("share_key", true);
    if (each.script.tls) writer.member("ca_file", ca_file());
    writer.end_object();
  }
  return writer.end_array().end_object().take();
}

Result<bool> MockPool::set(std::string_view endpoint, std::string_view text) {
  const auto& addresses = server_->addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].script.name != endpoint && !endpoint.empty()) continue;
    Result<MockEndpointScript> script = read_mock_endpoint(text, addresses[i].script);
    if (!script.ok()) return script.error();
    return server_->replace(i, std::move(script).value());
  }
  return Error{Status::invalid_argument, "mock: there is no endpoint of the name that was given"};
}

}  // namespace holysheep
