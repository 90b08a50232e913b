// holysheep_mock.h: the mock pool, and the clock that client and mocks share in tests.
#include "capi/holysheep_mock.h"

#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "capi/error.h"
#include "capi/objects.h"
#include "capi/text.h"
#include "core/mock/mock_clock.h"
#include "core/mock/mock_pool.h"

using holysheep::fail;
using holysheep::guarded;
using holysheep::MockPool;
using holysheep::read_view;
using holysheep::Result;
using holysheep::Status;
using holysheep::usable;
using holysheep::view_fault;

struct holysheep_mock {
  std::unique_ptr<MockPool> pool;
  pid_t pid = 0;
};

namespace {

constexpr const char* kForked =
    "this mock was opened before fork(): open a new one in the child process";

holysheep_status refuse(holysheep_error* error, holysheep_status status) {
  return fail(error, static_cast<Status>(status),
              status == HOLYSHEEP_E_FORKED ? kForked : "mock: expected a mock, not NULL");
}

template <typename Make>
holysheep_status text_of(holysheep_mock* mock, holysheep_text** text, Make make) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (text == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *text = nullptr;
    if (const holysheep_status status = usable(mock)) return status;
    return holysheep::make_text(make(*mock->pool), text);
  });
}

// More at once, a few times over, would take the clocks to their end.
constexpr holysheep::Nanos kAdvanceMax = 366 * holysheep::kDay;

}  // namespace

holysheep_status holysheep_mock_open(const char* script, size_t script_size, holysheep_mock** mock,
                                     holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (mock == nullptr) return fail(error, Status::invalid_argument, "mock: expected a place");
    *mock = nullptr;
    std::string_view text;
    if (!read_view(script, script_size, &text)) {
      return fail(error, Status::invalid_argument, view_fault("script", script));
    }
    Result<std::unique_ptr<MockPool>> pool = MockPool::open(text);
    if (!pool.ok()) return fail(error, pool.error());
    *mock = new holysheep_mock{std::move(pool).value(), holysheep::process_id()};
    return HOLYSHEEP_OK;
  });
}

void holysheep_mock_free(holysheep_mock* mock) {
  if (mock == nullptr) return;
  // In a child the thread does not exist and the sockets are the parent's: they are left alone.
  if (usable(mock) != HOLYSHEEP_OK) {
    [[maybe_unused]] const MockPool* const left_alone = mock->pool.release();
  }
  delete mock;
}

holysheep_status holysheep_mock_config(holysheep_mock* mock, holysheep_text** text) {
  return text_of(mock, text, [](const MockPool& pool) { return pool.client_config(); });
}

holysheep_status holysheep_mock_requests(holysheep_mock* mock, holysheep_text** text) {
  return text_of(mock, text, [](const MockPool& pool) { return pool.requests_json(); });
}

int64_t holysheep_mock_count(holysheep_mock* mock, const char* endpoint, size_t endpoint_size) {
  std::string_view name;
  if (usable(mock) != HOLYSHEEP_OK || !read_view(endpoint, endpoint_size, &name)) return -1;
  return mock->pool->count(name);
}

holysheep_status holysheep_mock_await(holysheep_mock* mock, const char* endpoint,
                                      size_t endpoint_size, int64_t count, int64_t timeout_ms) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(mock)) return status;
    std::string_view name;
    if (!read_view(endpoint, endpoint_size, &name) || mock->pool->count(name) < 0) {
      return HOLYSHEEP_E_INVALID_ARGUMENT;
    }
    return mock->pool->await(name, count, timeout_ms) ? HOLYSHEEP_OK : HOLYSHEEP_E_WAIT;
  });
}

holysheep_status holysheep_mock_set(holysheep_mock* mock, const char* endpoint,
                                    size_t endpoint_size, const char* script, size_t script_size,
                                    holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(mock)) return refuse(error, status);
    std::string_view name;
    std::string_view text;
    if (!read_view(endpoint, endpoint_size, &name)) {
      return fail(error, Status::invalid_argument, view_fault("endpoint", endpoint));
    }
    if (!read_view(script, script_size, &text)) {
      return fail(error, Status::invalid_argument, view_fault("script", script));
    }
    const Result<bool> done = mock->pool->set(name, text);
    return done.ok() ? HOLYSHEEP_OK : fail(error, done.error());
  });
}

holysheep_status holysheep_mock_clock_advance(holysheep_client* client, int64_t ms) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return status;
    if (ms < 0 || holysheep::from_ms(ms) > kAdvanceMax) return HOLYSHEEP_E_INVALID_ARGUMENT;
    // The mocks first: what the engine sends when its timers are due meets limits that have moved.
    holysheep::mock_clock_advance(holysheep::from_ms(ms));
    client->host->advance_clock(holysheep::from_ms(ms));
    return HOLYSHEEP_OK;
  });
}
