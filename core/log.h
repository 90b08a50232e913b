// Log records: structured, off by default, without keys, prompts or answers. A record goes to each
// queue that asked for it and, where HOLYSHEEP_LOG says so, to standard error, one JSON object a
// line.
//
// An engine has several handles, each with a queue and a level of its own: a library inside of a
// program must not silence that program's log.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "core/line_sink.h"
#include "core/queue.h"

namespace holysheep {

enum class LogLevel : int { off = 0, debug = 10, info = 20, warning = 30, error = 40 };

// A field of a record: text, or a number if `text` has no data.
struct LogField {
  std::string_view name;
  std::string_view text;
  std::int64_t number = 0;
  bool is_number = false;
};
inline LogField log_text(std::string_view name, std::string_view text) {
  return {name, text, 0, false};
}
inline LogField log_number(std::string_view name, std::int64_t number) {
  return {name, {}, number, true};
}

class Log {
 public:
  // `stderr_level`: of HOLYSHEEP_LOG; 0: not there.
  explicit Log(int stderr_level);

  // Any thread. The records that this handle asked for go there from now on; null: nowhere.
  void send_to(HandleId handle, std::shared_ptr<Queue> queue, int level);
  // The engine's thread. Cheap when nobody listens; check before building texts.
  bool wants(LogLevel level) const;
  void write(LogLevel level, Nanos unix_now, std::string_view message,
             std::initializer_list<LogField> fields);
  // Once per turn: hands the turn's records over.
  void flush();

 private:
  struct Listener {
    HandleId handle = 0;
    std::shared_ptr<Queue> queue;
    int level = 0;
  };

  void write_to_stderr(Nanos unix_now, std::string_view line);
  void note_level_locked();

  const int stderr_level_;
  LineSink stderr_;
  std::atomic<int> queue_level_{0};  // the lowest that a listener wants; 0: there is none
  std::mutex mutex_;
  std::vector<Listener> listeners_;  // under mutex_; one for each handle at most
  std::vector<Completion> records_;  // of this turn
};

}  // namespace holysheep
