// The words for transport errors, in the enum's order.
#include "core/transport_error.h"

#include <array>

namespace holysheep {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "none",
    "resolve",
    "connect",
    "tls",
    "certificate",
    "proxy",
    "reset",
    "reused_dead",
    "cut",
    "protocol",
    "header_too_large",
    "body_too_large",
    "local_descriptors",
    "local_memory",
    "local_ports",
    "local_network",
    "local_files",
};
static_assert(static_cast<std::size_t>(TransportError::local_files) + 1 == kNames.size());

}  // namespace

std::string_view name_of(TransportError error) {
  return kNames[static_cast<std::size_t>(error)];
}

}  // namespace holysheep
