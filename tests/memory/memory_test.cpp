// Each allocation fails once, one after the other: what the caller asked for succeeds or ends with
// NO_MEMORY, nothing crashes, hangs or leaks (asan), and afterwards everything works.

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "failing_allocator.h"
#include "tests/capi/fixture.h"
#include "tests/capi/monitor_reader.h"

using namespace capi_test;
using memory_test::FailingAllocation;
using memory_test::Whose;

namespace {

// A loop over all allocations ends here at the latest; a call makes some hundred.
constexpr long kAllocationsMax = 20'000;

std::size_t descriptors_open() {
  std::size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr)
    ++count;
  closedir(folder);
  return count;
}

// The mock has a process of its own, so that its allocations do not fail.
class MockProcess {
 public:
  explicit MockProcess(const std::string& script) {
    REQUIRE(pipe(config_) == 0);
    REQUIRE(pipe(life_) == 0);
    child_ = fork();
    if (child_ == 0) {
      close(life_[1]);
      serve(script);
    }
    close(config_[1]);
    close(life_[0]);
    char bytes[4096];
    for (ssize_t size = 0; (size = read(config_[0], bytes, sizeof bytes)) > 0;)
      text_.append(bytes, static_cast<std::size_t>(size));
    REQUIRE(!text_.empty());
  }
  ~MockProcess() {
    close(life_[1]);
    close(config_[0]);
    waitpid(child_, nullptr, 0);
  }
  MockProcess(const MockProcess&) = delete;
  MockProcess& operator=(const MockProcess&) = delete;

  std::string config(std::string_view more = {}) const {
    std::string config = text_;
    config.insert(config.size() - 1, R"(,"isolated":true)" + std::string(more));
    return config;
  }

 private:
  [[noreturn]] void serve(const std::string& script) {
    holysheep_mock* mock = nullptr;
    holysheep_text* text = nullptr;
    if (holysheep_mock_open(script.data(), script.size(), &mock, nullptr) != HOLYSHEEP_OK ||
        holysheep_mock_config(mock, &text) != HOLYSHEEP_OK) {
      _exit(1);
    }
    const auto size = static_cast<ssize_t>(holysheep_text_size(text));
    if (write(config_[1], holysheep_text_data(text), holysheep_text_size(text)) != size) _exit(1);
    close(config_[1]);
    char nothing = 0;
    while (read(life_[0], &nothing, 1) > 0) {
    }
    _exit(0);
  }

  int config_[2] = {-1, -1};
  int life_[2] = {-1, -1};
  pid_t child_ = -1;
  std::string text_;
};

// Runs `act` again and again, each time with a later allocation of this thread failing, until it
// needs no more than there were. The status of each run is success, or says that memory is missing.
void with_each_failing(const char* what, const std::function<holysheep_status()>& act) {
  INFO(what);
  for (long number = 1; number < kAllocationsMax; ++number) {
    holysheep_status status = HOLYSHEEP_OK;
    bool happened = false;
    {
      const FailingAllocation failing(Whose::callers, number);
      status = act();
      happened = failing.happened();
    }
    INFO("allocation " << number << " failed, status " << status);
    if (!happened) {
      REQUIRE(status == HOLYSHEEP_OK);
      return;
    }
    REQUIRE(
        (status == HOLYSHEEP_OK || status == HOLYSHEEP_E_NO_MEMORY || status == HOLYSHEEP_E_LOCAL));
  }
  FAIL("more allocations than a call can need");
}

const std::string kBody = chat();
const std::string kStream = chat("gpt-4.1", true);

template <typename Make>
holysheep_status make_and_free(Make make) {
  holysheep_text* text = nullptr;
  const holysheep_status status = make(&text);
  holysheep_text_free(text);
  return status;
}

// Drains until DONE; the call's status. No assertion: that would need memory itself.
holysheep_status wait_for(holysheep_client* client, holysheep_queue* queue,
                          holysheep_request_id id) {
  for (;;) {
    holysheep_batch* batch = nullptr;
    const holysheep_status drained = holysheep_queue_drain(queue, 0, kPatienceMs, &batch);
    if (drained == HOLYSHEEP_E_NO_MEMORY) continue;  // nothing was taken
    if (drained != HOLYSHEEP_OK) return drained;
    holysheep_status status = HOLYSHEEP_E_WAIT;
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch, i, &event);
      if (event.kind == HOLYSHEEP_EVENT_DATA) {
        holysheep_credit(client, event.request, event.data_size);
      }
      if (event.kind == HOLYSHEEP_EVENT_DONE && event.request == id) status = event.status;
    }
    holysheep_batch_free(batch);
    if (status != HOLYSHEEP_E_WAIT) return status;
  }
}

}  // namespace

