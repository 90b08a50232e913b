#include "core/log.h"

#include <unistd.h>

#include <utility>

#include "core/json.h"

namespace holysheep {
namespace {

// A queue that nobody drains keeps the newest of them.
constexpr std::size_t kRecordsMax = 1024;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    default:
      return "error";
  }
}

}  // namespace

void Log::send_to(std::shared_ptr<Queue> queue, int level) {
  const std::lock_guard<std::mutex> lock(mutex_);
  queue_level_.store(queue == nullptr ? 0 : level, std::memory_order_relaxed);
  queue_ = std::move(queue);
}

bool Log::wants(LogLevel level) const {
  const int queue_level = queue_level_.load(std::memory_order_relaxed);
  const int number = static_cast<int>(level);
  return (stderr_level_ > 0 && number >= stderr_level_) ||
         (queue_level > 0 && number >= queue_level);
}

void Log::write(LogLevel level, Nanos unix_now, std::string_view message,
                std::initializer_list<LogField> fields) {
  if (!wants(level)) return;
  JsonWriter json;
  json.begin_object();
  json.member("time_unix_ms", to_ms(unix_now));
  json.member("level", name_of(level));
  json.member("message", message);
  for (const LogField& field : fields) {
    if (field.is_number) {
      json.member(field.name, field.number);
    } else {
      json.member(field.name, field.text);
    }
  }
  json.end_object();
  const int number = static_cast<int>(level);
  if (stderr_level_ > 0 && number >= stderr_level_) {
    const std::string line = json.text() + "\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  }
  const int queue_level = queue_level_.load(std::memory_order_relaxed);
  if (queue_level <= 0 || number < queue_level) return;
  Completion record;
  record.kind = Completion::Kind::log;
  record.log_level = number;
  record.data = json.take();
  records_.push_back(std::move(record));
}

void Log::flush() {
  if (records_.empty()) return;
  std::shared_ptr<Queue> queue;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue = queue_;
  }
  if (queue != nullptr) queue->push(records_, kRecordsMax);
  records_.clear();
}

}  // namespace holysheep
