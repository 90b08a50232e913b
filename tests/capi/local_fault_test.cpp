// Faults of this process and this machine: no descriptor left, no network at all. They say nothing
// of an endpoint: its state stays as it was, the call waits and tries again inside its time, then
// ends with an error that names what is missing.

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fixture.h"

using namespace capi_test;

namespace {

// Whether a link below /proc/self/fd leads to something that only engines and mocks have open.
bool some_engine_is_left() {
  bool found = false;
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    char target[64] = "";
    const std::string path = std::string("/proc/self/fd/") + entry->d_name;
    if (readlink(path.c_str(), target, sizeof target - 1) < 0) continue;
    found = found || std::strstr(target, "eventpoll") != nullptr;
  }
  closedir(folder);
  return found;
}

// Threads of earlier tests close their descriptors when they end, which nobody waits for; this test
// must not find them.
void wait_for_earlier_engines() {
  while (some_engine_is_left())
    std::this_thread::yield();
}

// While it lives this process has `spare` descriptors left, and no more.
class DescriptorsUsedUp {
 public:
  explicit DescriptorsUsedUp(std::size_t spare = 0) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lowered = before_;
    lowered.rlim_cur = std::min<rlim_t>(before_.rlim_cur, kLimit);
    setrlimit(RLIMIT_NOFILE, &lowered);
    for (;;) {
      const int taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (taken < 0) break;
      taken_.push_back(taken);
    }
    give_back(spare);
  }
  ~DescriptorsUsedUp() {
    give_back(taken_.size());
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  DescriptorsUsedUp(const DescriptorsUsedUp&) = delete;
  DescriptorsUsedUp& operator=(const DescriptorsUsedUp&) = delete;

  static constexpr rlim_t kLimit = 256;

 private:
  void give_back(std::size_t count) {
    for (; count > 0 && !taken_.empty(); --count) {
      close(taken_.back());
      taken_.pop_back();
    }
  }

  rlimit before_{};
  std::vector<int> taken_;
};

// What no local fault may change.
void endpoints_are_untouched(const Client& client) {
  const Json status = client.status();
  INFO(status.source());
  for (std::size_t i = 0; i < status.size("/endpoints"); ++i) {
    const std::string endpoint = "/endpoints/" + std::to_string(i);
    REQUIRE(status.text(endpoint + "/status") == "healthy");
    REQUIRE(status.number(endpoint + "/in_flight") == 0);
    REQUIRE(status.number(endpoint + "/failed") == 0);
    REQUIRE(status.number(endpoint + "/rate_limited") == 0);
  }
}

void await_local_attempt(Client& client) {
  while (client.status().number("/calls/waiting") == 0)
    client.drain(1);
}

bool says(const Outcome& outcome, const char* text) {
  INFO(outcome.message);
  return outcome.message.find(text) != std::string::npos;
}

// Runs a test on a thread with a network of its own, which has a loopback device and nothing else;
// what the thread starts (a mock, an engine) has that network too.
void in_own_network(const std::function<void()>& test) {
  bool possible = false;
  std::exception_ptr failure;
  std::thread thread([&] {
    possible = unshare(CLONE_NEWNET) == 0;
    if (!possible) return;
    try {
      test();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (!possible) SKIP("this user may not make a network namespace");
  if (failure) std::rethrow_exception(failure);
}

void set_loopback(bool there) {
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  request.ifr_flags = IFF_UP;
  REQUIRE(ioctl(any, SIOCSIFFLAGS, &request) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(there ? INADDR_LOOPBACK : INADDR_ANY);  // the latter removes it
  std::memcpy(&request.ifr_addr, &address, sizeof address);
  REQUIRE(ioctl(any, SIOCSIFADDR, &request) == 0);
  close(any);
}

}  // namespace

TEST_CASE("local fault: without a descriptor a call waits, and succeeds when there is one") {
  wait_for_earlier_engines();
  Mock mock(three("{}"));
  Client client(mock.config());
  holysheep_request_id id = 0;
  const std::string body = chat();
  {
    const DescriptorsUsedUp none;
    id = client.submit(Client::request(body));
    await_local_attempt(client);
    endpoints_are_untouched(client);
    REQUIRE(client.of(id).dones == 0);
  }
  const Outcome outcome = client.wait(id);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.endpoint() == "primary");
  REQUIRE(Json(outcome.meta).text("/trace/0/verdict") == "local");
  REQUIRE(Json(outcome.meta).text("/trace/0/transport") == "local_descriptors");
  REQUIRE(mock.count() == 1);
  endpoints_are_untouched(client);
}

TEST_CASE("local fault: without a descriptor until its time is up, a call's error says so") {
  wait_for_earlier_engines();
  Mock mock(three("{}"));
  Client client(mock.config());
  const std::string body = chat();
  holysheep_request request = Client::request(body);
  request.timeout_ms = 400;
  const DescriptorsUsedUp none;
  const Outcome outcome = client.call(request);
  INFO(outcome.meta);
  REQUIRE(outcome.status == HOLYSHEEP_E_LOCAL);
  REQUIRE(says(outcome, "no file descriptors left (RLIMIT_NOFILE)"));
  REQUIRE(outcome.attempts >= 2);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_MAYBE_BILLED) == 0);
  REQUIRE((outcome.flags & HOLYSHEEP_FLAG_RETRYABLE) != 0);
  REQUIRE(mock.count() == 0);
  endpoints_are_untouched(client);
}

