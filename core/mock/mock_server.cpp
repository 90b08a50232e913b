#include "core/mock/mock_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace holysheep {
namespace {

// As many as the kernel allows; it cuts the number to net.core.somaxconn.
constexpr int kBacklog = 65535;
// Events taken at once: enough to make the system call cheap, few enough for the stack.
constexpr int kEventsMax = 256;
// How soon to accept again after descriptors have run out.
constexpr int kAcceptAgainMs = 20;
// epoll_wait takes an int of milliseconds; nobody minds waking once an hour.
constexpr Nanos kWaitMax = kHour;

// What an epoll event belongs to: connections are (generation, slot + 1).
constexpr std::uint64_t kWakeTag = 0;
constexpr std::uint64_t kListenerTag = std::uint64_t{1} << 63;

}  // namespace

Result<std::unique_ptr<MockServer>> MockServer::open(MockScript script) {
  std::unique_ptr<MockServer> server(new MockServer());
  Result<bool> prepared = server->prepare(std::move(script));
  if (!prepared.ok()) return prepared.error();
  return server;
}

MockServer::~MockServer() {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].connection) end(slot);
  }
  for (const Listener& listener : listeners_) {
    if (listener.listening) shutdown(listener.socket.get(), SHUT_RDWR);
  }
  // Before its eventfd is closed.
  sleeper_.reset();
}

Result<bool> MockServer::prepare(MockScript script) {
  now_ = mock_clock_now();
  opened_ = now_.mono;
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (epoll_.get() < 0 || wake_.get() < 0) return mock_local_error("cannot make a descriptor");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    return mock_local_error("cannot watch a descriptor");
  }
  const auto uses_tls = [](const MockEndpointScript& each) { return each.tls; };
  if (std::any_of(script.endpoints.begin(), script.endpoints.end(), uses_tls)) {
    Result<std::unique_ptr<MockTls>> tls = MockTls::make();
    if (!tls.ok()) return tls.error();
    tls_ = std::move(tls).value();
    ca_file_ = tls_->ca_file();
  }
  std::vector<std::string> names;
  listeners_.resize(script.endpoints.size());
  for (std::size_t i = 0; i < script.endpoints.size(); ++i) {
    MockEndpointScript& endpoint = script.endpoints[i];
    Result<bool> bound = bind(i, endpoint);
    if (!bound.ok()) return bound;
    names.push_back(endpoint.name);
    const bool six = endpoint.host.find(':') != std::string::npos;
    addresses_.push_back({endpoint, six ? "[" + endpoint.host + "]" : endpoint.host});
    listeners_[i].endpoint =
        std::make_unique<MockEndpoint>(std::move(endpoint), script.seed + i, quotas_);
  }
  const auto kept = script.record ? static_cast<std::size_t>(script.record_max) : 0;
  recorder_ = std::make_unique<MockRecorder>(std::move(names), kept);
  record_body_bytes_max_ = static_cast<std::size_t>(script.record_body_bytes_max);
  sleeper_ = std::make_unique<MockClockSleeper>(wake_.get());
  return true;
}

// Binds endpoint `index`, and writes the port that it got into the script.
Result<bool> MockServer::bind(std::size_t index, MockEndpointScript& script) {
  Listener& listener = listeners_[index];
  // Also for a child of fork(), which would go on listening with its copy.
  if (listener.listening) shutdown(listener.socket.get(), SHUT_RDWR);
  // Before the new one is bound, which may want the same port.
  listener.socket.reset(-1);
  listener.listening = false;
  Result<MockDescriptor> bound = bind_mock_socket(script.host, &script.port);
  if (!bound.ok()) {
    return Error{bound.error().status, "endpoint " + script.name + ": " + bound.error().message};
  }
  listener.socket = std::move(bound).value();
  return listen(index, script.refuse);
}

// A socket that is bound but does not listen keeps its port and refuses connections.
Result<bool> MockServer::listen(std::size_t index, bool refuse) {
  Listener& listener = listeners_[index];
  if (refuse || listener.listening) return true;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kListenerTag | index;
  if (::listen(listener.socket.get(), kBacklog) != 0 ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener.socket.get(), &event) != 0) {
    return mock_local_error("cannot listen");
  }
  listener.listening = true;
  return true;
}

