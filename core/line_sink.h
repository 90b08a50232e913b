// Writes whole lines to a descriptor that others own and perhaps nobody reads: standard error into
// a pipe. Never blocks, and never changes the descriptor's mode, which other processes share. A
// line that finds no room is dropped and counted.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holysheep {

class LineSink {
 public:
  explicit LineSink(int descriptor) : descriptor_(descriptor) {}

  // `line` ends with a line break. False: it was dropped.
  bool write(std::string_view line);
  std::uint64_t dropped() const { return dropped_; }
  void forget_dropped() { dropped_ = 0; }

 private:
  std::size_t write_some(std::string_view text) const;

  int descriptor_;
  std::string rest_;  // of a line that has been begun
  std::uint64_t dropped_ = 0;
};

}  // namespace holysheep
