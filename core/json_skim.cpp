#include "core/json_skim.h"

#include <array>

namespace holysheep {
namespace {

// As deep as simdjson goes by default: what we accept, hosts can parse.
constexpr unsigned kDepthMax = 1024;

constexpr std::array<JsonKind, 256> make_kinds() {
  std::array<JsonKind, 256> kinds{};
  kinds['{'] = JsonKind::object;
  kinds['['] = JsonKind::array;
  kinds['"'] = JsonKind::string;
  kinds['t'] = JsonKind::true_value;
  kinds['f'] = JsonKind::false_value;
  kinds['n'] = JsonKind::null;
  kinds['-'] = JsonKind::number;
  for (unsigned char digit = '0'; digit <= '9'; ++digit)
    kinds[digit] = JsonKind::number;
  return kinds;
}
constexpr std::array<JsonKind, 256> kKinds = make_kinds();

constexpr bool in_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

std::string_view literal_of(JsonKind kind) {
  if (kind == JsonKind::true_value) return "true";
  if (kind == JsonKind::false_value) return "false";
  return "null";
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits after "\u", or -1.
int hex_unit(std::string_view digits) {
  if (digits.size() < 4) return -1;
  int unit = 0;
  for (const char c : digits.substr(0, 4)) {
    const int digit = hex_digit(c);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(std::string& text, int point) {
  const auto put = [&text](int byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6));
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3F));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

constexpr int kReplacement = 0xFFFD;

// The code point of an escape that begins at raw[at] with "\u"; `at` moves past it.
int unicode_escape(std::string_view raw, std::size_t& at) {
  const int high = hex_unit(raw.substr(at + 2));
  if (high < 0) {
    at += 2;
    return kReplacement;
  }
  at += 6;
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || raw.substr(at, 2) != "\\u") return kReplacement;
  const int low = hex_unit(raw.substr(at + 2));
  if (low < 0xDC00 || low > 0xDFFF) return kReplacement;
  at += 6;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

}  // namespace

bool JsonSlice::filled() const {
  switch (kind) {
    case JsonKind::string:
      return !raw.empty();
    case JsonKind::object:
    case JsonKind::array:
      return raw.find_first_not_of(" \t\r\n", 1) != raw.size() - 1;
    case JsonKind::number:
      return raw != "0";
    default:
      return kind == JsonKind::true_value;
  }
}

std::int64_t JsonSlice::count() const {
  constexpr std::size_t kDigitsMax = 18;
  if (kind != JsonKind::number) return -1;
  std::int64_t number = 0;
  std::size_t digits = 0;
  while (digits < raw.size() && raw[digits] >= '0' && raw[digits] <= '9') {
    if (digits == kDigitsMax) return -1;
    number = number * 10 + (raw[digits] - '0');
    ++digits;
  }
  const bool exponent = raw.find_first_of("eE", digits) != std::string_view::npos;
  return digits == 0 || exponent ? -1 : number;
}

bool JsonSkim::fail() {
  failed_ = true;
  at_ = end_;
  return false;
}

JsonKind JsonSkim::peek() {
  skip_space();
  return at_ == end_ ? JsonKind::none : kKinds[static_cast<unsigned char>(*at_)];
}

bool JsonSkim::enter(char bracket) {
  skip_space();
  if (at_ == end_ || *at_ != bracket) return false;
  ++at_;
  first_ = true;
  return true;
}

bool JsonSkim::enter_object() {
  return enter('{');
}

bool JsonSkim::enter_array() {
  return enter('[');
}

bool JsonSkim::next(char bracket) {
  skip_space();
  if (at_ == end_) return fail();
  if (*at_ == bracket) {
    ++at_;
    first_ = false;
    return false;
  }
  if (first_) {
    first_ = false;
    return true;
  }
  if (*at_ != ',') return fail();
  ++at_;
  return true;
}

bool JsonSkim::next_member(std::string_view& name) {
  return next('}') && read_name(name);
}

bool JsonSkim::next_element() {
  return next(']');
}

bool JsonSkim::read_string(std::string_view& raw) {
  const char* const begin = ++at_;
  for (;;) {
    at_ = find_string_end(at_, end_);
    if (at_ == end_) return fail();
    if (*at_ == '"') break;
    if (*at_ != '\\' || end_ - at_ < 2) return fail();
    at_ += 2;
  }
  raw = std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  ++at_;
  return true;
}

bool JsonSkim::read_name(std::string_view& name) {
  skip_space();
  if (at_ == end_ || *at_ != '"' || !read_string(name)) return fail();
  skip_space();
  if (at_ == end_ || *at_ != ':') return fail();
  ++at_;
  return true;
}

bool JsonSkim::skip_plain(JsonKind kind) {
  if (kind == JsonKind::number) {
    while (at_ != end_ && in_number(*at_))
      ++at_;
    return true;
  }
  const std::string_view literal = literal_of(kind);
  const auto left = static_cast<std::size_t>(end_ - at_);
  if (left < literal.size() || std::memcmp(at_, literal.data(), literal.size()) != 0) return fail();
  at_ += literal.size();
  return true;
}

// Over nested objects and arrays without recursion: one bit per level says which of the two it is.
bool JsonSkim::skip_container() {
  std::array<std::uint64_t, kDepthMax / 64> objects;
  unsigned depth = 0;
  std::string_view ignored;
  const auto in_object = [&] {
    return (objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1U) != 0;
  };
  for (;;) {
    const JsonKind kind = peek();
    if (kind == JsonKind::object || kind == JsonKind::array) {
      if (depth == kDepthMax) return fail();
      const std::uint64_t bit = std::uint64_t{1} << (depth % 64);
      std::uint64_t& word = objects[depth / 64];
      if (depth % 64 == 0) word = 0;
      word = kind == JsonKind::object ? word | bit : word & ~bit;
      ++depth;
      ++at_;
      first_ = true;
    } else if (kind == JsonKind::string) {
      if (!read_string(ignored)) return false;
    } else if (kind == JsonKind::none || !skip_plain(kind)) {
      return fail();
    }
    // Out of everything that ends here, up to where the next value stands.
    while (!next(in_object() ? '}' : ']')) {
      if (failed_) return false;
      if (--depth == 0) return true;
    }
    if (in_object() && !read_name(ignored)) return false;
  }
}

JsonSlice JsonSkim::value() {
  JsonSlice slice;
  const JsonKind kind = peek();
  const char* const begin = at_;
  bool well = false;
  switch (kind) {
    case JsonKind::none:
      fail();
      break;
    case JsonKind::string:
      if (read_string(slice.raw)) slice.kind = kind;
      return slice;
    case JsonKind::object:
    case JsonKind::array:
      well = skip_container();
      break;
    default:
      well = skip_plain(kind);
  }
  if (well) {
    slice.kind = kind;
    slice.raw = std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  }
  return slice;
}

bool JsonSkim::finish() {
  skip_space();
  return !failed_ && at_ == end_;
}

std::string unescape_json(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  std::size_t at = 0;
  while (at < raw.size()) {
    if (raw[at] != '\\' || at + 1 == raw.size()) {
      text += raw[at++];
      continue;
    }
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kControls = "\b\f\n\r\t";
    const char letter = raw[at + 1];
    if (letter == 'u') {
      append_utf8(text, unicode_escape(raw, at));
      continue;
    }
    const std::size_t control = kLetters.find(letter);
    text += control == std::string_view::npos ? letter : kControls[control];
    at += 2;
  }
  return text;
}

}  // namespace holysheep
