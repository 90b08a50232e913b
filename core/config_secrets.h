// The list of texts that scrub() replaces: filled while a configuration is read, and when a key is
// set or read again later.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holysheep {

// Adds the secret in each form in which it may turn up; one that is too short is left out.
void add_secret(std::vector<std::string>& secrets, std::string_view secret);
// A header's value: with "Bearer sk-…" the part behind the scheme is a secret by itself.
void add_header_secret(std::vector<std::string>& secrets, std::string_view value);
// Sorts and removes doubles; after the last add_secret().
void finish_secrets(std::vector<std::string>& secrets);

}  // namespace holysheep
