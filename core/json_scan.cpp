#include "core/json_scan.h"

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace holysheep {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Eight bytes at a time: does any of them end or break a run of plain string bytes (a quote, a
// backslash, a control character)?
bool has_special(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t backslash = word ^ (kOnes * '\\');
  const std::uint64_t found = ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                              ((word - kOnes * 0x20) & ~word);
  return (found & kHighs) != 0;
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Of a string that was scanned before. Pairs of surrogates stay as they are, encoded one by one:
// such a name equals none that anybody looks for.
std::string unescape(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    ++i;
    switch (raw[i]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        unsigned code = 0;
        for (std::size_t k = 1; k <= 4; ++k) {
          code = code * 16 + static_cast<unsigned>(hex_value(raw[i + k]));
        }
        append_utf8(out, code);
        i += 4;
        break;
      }
      default:
        out += raw[i];
    }
  }
  return out;
}

class Scanner {
 public:
  Scanner(std::string_view text, const JsonMemberVisitor& visit) : text_(text), visit_(visit) {}

  std::optional<JsonFault> run() {
    bool more = true;
    while (more && !fault_) {
      if (!begin_value()) continue;  // a container was opened, or a fault
      more = end_value();
    }
    if (!fault_) {
      skip_space();
      if (at_ < text_.size()) fail("the end of the text");
    }
    if (!fault_) check_utf8();
    return fault_;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool fail(std::string_view expected) {
    if (!fault_) fault_ = JsonFault{at_, expected};
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_]))
      ++at_;
  }

  bool in_object() const { return (kinds_[word()] >> bit() & 1U) != 0; }
  std::size_t word() const { return static_cast<std::size_t>(depth_) / 64; }
  unsigned bit() const { return static_cast<unsigned>(depth_) % 64; }
  bool push(bool object) {
    if (depth_ + 1 >= kJsonDepthMax) return fail("less nesting (the limit is 1,024)");
    ++at_;
    ++depth_;
    const std::uint64_t mask = std::uint64_t{1} << bit();
    kinds_[word()] = object ? kinds_[word()] | mask : kinds_[word()] & ~mask;
    return true;
  }

  // True if a whole value was read; false if a container was opened whose first value comes next,
  // or after a fault.
  bool begin_value() {
    skip_space();
    if (depth_ == 1) value_begin_ = at_;
    switch (peek()) {
      case '{':
        if (!push(true)) return false;
        skip_space();
        if (peek() != '}') return read_name("a name in quotes or '}'"), false;
        return close();
      case '[':
        if (!push(false)) return false;
        skip_space();
        return peek() == ']' && close();
      case '"':
        return read_string();
      case 't':
        return read_word("true");
      case 'f':
        return read_word("false");
      case 'n':
        return read_word("null");
      default:
        return read_number();
    }
  }

  bool close() {
    ++at_;
    --depth_;
    return true;
  }

  // After a whole value: goes on to where the next one begins. False at the end of the root.
  bool end_value() {
    while (true) {
      if (depth_ == 1 && in_object() && visit_) {
        visit_(name_, JsonSpan{true, value_begin_, at_});
      }
      if (depth_ == 0) return false;
      skip_space();
      const bool object = in_object();
      if (peek() == ',') {
        ++at_;
        if (object) {
          skip_space();
          read_name("a name in quotes");
        }
        return true;
      }
      if (peek() != (object ? '}' : ']')) {
        return fail(object ? "a comma or '}'" : "a comma or ']'");
      }
      close();
    }
  }

  void read_name(std::string_view expected) {
    if (peek() != '"') {
      fail(expected);
      return;
    }
    const std::size_t begin = at_ + 1;
    if (!read_string()) return;
    if (depth_ == 1) {
      const std::string_view raw = text_.substr(begin, at_ - 1 - begin);
      name_ = raw.find('\\') == std::string_view::npos ? std::string(raw) : unescape(raw);
    }
    skip_space();
    if (peek() != ':') {
      fail("a colon");
      return;
    }
    ++at_;
  }

  bool read_string() {
    ++at_;
    while (true) {
      std::uint64_t eight = 0;
      while (at_ + 8 <= text_.size()) {
        std::memcpy(&eight, text_.data() + at_, 8);
        if (has_special(eight)) break;
        at_ += 8;
      }
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      if (at_ >= text_.size()) return fail("the closing quote of a string");
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      if (text_[at_] != '\\') return fail("an escaped control character");
      if (!read_escape()) return false;
    }
  }

  bool read_escape() {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind == 'u') {
      for (std::size_t i = 2; i < 6; ++i) {
        if (at_ + i >= text_.size() || hex_value(text_[at_ + i]) < 0) {
          return fail("four hexadecimal digits after \\u");
        }
      }
      at_ += 6;
      return true;
    }
    if (kind == '\0' || std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
      return fail("an escape that JSON knows");
    }
    at_ += 2;
    return true;
  }

  bool read_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("a JSON value");
    at_ += word.size();
    return true;
  }

  bool read_digits() {
    if (!is_digit(peek())) return fail("a digit");
    while (is_digit(peek()))
      ++at_;
    return true;
  }

  bool read_number() {
    if (peek() != '-' && !is_digit(peek())) return fail("a JSON value");
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return fail("a number without a leading zero");
    } else if (!read_digits()) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!read_digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!read_digits()) return false;
    }
    return true;
  }

  void check_utf8() {
    if (simdjson::validate_utf8(text_.data(), text_.size())) return;
    at_ = 0;
    while (const std::size_t size = utf8_size(text_, at_))
      at_ += size;
    fail("UTF-8");
  }

  std::string_view text_;
  const JsonMemberVisitor& visit_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::array<std::uint64_t, kJsonDepthMax / 64> kinds_{};
  std::string name_;
  std::size_t value_begin_ = 0;
  std::optional<JsonFault> fault_;
};

}  // namespace

std::size_t utf8_size(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  std::size_t size = 0;
  unsigned char low = 0x80;  // bounds of the second byte: no overlong forms, no surrogates
  unsigned char high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (at + size > text.size() || byte(at + 1) < low || byte(at + 1) > high) return 0;
  for (std::size_t i = at + 2; i < at + size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

std::optional<JsonFault> scan_json(std::string_view text, const JsonMemberVisitor& visit) {
  return Scanner(text, visit).run();
}

std::string describe_fault(std::string_view text, const JsonFault& fault) {
  const std::string_view before = text.substr(0, fault.offset);
  std::size_t line = 1;
  std::size_t line_begin = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != '\n') continue;
    ++line;
    line_begin = i + 1;
  }
  std::string out = "line " + std::to_string(line) + ", column " +
                    std::to_string(fault.offset - line_begin + 1) + ": expected ";
  out += fault.expected;
  return out;
}

}  // namespace holysheep
