#include "core/ip_address.h"

#include <algorithm>
#include <charconv>

namespace holysheep {
namespace {

constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;
constexpr std::size_t kGroupDigitsMax = 4;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<IpAddress> parse_ipv4(std::string_view text) {
  IpAddress out;
  out.size = kIpv4Bytes;
  for (std::size_t i = 0; i < kIpv4Bytes; ++i) {
    const bool last_part = i + 1 == kIpv4Bytes;
    const std::size_t end = last_part ? text.size() : text.find('.');
    if (end == std::string_view::npos || end == 0 || end > 3) return std::nullopt;
    const std::string_view part = text.substr(0, end);
    const auto [last, code] = std::from_chars(part.data(), part.data() + part.size(), out.bytes[i]);
    const bool whole = code == std::errc() && last == part.data() + part.size();
    if (!whole || (part.size() > 1 && part.front() == '0')) return std::nullopt;
    text.remove_prefix(last_part ? end : end + 1);
  }
  return out;
}

// Reads groups into `out` until the text is at its end; `gap` is where "::" stood.
bool read_groups(std::string_view text, IpAddress& out, std::size_t& count,
                 std::optional<std::size_t>& gap) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string_view part = text.substr(0, end);
    if (part.find('.') != std::string_view::npos) {
      const auto dotted = parse_ipv4(part);
      if (!dotted || end != text.size() || count + kIpv4Bytes > kIpv6Bytes) return false;
      std::copy_n(dotted->bytes.begin(), kIpv4Bytes,
                  out.bytes.begin() + static_cast<std::ptrdiff_t>(count));
      count += kIpv4Bytes;
      return true;
    }
    if (part.empty() || part.size() > kGroupDigitsMax || count == kIpv6Bytes) return false;
    if (!std::all_of(part.begin(), part.end(), is_hex)) return false;
    unsigned group = 0;
    std::from_chars(part.data(), part.data() + part.size(), group, 16);
    out.bytes[count++] = static_cast<std::uint8_t>(group >> 8);
    out.bytes[count++] = static_cast<std::uint8_t>(group & 0xffU);
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
    if (text.empty()) return false;  // ends with one colon
    if (text.front() == ':') {
      if (gap) return false;
      gap = count;
      text.remove_prefix(1);
    }
  }
  return true;
}

std::optional<IpAddress> parse_ipv6(std::string_view text) {
  IpAddress out;
  out.size = kIpv6Bytes;
  std::size_t count = 0;
  std::optional<std::size_t> gap;
  if (text.substr(0, 2) == "::") {
    gap = 0;
    text.remove_prefix(2);
  }
  if (!read_groups(text, out, count, gap)) return std::nullopt;
  if (gap ? count == kIpv6Bytes : count != kIpv6Bytes) return std::nullopt;
  if (gap) {
    // Brings the zeros behind what was read to the gap.
    std::rotate(out.bytes.begin() + static_cast<std::ptrdiff_t>(*gap),
                out.bytes.begin() + static_cast<std::ptrdiff_t>(count), out.bytes.end());
  }
  return out;
}

// "::ffff:127.0.0.1" is 127.0.0.1.
IpAddress unmapped(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.size != kIpv6Bytes ||
      !std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) {
    return address;
  }
  IpAddress out;
  out.size = kIpv4Bytes;
  std::copy_n(address.bytes.begin() + kMapped.size(), kIpv4Bytes, out.bytes.begin());
  return out;
}

}  // namespace

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return parse_ipv6(text.substr(1, text.size() - 2));
  }
  return text.find(':') == std::string_view::npos ? parse_ipv4(text) : parse_ipv6(text);
}

bool is_loopback(const IpAddress& address) {
  const IpAddress plain = unmapped(address);
  if (plain.size == kIpv4Bytes) return plain.bytes[0] == 127;
  return plain.bytes.back() == 1 && std::all_of(plain.bytes.begin(), plain.bytes.end() - 1,
                                                [](std::uint8_t byte) { return byte == 0; });
}

bool is_local(const IpAddress& address) {
  if (is_loopback(address)) return true;
  const IpAddress plain = unmapped(address);
  const unsigned a = plain.bytes[0];
  const unsigned b = plain.bytes[1];
  if (plain.size == kIpv4Bytes) {
    return a == 10 || (a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168) ||
           (a == 169 && b == 254);
  }
  return (a & 0xfeU) == 0xfcU || (a == 0xfe && (b & 0xc0U) == 0x80U);
}

bool same_prefix(const IpAddress& left, const IpAddress& right, std::size_t bits) {
  if (left.size != right.size || bits > left.size * 8) return false;
  const std::size_t whole = bits / 8;
  if (!std::equal(left.bytes.begin(), left.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  right.bytes.begin())) {
    return false;
  }
  const unsigned rest = bits % 8;
  return rest == 0 || (left.bytes[whole] >> (8 - rest)) == (right.bytes[whole] >> (8 - rest));
}

}  // namespace holysheep