TEST_CASE("memory: opening and closing a client") {
  const MockProcess mock(three("{}"));
  const std::string config = mock.config();
  const std::size_t descriptors = descriptors_open();
  with_each_failing("open", [&] {
    holysheep_client* client = nullptr;
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_client_open(config.data(), config.size(), &client, &error);
    holysheep_client_free(client);
    return status;
  });
  // Threads that end close theirs a little later.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (descriptors_open() > descriptors && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield();
  REQUIRE(descriptors_open() <= descriptors);
  Client client(config);
  REQUIRE(client.call().status == HOLYSHEEP_OK);
}

TEST_CASE("memory: everything that is asked of an open client") {
  const MockProcess mock(three(R"({"replies":[{"status":429}]})"));
  Client client(mock.config());
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  holysheep_client* const raw = client.get();
  using TextOf = holysheep_status (*)(holysheep_client*, holysheep_text**);
  for (const TextOf of :
       {&holysheep_client_status, &holysheep_client_metrics, &holysheep_client_config}) {
    with_each_failing("text", [&] {
      return make_and_free([&](holysheep_text** text) { return of(raw, text); });
    });
  }
  with_each_failing("set_key", [&] {
    return holysheep_client_set_key(raw, nullptr, 0, "mock-key", HOLYSHEEP_SIZE_NUL, nullptr);
  });
  with_each_failing("reset", [&] { return holysheep_client_reset(raw, "primary", 7, nullptr); });
  with_each_failing("queue", [&] {
    holysheep_queue* queue = nullptr;
    const auto status = holysheep_queue_new(&queue);
    holysheep_queue_free(queue);
    return status;
  });
  with_each_failing("queue_fd", [&] {
    holysheep_queue* queue = nullptr;
    auto status = holysheep_queue_new(&queue);
    int fd = -1;
    if (status == HOLYSHEEP_OK) status = holysheep_queue_fd(queue, &fd);
    holysheep_queue_free(queue);
    return status;
  });
  with_each_failing("log", [&] {
    const auto status = holysheep_client_log(raw, client.queue(), HOLYSHEEP_LOG_ERROR);
    holysheep_client_log(raw, nullptr, 0);
    return status;
  });
  REQUIRE(client.call().status == HOLYSHEEP_OK);
}

TEST_CASE("memory: submit, cancel, credit, drain and what stands beside an event") {
  const MockProcess mock(three("{}"));
  Client client(mock.config());
  holysheep_queue* queue = nullptr;
  REQUIRE(holysheep_queue_new(&queue) == HOLYSHEEP_OK);
  const std::string options =
      R"({"retry":{"max_attempts":3},"fallback_models":["a","b"],"allow":["primary"]})";
  for (const std::string* body : {&kBody, &kStream}) {
    holysheep_request request = Client::request(*body, options);
    request.headers = "X-One: 1\nX-Two: 2";
    with_each_failing("submit", [&] {
      holysheep_request_id id = 0;
      holysheep_error error = HOLYSHEEP_ERROR_INIT;
      const auto status = holysheep_submit(client.get(), queue, &request, &id, &error);
      if (status != HOLYSHEEP_OK) return id == 0 ? status : HOLYSHEEP_E_INTERNAL;
      return wait_for(client.get(), queue, id);
    });
  }
  with_each_failing("cancel", [&] {
    holysheep_request request = Client::request(kBody);
    holysheep_request_id id = 0;
    auto status = holysheep_submit(client.get(), queue, &request, &id, nullptr);
    if (status != HOLYSHEEP_OK) return status;
    const auto cancelled = holysheep_cancel(client.get(), id);
    status = wait_for(client.get(), queue, id);
    if (cancelled == HOLYSHEEP_E_NO_MEMORY || status != HOLYSHEEP_E_CANCELLED) return status;
    return HOLYSHEEP_OK;
  });
  with_each_failing("meta", [&] {
    holysheep_request request = Client::request(kBody);
    holysheep_batch* batch = nullptr;
    auto status = holysheep_call(client.get(), &request, &batch, nullptr);
    const char* meta = nullptr;
    std::size_t size = 0;
    if (status == HOLYSHEEP_OK) status = holysheep_batch_meta(batch, 0, &meta, &size);
    holysheep_batch_free(batch);
    return status;
  });
  with_each_failing("call", [&] {
    holysheep_request request = Client::request(kStream);
    holysheep_batch* batch = nullptr;
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_call(client.get(), &request, &batch, &error);
    holysheep_batch_free(batch);
    return status == HOLYSHEEP_OK || error.status == status ? status : HOLYSHEEP_E_INTERNAL;
  });
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  holysheep_queue_free(queue);
}

