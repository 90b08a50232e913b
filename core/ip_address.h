// Numeric IP addresses as bytes: reading them, and what they say about where they lead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holysheep {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;  // 4 or 16 bytes that count
};

// "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; "::" and a dotted end are understood, a zone is
// not, nor are short forms of IPv4 ("127.1"), which are names to some resolvers.
std::optional<IpAddress> parse_ip_address(std::string_view text);

// Loopback, private (RFC 1918, RFC 4193) or link-local, also as IPv4 inside of IPv6.
bool is_local(const IpAddress& address);
bool is_loopback(const IpAddress& address);
// Both begin with the same `bits`. False for two kinds of address.
bool same_prefix(const IpAddress& left, const IpAddress& right, std::size_t bits);

}  // namespace holysheep
