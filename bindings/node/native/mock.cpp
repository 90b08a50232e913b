// The mock pool. The first argument of each function is the mock's number.
#include <algorithm>
#include <utility>

#include "bindings/node/native/addon.h"

namespace holysheep::node {
namespace {

// A wait is cut into slices, so that an environment that ends need not wait long.
constexpr std::int64_t kSliceMs = 50;

}  // namespace

std::shared_ptr<holysheep_mock> Addon::mock(const In& in) const {
  const auto found = mocks_.find(in.number(0));
  return found == mocks_.end() ? nullptr : found->second;
}

// mockOpen(script) → the mock's number, or a failure.
napi_value Addon::mock_open(const In& in) {
  const TextIn script = in.text(0);
  holysheep_mock* opened = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const auto status = holysheep_mock_open(script.data(), script.size(), &opened, &error);
  if (status != HOLYSHEEP_OK) return make_failure(env_, status, error);
  const double number = next_number_++;
  mocks_.emplace(number, std::shared_ptr<holysheep_mock>(opened, holysheep_mock_free));
  return make_number(env_, number);
}

napi_value Addon::mock_close(const In& in) {
  mocks_.erase(in.number(0));
  return nullptr;
}

// mockText(mock, which): 0 the client configuration, 1 what arrived.
napi_value Addon::mock_text(const In& in) {
  holysheep_text* made = nullptr;
  (in.number(1) == 0 ? holysheep_mock_config : holysheep_mock_requests)(mock(in).get(), &made);
  return make_string(env_, Text(made));
}

// mockCount(mock, endpoint | undefined)
napi_value Addon::mock_count(const In& in) {
  const TextIn endpoint = in.text(1);
  const auto count = holysheep_mock_count(mock(in).get(), endpoint.data(), endpoint.size());
  return make_number(env_, static_cast<double>(count));
}

// mockAwait(mock, endpoint | undefined, count, timeoutMs) → a promise of whether they came.
napi_value Addon::mock_await(const In& in) {
  const std::string endpoint(in.text(1).view());
  return in_background(
      [this, endpoint, waited = mock(in), count = in.integer(2), left = in.integer(3)]() mutable {
        for (; left > 0 && !ending_; left -= kSliceMs) {
          const auto status = holysheep_mock_await(waited.get(), endpoint.data(), endpoint.size(),
                                                   count, std::min(left, kSliceMs));
          if (status != HOLYSHEEP_E_WAIT) return status == HOLYSHEEP_OK;
        }
        return false;
      });
}

// mockSet(mock, endpoint, script)
napi_value Addon::mock_set(const In& in) {
  const TextIn endpoint = in.text(1);
  const TextIn script = in.text(2);
  return attempt([&](holysheep_error* error) {
    return holysheep_mock_set(mock(in).get(), endpoint.data(), endpoint.size(), script.data(),
                              script.size(), error);
  });
}

// mockAdvance(client, milliseconds)
napi_value Addon::mock_advance(const In& in) {
  return make_number(env_, holysheep_mock_clock_advance(handle(in), in.integer(1)));
}

}  // namespace holysheep::node