TEST_CASE("memory: close and drain end every call, whatever is missing") {
  const MockProcess mock(three(R"({"default":{"stall":"before_headers"}})"));
  const std::string config = mock.config();
  for (const bool drain : {false, true}) {
    with_each_failing(drain ? "drain" : "close", [&] {
      holysheep_client* client = nullptr;
      holysheep_queue* queue = nullptr;
      holysheep_request_id id = 0;
      const holysheep_request request = Client::request(kBody);
      auto status = holysheep_client_open(config.data(), config.size(), &client, nullptr);
      if (status == HOLYSHEEP_OK) status = holysheep_queue_new(&queue);
      if (status == HOLYSHEEP_OK) {
        status = holysheep_submit(client, queue, &request, &id, nullptr);
      }
      if (status == HOLYSHEEP_OK) {
        if (drain) holysheep_client_drain(client, 0);
        holysheep_client_close(client);
        const auto ended = wait_for(client, queue, id);
        // CLOSED: drained before its attempt began.
        if (ended != HOLYSHEEP_E_CANCELLED && ended != HOLYSHEEP_E_CLOSED)
          status = HOLYSHEEP_E_INTERNAL;
        if (holysheep_client_join(client, kPatienceMs) != HOLYSHEEP_OK) {
          status = HOLYSHEEP_E_INTERNAL;
        }
      }
      holysheep_client_free(client);
      holysheep_queue_free(queue);
      return status;
    });
  }
}

TEST_CASE("memory: configuration and the mock") {
  const std::string config =
      R"({"version":1,"api_key":"k-12345","base_url":"http://127.0.0.1:9/v1","prices":{"m":{"input":"1","output":"2"}}})";
  with_each_failing("config_check", [&] {
    return make_and_free([&](holysheep_text** text) {
      return holysheep_config_check(config.data(), config.size(), text, nullptr);
    });
  });
  with_each_failing("config_describe", [&] {
    return make_and_free(
        [&](holysheep_text** text) { return holysheep_config_describe("schema", text); });
  });
  const std::string script = three(R"({"replies":[{"status":429}],"limits":{"rpm":3}})");
  with_each_failing("mock", [&] {
    holysheep_mock* mock = nullptr;
    auto status = holysheep_mock_open(script.data(), script.size(), &mock, nullptr);
    for (const auto make : {&holysheep_mock_config, &holysheep_mock_requests}) {
      if (status != HOLYSHEEP_OK) break;
      status = make_and_free([&](holysheep_text** text) { return make(mock, text); });
    }
    if (status == HOLYSHEEP_OK) {
      status =
          holysheep_mock_set(mock, "primary", 7, R"({"key":"x"})", HOLYSHEEP_SIZE_NUL, nullptr);
    }
    holysheep_mock_free(mock);
    return status;
  });
}