TEST_CASE("local fault: a connection that is open needs no descriptor") {
  wait_for_earlier_engines();
  Mock mock(three("{}"));
  Client client(mock.config());
  REQUIRE(client.call().attempts == 1);
  const DescriptorsUsedUp none;
  const Outcome outcome = client.call();
  REQUIRE(outcome.status == HOLYSHEEP_OK);
  REQUIRE(outcome.attempts == 1);
}

TEST_CASE("local fault: client and mock of one process share its descriptors to the last call") {
  wait_for_earlier_engines();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit lowered = before;
  lowered.rlim_cur = 128;  // the client takes half of them for connections, the mock needs as many
  REQUIRE(setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  {
    Mock mock(R"({"version":1,"record":false,"endpoints":[{"name":"a"}]})");
    Client client(mock.config(R"(,"isolated":true)"));
    const std::string body = chat();
    const holysheep_request request = Client::request(body);
    std::vector<holysheep_request_id> calls;
    for (int i = 0; i < 1000; ++i)
      calls.push_back(client.submit(request));
    for (const holysheep_request_id call : calls) {
      const Outcome outcome = client.wait(call);
      INFO(outcome.meta);
      REQUIRE(outcome.status == HOLYSHEEP_OK);
    }
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_CASE("local fault: with a few descriptors left a TLS call succeeds, or blames no endpoint") {
  Mock mock(R"({"version":1,"endpoints":[{"name":"primary","tls":true}]})");
  for (std::size_t spare = 0; spare < 8; ++spare) {
    INFO(spare << " descriptors left");
    Client client(mock.config(R"(,"isolated":true)"));
    const std::string body = chat();
    holysheep_request request = Client::request(body);
    // With one or two the client's socket leaves none for the mock, which is silent then.
    request.options = R"({"time_limits":{"connect_ms":0}})";
    request.options_size = std::strlen(request.options);
    request.timeout_ms = 300;
    Outcome outcome;
    {
      const DescriptorsUsedUp few(spare);
      outcome = client.call(request);
    }
    INFO(outcome.meta);
    REQUIRE((outcome.status == HOLYSHEEP_OK || outcome.status == HOLYSHEEP_E_LOCAL ||
             outcome.status == HOLYSHEEP_E_TIMEOUT));
    endpoints_are_untouched(client);
  }
}

TEST_CASE("local fault: without descriptors nothing is opened, and the error says why") {
  const std::string config =
      R"({"version":1,"isolated":true,"api_key":"k-12345","base_url":"http://127.0.0.1:9/v1"})";
  for (std::size_t spare = 0; spare < 2; ++spare) {
    INFO(spare << " descriptors left");
    wait_for_earlier_engines();
    holysheep_client* client = nullptr;
    holysheep_mock* mock = nullptr;
    holysheep_queue* queue = nullptr;
    holysheep_error client_error = HOLYSHEEP_ERROR_INIT;
    holysheep_error mock_error = HOLYSHEEP_ERROR_INIT;
    holysheep_status client_status = HOLYSHEEP_OK;
    holysheep_status mock_status = HOLYSHEEP_OK;
    holysheep_status fd_status = HOLYSHEEP_OK;
    int fd = -1;
    REQUIRE(holysheep_queue_new(&queue) == HOLYSHEEP_OK);
    {
      const DescriptorsUsedUp few(spare);
      client_status = holysheep_client_open(config.data(), config.size(), &client, &client_error);
      mock_status = holysheep_mock_open("", 0, &mock, &mock_error);
      if (spare == 0) fd_status = holysheep_queue_fd(queue, &fd);
    }
    REQUIRE(client_status == HOLYSHEEP_E_LOCAL);
    REQUIRE(client == nullptr);
    REQUIRE(std::strstr(client_error.message, "descriptor") != nullptr);
    REQUIRE(mock_status == HOLYSHEEP_E_LOCAL);
    REQUIRE(mock == nullptr);
    REQUIRE(std::strstr(mock_error.message, "escriptor") != nullptr);
    if (spare == 0) REQUIRE(fd_status == HOLYSHEEP_E_LOCAL);
    REQUIRE(holysheep_queue_fd(queue, &fd) == HOLYSHEEP_OK);
    holysheep_queue_free(queue);
  }
}

TEST_CASE("local fault: without a network a call waits, and succeeds when there is one") {
  in_own_network([] {
    set_loopback(true);
    Mock mock(three("{}"));
    Client client(mock.config(R"(,"isolated":true)"));
    set_loopback(false);
    const std::string body = chat();
    const auto id = client.submit(Client::request(body));
    await_local_attempt(client);
    endpoints_are_untouched(client);
    set_loopback(true);
    const Outcome outcome = client.wait(id);
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_OK);
    REQUIRE(outcome.endpoint() == "primary");
    REQUIRE(Json(outcome.meta).text("/trace/0/transport") == "local_network");
    endpoints_are_untouched(client);
  });
}

TEST_CASE("local fault: without a network until its time is up, a call's error says so") {
  // An address, and a name that nobody can be asked for.
  const char* url = GENERATE("https://198.51.100.7/v1", "https://api.example/v1");
  in_own_network([url] {
    Client client(std::string(R"({"version":1,"isolated":true,"api_key":"k-12345","base_url":")") +
                  url + R"("})");
    const std::string body = chat();
    holysheep_request request = Client::request(body);
    request.timeout_ms = 500;
    const Outcome outcome = client.call(request);
    INFO(outcome.meta);
    REQUIRE(outcome.status == HOLYSHEEP_E_LOCAL);
    REQUIRE(says(outcome, "this machine has no network"));
    endpoints_are_untouched(client);
  });
}
