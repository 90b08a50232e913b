// Scans one JSON text that arrives in pieces, and keeps the few values that tell what an answer is:
// a state machine that may stop after any byte, so that no turn of the engine ever scans a whole
// body. Builds nothing; memory is bounded. As strict as core/json_skim.h: structure is checked, the
// syntax of numbers, escapes and UTF-8 are not. (The skimmer needs its text in one piece; hence two
// of them.)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace holysheep {

// The members that are kept, with those of the same name at other places told apart.
enum class BodySlot : std::uint8_t {
  none,
  name,  // of the member that is being read
  error,
  usage,
  model,
  stop_reason,
  status,
  incomplete_details,
  object,
  id,
  finish_reason,  // of the first choice
  choice_error,   // of any choice
};
constexpr std::size_t kBodySlots = 12;
// What is kept of one value at most: usage and error objects are far smaller.
constexpr std::size_t kBodyKeptBytesMax = 16 * 1024;

class BodyScan {
 public:
  void feed(std::string_view chunk);

  // One well-formed value, and nothing after it.
  bool whole() const { return step_ == Step::whole || (step_ == Step::number && depth_ == 0); }
  bool broken() const { return step_ == Step::broken; }
  // Nothing but white space so far.
  bool empty() const { return first_ == '\0'; }
  // The first byte that is not white space, after a byte order mark.
  char first() const { return first_; }
  // The member's value as it was written, cut off above kBodyKeptBytesMax; "" if there was none.
  std::string_view text(BodySlot slot) const { return texts_[static_cast<std::size_t>(slot)]; }

 private:
  enum class Step : std::uint8_t {
    value,          // a value must come
    first_element,  // a value or ']'
    first_member,   // a name or '}'
    name,           // a name must come
    colon,
    after_value,  // a comma or the closing bracket
    string,
    escape,  // after a backslash
    number,
    literal,
    whole,  // after the value: only white space
    broken,
  };
  static constexpr unsigned kDepthMax = 1024;

  std::size_t skip_mark(std::string_view chunk);
  const char* step(const char* at, const char* end);
  const char* scan_string(const char* at, const char* end);
  const char* scan_literal(const char* at, const char* end);
  void begin_value(const char* at);
  void begin_name(const char* at);
  void end_name(const char* at);
  void end_value(const char* after);
  void open(bool object);
  void close(char bracket, const char* after);

  void keep(BodySlot slot, const char* from);
  void keep_until(const char* at);
  BodySlot slot_of(std::string_view name) const;
  bool in_object() const { return (objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1U) != 0; }

  Step step_ = Step::value;
  char first_ = '\0';
  std::uint8_t mark_matched_ = 0;  // bytes of a byte order mark
  bool string_is_name_ = false;
  bool choices_next_ = false;  // the value that comes is the list of choices
  bool in_choices_ = false;
  bool in_choice_ = false;
  bool first_choice_ = false;
  BodySlot next_slot_ = BodySlot::none;  // for the value that comes
  BodySlot kept_ = BodySlot::none;       // what is being kept
  unsigned kept_depth_ = 0;
  unsigned depth_ = 0;
  const char* kept_from_ = nullptr;                      // in the chunk that is being fed
  std::string_view literal_;                             // what is left of it
  std::array<std::uint64_t, kDepthMax / 64> objects_{};  // a bit per level: object or array
  std::array<std::string, kBodySlots> texts_;
};

}  // namespace holysheep
