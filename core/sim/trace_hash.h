// One number that stands for everything that happened in a run (FNV-1a, 64 bits): equal seeds must
// give equal numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holysheep {

class TraceHash {
 public:
  void add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8)
      add_byte(static_cast<unsigned char>(number >> shift));
  }
  void add(std::int64_t number) { add(static_cast<std::uint64_t>(number)); }
  void add(int number) { add(static_cast<std::uint64_t>(static_cast<std::int64_t>(number))); }
  void add(std::string_view text) {
    for (const char byte : text)
      add_byte(static_cast<unsigned char>(byte));
    add(static_cast<std::uint64_t>(text.size()));
  }
  std::uint64_t value() const { return value_; }

 private:
  void add_byte(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3U; }

  std::uint64_t value_ = 0xcbf29ce484222325U;
};

// Chunks that say only what a stream has cost, and its last line, are not every reader's business.
inline bool is_for_readers(std::string_view payload) {
  return payload != "[DONE]" && payload.find("\"choices\":[]") == std::string_view::npos;
}

inline std::uint64_t reader_hash(const std::vector<std::string>& payloads) {
  TraceHash hash;
  for (const std::string& payload : payloads) {
    if (is_for_readers(payload)) hash.add(std::string_view(payload));
  }
  return hash.value();
}

}  // namespace holysheep