// The engine's thread meets the failure: a call may end with NO_MEMORY or as a local fault, or not
// notice; the engine lives on.
namespace {

constexpr int kCalls = 2;

void nothing_is_left(const Client& client) {
  const Json status = client.status();
  REQUIRE(status.number("/calls/in_flight") == 0);
  REQUIRE(status.number("/calls/waiting") == 0);
  for (std::size_t i = 0; i < status.size("/endpoints"); ++i) {
    REQUIRE(status.number("/endpoints/" + std::to_string(i) + "/in_flight") == 0);
  }
}

void all_end(Client& client, const std::vector<holysheep_request_id>& ids) {
  for (const holysheep_request_id id : ids) {
    const holysheep_status status = client.wait(id).status;
    INFO("status " << status << " " << holysheep_status_name(status));
    const bool ended_well = status == HOLYSHEEP_OK || status == HOLYSHEEP_E_NO_MEMORY ||
                            status == HOLYSHEEP_E_LOCAL || status == HOLYSHEEP_E_STREAM_INTERRUPTED;
    REQUIRE(ended_well);
  }
}

void works(Client& client) {
  const Outcome after = client.call();
  INFO(after.meta);
  REQUIRE(after.status == HOLYSHEEP_OK);
  nothing_is_left(client);
}

std::vector<holysheep_request_id> submit_some(Client& client, const std::string& body) {
  std::vector<holysheep_request_id> ids;
  for (int i = 0; i < kCalls; ++i)
    ids.push_back(client.submit(Client::request(body)));
  return ids;
}

// One allocation fails, once.
void each_allocation_fails(const std::string& script, const std::string& body) {
  const MockProcess mock(script);
  const std::string config = mock.config();
  for (long number = 1; number < kAllocationsMax; ++number) {
    INFO("allocation " << number << " of the engine failed");
    Client client(config);
    bool happened = false;
    {
      const FailingAllocation failing(Whose::others, number);
      all_end(client, submit_some(client, body));
      happened = failing.happened();
    }
    works(client);
    if (!happened) return;
  }
  FAIL("more allocations than calls can need");
}

// From one allocation on all fail, until memory is back.
void all_allocations_fail_for_a_while(const std::string& script, const std::string& body) {
  const MockProcess mock(script);
  const std::string config = mock.config();
  for (long number = 1; number < kAllocationsMax; number += 5) {
    INFO("from allocation " << number << " of the engine on all failed");
    Client client(config);
    std::vector<holysheep_request_id> ids;
    bool happened = false;
    {
      const FailingAllocation failing(Whose::others, number, true);
      ids = submit_some(client, body);
      const auto all_done = [&] {
        int done = 0;
        for (const holysheep_request_id id : ids)
          done += client.of(id).dones;
        return done == kCalls;
      };
      while (!failing.happened() && !all_done())
        client.drain(1);
      client.drain(5);  // some turns without memory
      happened = failing.happened();
    }
    all_end(client, ids);
    works(client);
    if (!happened) return;
  }
  FAIL("more allocations than calls can need");
}

const std::string kLimitedAndBroken =
    three(R"({"default":{"status":429}})", R"({"default":{"status":500}})");
const std::string kStreams = three(R"({"default":{"tokens":40}})");

}  // namespace

TEST_CASE("memory: the engine makes calls") {
  each_allocation_fails(three("{}"), kBody);
}

TEST_CASE("memory: the engine fails over") {
  each_allocation_fails(kLimitedAndBroken, kBody);
}

TEST_CASE("memory: the engine delivers streams") {
  each_allocation_fails(kStreams, kStream);
}

TEST_CASE("memory: the engine without any, for a while") {
  all_allocations_fail_for_a_while(kLimitedAndBroken, kBody);
  all_allocations_fail_for_a_while(kStreams, kStream);
}

TEST_CASE("memory: a client that is closed while its engine has none ends all its calls") {
  const MockProcess mock(three(R"({"default":{"stall":"before_headers"}})"));
  const std::string config = mock.config();
  for (long number = 1; number < kAllocationsMax; ++number) {
    INFO("allocation " << number << " of the engine failed");
    Client client(config);
    const FailingAllocation failing(Whose::others, number);
    const std::vector<holysheep_request_id> ids = submit_some(client, kBody);
    holysheep_client_close(client.get());
    for (const holysheep_request_id id : ids) {
      const holysheep_status status = client.wait(id).status;
      REQUIRE((status == HOLYSHEEP_E_CANCELLED || status == HOLYSHEEP_E_NO_MEMORY));
    }
    REQUIRE(holysheep_client_join(client.get(), kPatienceMs) == HOLYSHEEP_OK);
    if (!failing.happened()) return;
  }
  FAIL("more allocations than calls can need");
}

TEST_CASE("memory: the monitor endpoint goes on without the answer that found none") {
  const MockProcess mock(three("{}"));
  Client client(mock.config(R"(,"monitor":{"listen":":0"})"));
  REQUIRE(client.call().status == HOLYSHEEP_OK);
  const int port = port_of(client);
  for (const char* path : {"/metrics", "/status", "/health", "/"}) {
    for (long number = 1; number < 60; ++number) {
      INFO(path << ", allocation " << number);
      const FailingAllocation failing(Whose::others, number);
      get(port, path);
    }
    REQUIRE(get(port, path).rfind("HTTP/1.1 200", 0) == 0);
  }
  REQUIRE(client.call().status == HOLYSHEEP_OK);
}
