// What `holysheep demo` shows: a table that is drawn again in place on a terminal, plain lines in a
// pipe, and the summary.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bindings/cli/json.h"

namespace holysheep::cli {

struct DemoTotals {
  double seconds = 0;
  std::int64_t calls = 0;
  std::int64_t answered = 0;
  std::int64_t failed = 0;
  std::int64_t rate_limited = 0;
  std::int64_t failovers = 0;
  bool interrupted = false;
  std::string last_error;
  std::map<std::string, std::int64_t> served_by;
};

class DemoView {
 public:
  void begin();
  void show(const Json& status, const DemoTotals& totals, bool last);
  void end(const DemoTotals& totals);

 private:
  void draw(const Json& status, const DemoTotals& totals);
  void print(const Json& status, const DemoTotals& totals, bool last);

  const bool live_ = is_live();
  int lines_ = 0;
  double next_line_ = 0;
  std::map<std::string, std::string> last_status_;

  static bool is_live();
};

}  // namespace holysheep::cli
