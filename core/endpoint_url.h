// Reads an endpoint's base URL, strictly: what libcurl would guess or mend is an error here. Errors
// never quote the URL, since a key may stand in it.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace holysheep {

struct EndpointUrl {
  std::string base_url;  // normal form: lower-case host, no default port, no trailing slash
  std::string scheme;    // "http" or "https"
  std::string host;      // lower case; IPv6 in brackets
  int port = 0;
};

// Errors are complaints without a path ("expected http:// or https://").
Result<EndpointUrl> parse_endpoint_url(std::string_view url);

// localhost, *.localhost, and numeric addresses that are loopback, private (RFC 1918, RFC 4193) or
// link-local. Every other name counts as public: what it resolves to can change.
bool is_local_host(std::string_view host);
// Of these, the ones that never leave this machine.
bool is_loopback_host(std::string_view host);

}  // namespace holysheep