void MockServer::wake() const {
  eventfd_write(wake_.get(), 1);
}

void MockServer::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

Result<bool> MockServer::replace(std::size_t endpoint, MockEndpointScript script) {
  Command command{endpoint, std::move(script)};
  std::unique_lock<std::mutex> lock(mutex_);
  commands_.push_back(&command);
  wake();
  obeyed_.wait(lock, [&command] { return command.done; });
  return command.result;
}

void MockServer::run() {
  epoll_event events[kEventsMax];
  while (!stopping_.load(std::memory_order_acquire)) {
    const int count = epoll_wait(epoll_.get(), events, kEventsMax, wait_ms());
    now_ = mock_clock_now();
    if (accept_again_) {
      accept_again_ = false;
      for (std::size_t i = 0; i < listeners_.size(); ++i)
        accept_all(i);
    }
    for (int i = 0; i < count; ++i) {
      const std::uint64_t tag = events[i].data.u64;
      if (tag == kWakeTag) {
        eventfd_t ignored = 0;
        eventfd_read(wake_.get(), &ignored);
        obey();
      } else if ((tag & kListenerTag) != 0) {
        accept_all(static_cast<std::size_t>(tag & ~kListenerTag));
      } else {
        const auto slot = static_cast<std::uint32_t>(tag & 0xffffffffU) - 1;
        if (slots_[slot].connection && slots_[slot].generation == tag >> 32) {
          turn(slot, events[i].events);
        }
      }
    }
    fire_timers();
  }
}

int MockServer::wait_ms() const {
  Nanos wait = kWaitMax;
  if (!timers_.empty()) {
    wait = std::clamp<Nanos>(timers_.top().when - mock_clock_now().mono, 0, kWaitMax);
  }
  const auto ms = static_cast<int>(to_ms_ceil(wait));
  return accept_again_ ? std::min(ms, kAcceptAgainMs) : ms;
}

