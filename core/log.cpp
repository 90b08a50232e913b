#include "core/log.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
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

std::string make_record(LogLevel level, Nanos unix_now, std::string_view message,
                        std::initializer_list<LogField> fields) {
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
  return json.take();
}

}  // namespace

Log::Log(int stderr_level) : stderr_level_(stderr_level), stderr_(STDERR_FILENO) {}

void Log::send_to(HandleId handle, std::shared_ptr<Queue> queue, int level) {
  const std::lock_guard<std::mutex> lock(mutex_);
  listeners_.erase(std::remove_if(listeners_.begin(), listeners_.end(),
                                  [&](const Listener& each) { return each.handle == handle; }),
                   listeners_.end());
  if (queue != nullptr) listeners_.push_back({handle, std::move(queue), level});
  note_level_locked();
}

void Log::note_level_locked() {
  int lowest = 0;
  for (const Listener& each : listeners_)
    lowest = lowest == 0 ? each.level : std::min(lowest, each.level);
  queue_level_.store(lowest, std::memory_order_relaxed);
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
  std::string text = make_record(level, unix_now, message, fields);
  const int number = static_cast<int>(level);
  if (stderr_level_ > 0 && number >= stderr_level_) write_to_stderr(unix_now, text + "\n");
  const int queue_level = queue_level_.load(std::memory_order_relaxed);
  if (queue_level <= 0 || number < queue_level) return;
  Completion record;
  record.kind = Completion::Kind::log;
  record.log_level = number;
  record.data = std::move(text);
  records_.push_back(std::move(record));
}

// Whoever reads again learns first how much is missing.
void Log::write_to_stderr(Nanos unix_now, std::string_view line) {
  if (stderr_.dropped() > 0) {
    const std::string note =
        make_record(LogLevel::warning, unix_now, "log records dropped: standard error was full",
                    {log_number("records", static_cast<std::int64_t>(stderr_.dropped()))}) +
        "\n";
    // If there is no room for the note, it counts for the line.
    if (!stderr_.write(note)) return;
    stderr_.forget_dropped();
  }
  stderr_.write(line);
}

void Log::flush() {
  if (records_.empty()) return;
  std::vector<Listener> listeners;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    listeners_.erase(std::remove_if(listeners_.begin(), listeners_.end(),
                                    [](const Listener& each) { return each.queue->abandoned(); }),
                     listeners_.end());
    note_level_locked();
    listeners = listeners_;
  }
  // A queue that two handles share gets each record once, if either wants it.
  std::sort(listeners.begin(), listeners.end(), [](const Listener& left, const Listener& right) {
    return left.queue != right.queue ? left.queue < right.queue : left.level < right.level;
  });
  const auto end = std::unique(
      listeners.begin(), listeners.end(),
      [](const Listener& left, const Listener& right) { return left.queue == right.queue; });
  for (auto each = listeners.begin(); each != end; ++each) {
    std::vector<Completion> wanted;
    std::copy_if(records_.begin(), records_.end(), std::back_inserter(wanted),
                 [&](const Completion& record) { return record.log_level >= each->level; });
    each->queue->push(wanted, kRecordsMax);
  }
  records_.clear();
}

}  // namespace holysheep
