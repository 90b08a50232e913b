#include "core/queue.h"

#include <malloc.h>
#include <poll.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using namespace holysheep;

namespace {

void push(Queue& queue, int first, int count) {
  std::vector<Completion> some;
  for (int i = 0; i < count; ++i) {
    some.emplace_back();
    some.back().call = static_cast<CallId>(first + i);
  }
  queue.push(some);
  REQUIRE(some.empty());
}

bool readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, 0) == 1;
}

}  // namespace

TEST_CASE("queue: drains in order, in pieces, and says when there is nothing") {
  Queue queue;
  std::vector<Completion> out;
  REQUIRE(queue.drain(0, 0, out) == Status::wait);
  push(queue, 1, 3);
  push(queue, 4, 2);
  REQUIRE(queue.drain(2, 0, out) == Status::ok);
  REQUIRE(out.size() == 2);
  REQUIRE(out[1].call == 2);
  push(queue, 6, 1);
  out.clear();
  REQUIRE(queue.drain(0, 0, out) == Status::ok);
  REQUIRE(out.size() == 4);
  REQUIRE(out.front().call == 3);
  REQUIRE(out.back().call == 6);
  REQUIRE(queue.drain(0, 1, out) == Status::wait);
}

TEST_CASE("queue: the descriptor is readable exactly while the queue is not empty") {
  Queue queue;
  push(queue, 1, 2);
  int fd = -1;
  REQUIRE(queue.descriptor(&fd) == Status::ok);
  REQUIRE(readable(fd));
  std::vector<Completion> out;
  queue.drain(1, 0, out);
  REQUIRE(readable(fd));
  queue.drain(0, 0, out);
  REQUIRE_FALSE(readable(fd));
  push(queue, 3, 1);
  REQUIRE(readable(fd));
  int again = -1;
  REQUIRE(queue.descriptor(&again) == Status::ok);
  REQUIRE(again == fd);
}

TEST_CASE("queue: notify runs when it stops being empty, and not beside a descriptor") {
  Queue queue;
  int calls = 0;
  const auto count = [](void* context) { ++*static_cast<int*>(context); };
  REQUIRE(queue.set_notify(count, &calls) == Status::ok);
  push(queue, 1, 1);
  push(queue, 2, 1);
  REQUIRE(calls == 1);
  int fd = -1;
  REQUIRE(queue.descriptor(&fd) == Status::invalid_argument);
  REQUIRE(queue.set_notify(nullptr, nullptr) == Status::ok);
  REQUIRE(queue.descriptor(&fd) == Status::ok);
  REQUIRE(queue.set_notify(count, &calls) == Status::invalid_argument);
}

TEST_CASE("queue: a notify that is set late learns of what had come before") {
  Queue queue;
  push(queue, 1, 1);
  int calls = 0;
  queue.set_notify([](void* context) { ++*static_cast<int*>(context); }, &calls);
  REQUIRE(calls == 1);
}

TEST_CASE("queue: a waiting drain is woken by a push and by interrupt") {
  Queue queue;
  std::atomic<int> closed{0};
  std::thread waiting([&] {
    std::vector<Completion> out;
    REQUIRE(queue.drain(0, -1, out) == Status::ok);
    Status status = queue.drain(0, -1, out);
    if (status == Status::closed) closed = 1;
  });
  push(queue, 1, 1);
  while (closed == 0)
    queue.interrupt();
  waiting.join();
  REQUIRE(closed == 1);
}

TEST_CASE("queue: log records give way to newer ones, completions never do") {
  Queue queue;
  push(queue, 7, 1);
  for (int i = 0; i < 10; ++i) {
    std::vector<Completion> record(1);
    record[0].kind = Completion::Kind::log;
    record[0].log_level = i;
    queue.push(record, 4);
  }
  std::vector<Completion> out;
  REQUIRE(queue.drain(0, 0, out) == Status::ok);
  REQUIRE(out.size() == 5);
  REQUIRE(out[0].call == 7);
  REQUIRE(out[1].log_level == 6);
  REQUIRE(out[4].log_level == 9);
}

TEST_CASE("queue: what is pushed to an abandoned queue is dropped") {
  Queue queue;
  push(queue, 1, 1);
  queue.abandon();
  push(queue, 2, 1);
  std::vector<Completion> out;
  REQUIRE(queue.drain(0, 0, out) == Status::wait);
}

TEST_CASE("queue: a notify function is removed only when nobody is inside it any more") {
  // Two engines share the queue; the second enters while the first is still inside.
  struct Inside {
    std::mutex mutex;
    std::condition_variable changed;
    int entered = 0;
    int left = 0;
    bool first_may_leave = false;
    bool second_may_leave = false;
  } inside;
  Queue queue;
  const auto notify = [](void* context) {
    auto& state = *static_cast<Inside*>(context);
    std::unique_lock<std::mutex> lock(state.mutex);
    const bool first = state.entered++ == 0;
    state.changed.notify_all();
    state.changed.wait(lock,
                       [&] { return first ? state.first_may_leave : state.second_may_leave; });
    ++state.left;
    state.changed.notify_all();
  };
  REQUIRE(queue.set_notify(notify, &inside) == Status::ok);
  const auto wait_for = [&](auto condition) {
    std::unique_lock<std::mutex> lock(inside.mutex);
    inside.changed.wait(lock, condition);
  };
  std::thread first([&] { push(queue, 1, 1); });
  wait_for([&] { return inside.entered == 1; });
  std::vector<Completion> out;
  queue.drain(0, 0, out);
  std::thread second([&] { push(queue, 2, 1); });
  wait_for([&] { return inside.entered == 2; });
  {
    const std::lock_guard<std::mutex> lock(inside.mutex);
    inside.first_may_leave = true;
  }
  inside.changed.notify_all();
  first.join();
  int left_at_return = 0;
  std::thread remover([&] {
    queue.set_notify(nullptr, nullptr);
    const std::lock_guard<std::mutex> lock(inside.mutex);
    left_at_return = inside.left;
  });
  // Whether the remover has come to wait or not: it may not pass before the second has left.
  {
    const std::lock_guard<std::mutex> lock(inside.mutex);
    inside.second_may_leave = true;
  }
  inside.changed.notify_all();
  remover.join();
  second.join();
  REQUIRE(left_at_return == 2);
}

#if defined(__GLIBC__) && !defined(HOLYSHEEP_SANITIZED)
TEST_CASE("queue: one that never runs empty does not grow") {
  constexpr int kBacklog = 50;
  constexpr int kRounds = 20'000;
  Queue queue;
  push(queue, 0, kBacklog);
  std::vector<Completion> out;
  const std::size_t before = mallinfo2().uordblks;
  for (int i = 0; i < kRounds; ++i) {
    push(queue, kBacklog + i, 1);
    out.clear();
    REQUIRE(queue.drain(1, 0, out) == Status::ok);
    REQUIRE(out.front().call == static_cast<CallId>(i));
  }
  // A completion is some 150 bytes: 20,000 of them would be 3 MB.
  REQUIRE(mallinfo2().uordblks < before + 200'000);
}
#endif
