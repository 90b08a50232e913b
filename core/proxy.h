// Proxies as the configuration and the environment name them.
#pragma once

#include <string>
#include <string_view>

namespace holysheep {

// The host of a proxy's URL, in lower case; IPv6 in brackets. The scheme may be missing.
std::string proxy_host(std::string_view proxy);

// Whether `no_proxy` names the host, as libcurl reads that list: separated by commas or spaces;
// names and what ends with ".name", addresses and blocks of them (10.0.0.0/8); "*" is every host.
// `host` as in an endpoint's URL: lower case, IPv6 in brackets.
bool passes_proxy_by(std::string_view host, std::string_view no_proxy);

// A proxy's URL without its user name and password.
std::string redact_proxy(std::string_view proxy);

}  // namespace holysheep
