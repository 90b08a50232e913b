#include "core/body_scan.h"

#include <algorithm>

#include "core/byte_scan.h"
#include "core/utf8.h"

namespace holysheep {
namespace {

// Members of the answer itself stand at depth 1, those of a choice inside choices[i] at depth 3.
constexpr unsigned kChoicesDepth = 2;

struct SlotName {
  std::string_view name;
  BodySlot slot;
};
constexpr SlotName kAnswerSlots[] = {
    {"error", BodySlot::error},   {"usage", BodySlot::usage},
    {"model", BodySlot::model},   {"stop_reason", BodySlot::stop_reason},
    {"status", BodySlot::status}, {"incomplete_details", BodySlot::incomplete_details},
    {"object", BodySlot::object}, {"id", BodySlot::id},
};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
constexpr bool in_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

}  // namespace

void BodyScan::feed(std::string_view chunk) {
  if (step_ == Step::broken) return;
  const char* const end = chunk.data() + chunk.size();
  const char* at = chunk.data() + skip_mark(chunk);
  kept_from_ = at;
  while (at != end && step_ != Step::broken)
    at = step(at, end);
  keep_until(end);
}

// A byte order mark is no JSON, but some servers write one and every host's reader skips it.
std::size_t BodyScan::skip_mark(std::string_view chunk) {
  std::size_t at = 0;
  while (first_ == '\0' && mark_matched_ < kByteOrderMark.size() && at < chunk.size()) {
    if (chunk[at] != kByteOrderMark[mark_matched_]) {
      if (mark_matched_ != 0) {
        first_ = kByteOrderMark[0];
        step_ = Step::broken;
      }
      mark_matched_ = static_cast<std::uint8_t>(kByteOrderMark.size());
      break;
    }
    ++mark_matched_;
    ++at;
  }
  return at;
}

// Goes as far as one token; returns where the next begins.
const char* BodyScan::step(const char* at, const char* end) {
  switch (step_) {
    case Step::string:
      return scan_string(at, end);
    case Step::escape:
      step_ = Step::string;
      return at + 1;
    case Step::number:
      while (at != end && in_number(*at))
        ++at;
      if (at != end) end_value(at);
      return at;
    case Step::literal:
      return scan_literal(at, end);
    default:
      break;
  }
  const char c = *at;
  if (is_space(c)) return at + 1;
  switch (step_) {
    case Step::first_element:
    case Step::value:
      if (c == ']' && step_ == Step::first_element) {
        close(c, at + 1);
      } else {
        begin_value(at);
      }
      break;
    case Step::first_member:
    case Step::name:
      if (c == '}' && step_ == Step::first_member) {
        close(c, at + 1);
      } else {
        begin_name(at);
      }
      break;
    case Step::colon:
      step_ = c == ':' ? Step::value : Step::broken;
      break;
    case Step::after_value:
      if (c == ',') {
        step_ = in_object() ? Step::name : Step::value;
      } else {
        close(c, at + 1);
      }
      break;
    default:
      step_ = Step::broken;
  }
  return at + 1;
}

const char* BodyScan::scan_string(const char* at, const char* end) {
  at = find_string_end(at, end);
  if (at == end) return at;
  if (*at == '\\') {
    step_ = Step::escape;
  } else if (*at != '"') {
    step_ = Step::broken;
  } else if (string_is_name_) {
    end_name(at);
  } else {
    end_value(at + 1);
  }
  return at + 1;
}

const char* BodyScan::scan_literal(const char* at, const char* end) {
  while (at != end && !literal_.empty()) {
    if (*at != literal_.front()) {
      step_ = Step::broken;
      return at;
    }
    literal_.remove_prefix(1);
    ++at;
  }
  if (literal_.empty()) end_value(at);
  return at;
}

void BodyScan::begin_value(const char* at) {
  if (first_ == '\0') first_ = *at;
  if (next_slot_ != BodySlot::none) keep(next_slot_, at);
  const bool choices = choices_next_ && *at == '[';
  choices_next_ = false;
  if (depth_ == kChoicesDepth && in_choices_) in_choice_ = *at == '{';
  switch (*at) {
    case '{':
      open(true);
      break;
    case '[':
      open(false);
      if (choices) in_choices_ = first_choice_ = true;
      break;
    case '"':
      string_is_name_ = false;
      step_ = Step::string;
      break;
    case 't':
      literal_ = "rue";
      step_ = Step::literal;
      break;
    case 'f':
      literal_ = "alse";
      step_ = Step::literal;
      break;
    case 'n':
      literal_ = "ull";
      step_ = Step::literal;
      break;
    default:
      step_ = (*at >= '0' && *at <= '9') || *at == '-' ? Step::number : Step::broken;
  }
}

void BodyScan::begin_name(const char* at) {
  if (*at != '"') {
    step_ = Step::broken;
    return;
  }
  string_is_name_ = true;
  step_ = Step::string;
  if (depth_ == 1 || (depth_ == kChoicesDepth + 1 && in_choice_)) keep(BodySlot::name, at + 1);
}

void BodyScan::end_name(const char* at) {
  step_ = Step::colon;
  if (kept_ != BodySlot::name) return;
  keep_until(at);
  kept_ = BodySlot::none;
  const std::string_view name = text(BodySlot::name);
  next_slot_ = slot_of(name);
  choices_next_ = depth_ == 1 && name == "choices";
}

void BodyScan::end_value(const char* after) {
  if (kept_ != BodySlot::none && kept_depth_ == depth_) {
    keep_until(after);
    kept_ = BodySlot::none;
  }
  step_ = depth_ == 0 ? Step::whole : Step::after_value;
}

void BodyScan::open(bool object) {
  if (depth_ == kDepthMax) {
    step_ = Step::broken;
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
  std::uint64_t& word = objects_[depth_ / 64];
  word = object ? word | bit : word & ~bit;
  ++depth_;
  step_ = object ? Step::first_member : Step::first_element;
}

void BodyScan::close(char bracket, const char* after) {
  if (bracket != (in_object() ? '}' : ']')) {
    step_ = Step::broken;
    return;
  }
  --depth_;
  if (in_choices_ && depth_ <= kChoicesDepth) {
    in_choice_ = first_choice_ = false;
    in_choices_ = depth_ == kChoicesDepth;
  }
  end_value(after);
}

void BodyScan::keep(BodySlot slot, const char* from) {
  next_slot_ = BodySlot::none;
  kept_ = slot;
  kept_depth_ = depth_;
  kept_from_ = from;
  texts_[static_cast<std::size_t>(slot)].clear();
}

void BodyScan::keep_until(const char* at) {
  if (kept_ == BodySlot::none) return;
  std::string& kept = texts_[static_cast<std::size_t>(kept_)];
  const auto size = static_cast<std::size_t>(at - kept_from_);
  kept.append(kept_from_, std::min(size, kBodyKeptBytesMax - kept.size()));
}

BodySlot BodyScan::slot_of(std::string_view name) const {
  if (depth_ == 1) {
    for (const SlotName& known : kAnswerSlots) {
      if (known.name == name) return known.slot;
    }
    return BodySlot::none;
  }
  if (name == "error") return BodySlot::choice_error;
  return name == "finish_reason" && first_choice_ ? BodySlot::finish_reason : BodySlot::none;
}

}  // namespace holysheep
