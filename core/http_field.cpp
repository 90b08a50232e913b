#include "core/http_field.h"

#include <algorithm>
#include <array>

#include "core/headers.h"

namespace holysheep {
namespace {

struct Refusal {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kHopByHop = "belongs to one connection, which the transport owns";

constexpr std::array<Refusal, 13> kRefusals = {{
    {"Host", "is made from the endpoint's URL"},
    {"Content-Length", "is made from the body"},
    {"Transfer-Encoding", "is the transport's: the body's size is known"},
    {"Expect", "would cost a round trip for each large body"},
    {"Accept-Encoding", "is the transport's: answers are decompressed here"},
    {"Connection", kHopByHop},
    {"Keep-Alive", kHopByHop},
    {"Proxy-Connection", kHopByHop},
    {"Proxy-Authorization", "is made from the proxy's URL"},
    {"TE", kHopByHop},
    {"Trailer", kHopByHop},
    {"Upgrade", kHopByHop},
    {"HTTP2-Settings", kHopByHop},
}};

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 || byte == '\t') && byte != 0x7f;
  });
}

std::string_view header_refusal(std::string_view name) {
  for (const Refusal& refusal : kRefusals) {
    if (equals_ignore_case(refusal.name, name)) return refusal.why;
  }
  return {};
}

}  // namespace holysheep
