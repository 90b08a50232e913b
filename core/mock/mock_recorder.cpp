#include "core/mock/mock_recorder.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "core/json.h"

namespace holysheep {
namespace {

// A header that came twice is one member: its values joined as RFC 9110 5.3 joins them.
void write_headers(JsonWriter& writer, const Headers& headers) {
  std::vector<std::pair<std::string, std::string>> merged;
  headers.each([&merged](std::string_view name, std::string_view value) {
    std::string lower(name);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    const auto known = std::find_if(merged.begin(), merged.end(),
                                    [&lower](const auto& each) { return each.first == lower; });
    if (known == merged.end()) {
      merged.emplace_back(std::move(lower), std::string(value));
    } else {
      known->second.append(", ").append(value);
    }
  });
  writer.begin_object();
  for (const auto& [name, value] : merged)
    writer.member(name, value);
  writer.end_object();
}

}  // namespace

MockRecorder::MockRecorder(std::vector<std::string> names, std::size_t records_max)
    : names_(std::move(names)), records_max_(records_max), counts_(names_.size(), 0) {}

std::uint64_t MockRecorder::add(MockRecord record) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_[record.endpoint];
  records_.push_back(std::move(record));
  if (records_.size() > records_max_) {
    records_.pop_front();
    ++first_number_;
  }
  arrived_.notify_all();
  return first_number_ + records_.size() - 1;
}

void MockRecorder::count_only(std::size_t endpoint) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_[endpoint];
  arrived_.notify_all();
}

void MockRecorder::answered(std::uint64_t number, int status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (number < first_number_ || number >= first_number_ + records_.size()) return;
  records_[number - first_number_].status = status;
}

std::int64_t MockRecorder::count_locked(std::string_view endpoint) const {
  if (endpoint.empty()) return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
  const auto found = std::find(names_.begin(), names_.end(), endpoint);
  return found == names_.end() ? -1 : counts_[static_cast<std::size_t>(found - names_.begin())];
}

std::int64_t MockRecorder::count(std::string_view endpoint) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return count_locked(endpoint);
}

bool MockRecorder::await(std::string_view endpoint, std::int64_t count,
                         std::int64_t timeout_ms) const {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::int64_t bounded_ms = std::clamp<std::int64_t>(timeout_ms, 0, to_ms(365 * kDay));
  return arrived_.wait_for(lock, std::chrono::milliseconds(bounded_ms),
                           [&] { return count_locked(endpoint) >= count; });
}

std::string MockRecorder::json() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  JsonWriter writer;
  writer.begin_array();
  for (const MockRecord& record : records_) {
    writer.begin_object().member("endpoint", names_[record.endpoint]);
    writer.member("time_ms", to_ms(record.time)).member("method", record.method);
    writer.member("path", record.path).key("headers");
    write_headers(writer, record.headers);
    writer.member("key", record.key).member("model", record.model);
    writer.member("body", record.body).member("status", record.status);
    writer.member("connection", record.connection).end_object();
  }
  return writer.end_array().take();
}

}  // namespace holysheep