void MockServer::accept_all(std::size_t index) {
  for (;;) {
    // The kernel would answer EINVAL for a socket that does not listen.
    if (!listeners_[index].listening) return;
    MockDescriptor accepted(
        accept4(listeners_[index].socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.get() < 0) {
      const int error = errno;
      if (error == ECONNABORTED || error == EINTR) continue;
      if (error == EAGAIN || error == EWOULDBLOCK) return;
      if ((error == EMFILE || error == ENFILE) && close_idle()) continue;
      accept_again_ = true;
      return;
    }
    try {
      adopt(accepted, index);
    } catch (const std::bad_alloc&) {
      // Closed unanswered, as by a host without memory; the next one may fare better.
      accept_again_ = true;
    }
  }
}

// A client in the same process shares the limit of descriptors: each side would keep its idle
// connections while requests wait to be accepted, for ever. False: none is idle.
bool MockServer::close_idle() {
  const auto count = static_cast<std::uint32_t>(slots_.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    last_idle_ = (last_idle_ + 1) % count;
    const MockConnection* const connection = slots_[last_idle_].connection.get();
    if (connection == nullptr || !connection->idle()) continue;
    end(last_idle_);
    return true;
  }
  return false;
}

void MockServer::adopt(MockDescriptor& accepted, std::size_t index) {
  const int descriptor = accepted.get();
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (free_slots_.empty()) {
    // Room for all of them, so that end() never needs memory.
    free_slots_.reserve(slots_.size() + 1);
    slots_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t slot = free_slots_.back();
  auto connection = std::make_unique<MockConnection>(index, ++connections_);
  SSL_CTX* const context = addresses_[index].script.tls ? tls_->context() : nullptr;
  if (!connection->open(accepted.release(), context)) return;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = std::uint64_t{slots_[slot].generation} << 32 | (slot + 1);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) return;
  free_slots_.pop_back();
  slots_[slot].connection = std::move(connection);
}

void MockServer::turn(std::uint32_t slot, std::uint32_t events) {
  MockConnection& connection = *slots_[slot].connection;
  const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  bool goes_on = false;
  try {
    goes_on = ended ? connection.hang_up(*this, now_.mono) : connection.turn(*this, now_.mono);
    if (goes_on) schedule(slot);
  } catch (const std::bad_alloc&) {
    // The host program's memory has run out: one connection is cut, the process goes on.
    goes_on = false;
  }
  if (!goes_on) end(slot);
}

void MockServer::schedule(std::uint32_t slot) {
  Slot& entry = slots_[slot];
  const Nanos due = entry.connection->due();
  if (due == entry.timer) return;
  entry.timer = due;
  if (due != kNever) timers_.push({due, slot, entry.generation});
}

void MockServer::end(std::uint32_t slot) {
  Slot& entry = slots_[slot];
  entry.connection->abandon(*this);
  entry.connection.reset();
  // 31 bits, so that a tag never looks like a listener's.
  entry.generation = (entry.generation + 1) & 0x7fffffffU;
  entry.timer = kNever;
  free_slots_.push_back(slot);
}

void MockServer::fire_timers() {
  while (!timers_.empty() && timers_.top().when <= now_.mono) {
    const Timer timer = timers_.top();
    timers_.pop();
    Slot& entry = slots_[timer.slot];
    if (entry.generation != timer.generation || entry.timer != timer.when) continue;
    entry.timer = kNever;
    turn(timer.slot, 0);
  }
}

void MockServer::obey() {
  std::vector<Command*> commands;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    commands.swap(commands_);
  }
  for (Command* const command : commands) {
    try {
      obey(*command);
    } catch (const std::bad_alloc&) {
      command->result = Error{Status::no_memory, "out of memory"};
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    command->done = true;
    obeyed_.notify_all();
  }
}

void MockServer::obey(Command& command) {
  Listener& listener = listeners_[command.endpoint];
  const bool refuse = command.script.refuse;
  command.result = true;
  if (listener.socket.get() < 0 || (refuse && listener.listening)) {
    command.result = bind(command.endpoint, command.script);
  } else {
    command.result = listen(command.endpoint, refuse);
  }
  listener.endpoint->replace(std::move(command.script));
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    MockConnection* const connection = slots_[slot].connection.get();
    if (connection == nullptr || connection->endpoint() != command.endpoint) continue;
    if (refuse) {
      connection->reset_on_close();
      end(slot);
    } else {
      // One that was not read while the endpoint was half-open gets no new event for old bytes.
      turn(slot, 0);
    }
  }
}

bool MockServer::deaf(std::size_t endpoint) {
  return listeners_[endpoint].endpoint->script().half_open;
}

MockResponse MockServer::answer(MockConnection& connection, MockRequest request) {
  const std::size_t index = connection.endpoint();
  const MockQuestion question = read_mock_question(request.method, request.path, request.body);
  // Read after the request: the clock may have been moved since this turn began, and whoever moved
  // it and then asked must be answered by the new time.
  now_ = mock_clock_now();
  const Now since_opened{now_.mono - opened_, now_.unix};
  MockResponse response = listeners_[index].endpoint->answer(request, question, since_opened,
                                                             ++requests_, &connection.quota);
  if (!recorder_->keeps_records()) {
    recorder_->count_only(index);
    return response;
  }
  MockRecord record;
  record.endpoint = index;
  record.connection = connection.number();
  record.time = since_opened.mono;
  record.key = request.credential();
  record.model = question.model;
  record.method = std::move(request.method);
  record.path = std::move(request.path);
  record.headers = std::move(request.headers);
  record.body = std::move(request.body);
  if (record.body.size() > record_body_bytes_max_) {
    record.body.resize(record_body_bytes_max_);
    record.body.shrink_to_fit();
  }
  connection.record = recorder_->add(std::move(record));
  return response;
}

void MockServer::answering(const MockConnection& connection, int status) {
  if (connection.record != 0) recorder_->answered(connection.record, status);
}

void MockServer::answered(MockConnection& connection) {
  if (connection.quota != nullptr) connection.quota->release();
  connection.quota = nullptr;
  connection.record = 0;
}

Nanos MockServer::draw(std::size_t endpoint, const MockDelay& delay) {
  return listeners_[endpoint].endpoint->draw(delay);
}

}  // namespace holysheep
