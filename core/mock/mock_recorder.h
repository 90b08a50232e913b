// What the mock pool received, for assertions: a bounded list of requests and a count per endpoint.
// Written by the pool's thread, read and awaited by any.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/headers.h"

namespace holysheep {

struct MockRecord {
  std::size_t endpoint = 0;
  std::uint64_t connection = 0;
  Nanos time = 0;  // since the pool was opened
  std::string method;
  std::string path;
  Headers headers;
  std::string key;
  std::string model;
  std::string body;
  int status = 0;
};

class MockRecorder {
 public:
  // `records_max` 0: only counts.
  MockRecorder(std::vector<std::string> names, std::size_t records_max);

  // Returns a number for answered(); 0: not kept.
  std::uint64_t add(MockRecord record);
  bool keeps_records() const { return records_max_ > 0; }
  // Counts a request that is not kept.
  void count_only(std::size_t endpoint);
  void answered(std::uint64_t number, int status);

  // "" stands for all endpoints; -1: no such endpoint.
  std::int64_t count(std::string_view endpoint) const;
  // Real time. False: not in time, or no such endpoint.
  bool await(std::string_view endpoint, std::int64_t count, std::int64_t timeout_ms) const;
  std::string json() const;

 private:
  std::int64_t count_locked(std::string_view endpoint) const;

  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  const std::vector<std::string> names_;
  const std::size_t records_max_;
  std::vector<std::int64_t> counts_;
  std::deque<MockRecord> records_;
  std::uint64_t first_number_ = 1;  // of records_.front()
};

}  // namespace holysheep
