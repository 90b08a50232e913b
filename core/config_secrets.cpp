// Secrets: what can be a key, and keeping every secret out of the texts that we make.
#include "core/config_secrets.h"

#include <algorithm>

#include "core/config.h"
#include "core/json.h"
#include "core/url.h"

namespace holysheep {
namespace {

// Shorter texts protect nothing, and replacing them would riddle every message.
constexpr std::size_t kSecretBytesMin = 4;
// At the end of a text that was cut off, as many first bytes of a secret are taken for one: more
// than a provider's usual prefix has.
constexpr std::size_t kCutBytesMin = 5;
constexpr std::string_view kRedacted = "\u2026";

// As JSON strings of other writers may hold it: slashes escaped too.
std::string escape_slashes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') out += '\\';
    out += c;
  }
  return out;
}

// Replaces each by "…".
std::string scrub_secrets(const std::vector<std::string>& secrets, std::string text) {
  for (const std::string& secret : secrets) {
    std::string scrubbed;
    std::size_t from = 0;
    for (std::size_t at = 0; (at = text.find(secret, from)) != std::string::npos;) {
      scrubbed.append(text, from, at - from).append(kRedacted);
      from = at + secret.size();
    }
    if (from > 0) text = std::move(scrubbed.append(text, from));
  }
  return text;
}

// The beginning of one, at the end of a text that was cut off.
std::string scrub_cut_end(const std::vector<std::string>& secrets, std::string text) {
  for (const std::string& secret : secrets) {
    for (std::size_t size = std::min(secret.size() - 1, text.size()); size >= kCutBytesMin;
         --size) {
      if (!std::string_view(text).ends_with(std::string_view(secret).substr(0, size))) continue;
      text.replace(text.size() - size, size, kRedacted);
      return text;
    }
  }
  return text;
}

}  // namespace

std::string_view key_fault(std::string_view key) {
  if (key.empty()) return "is empty";
  constexpr std::size_t kKeyBytesMax = 16384;  // far above any token; a header block has 16 KiB
  if (key.size() > kKeyBytesMax) return "is longer than 16384 bytes";
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return "holds a control character or line break";
    if (byte == ' ') return "holds a space";
    if (byte > 0x7f) return "holds a character that is not ASCII";
  }
  return {};
}

void add_secret(std::vector<std::string>& secrets, std::string_view secret) {
  if (secret.size() < kSecretBytesMin) return;
  std::string json = JsonWriter().value(secret).take();
  json = json.substr(1, json.size() - 2);
  secrets.emplace_back(secret);
  secrets.push_back(percent_encode(secret));
  secrets.push_back(percent_encode(secret, PercentForm::lower_case));
  secrets.push_back(percent_encode(secret, PercentForm::form));
  secrets.push_back(escape_slashes(json));
  secrets.push_back(std::move(json));
}

void add_header_secret(std::vector<std::string>& secrets, std::string_view value) {
  add_secret(secrets, value);
  const std::size_t space = value.rfind(' ');
  if (space != std::string_view::npos) add_secret(secrets, value.substr(space + 1));
}

void finish_secrets(std::vector<std::string>& secrets) {
  // Longest first: a secret that holds another is replaced as a whole.
  std::sort(secrets.begin(), secrets.end(), [](const std::string& left, const std::string& right) {
    return left.size() != right.size() ? left.size() > right.size() : left < right;
  });
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
}

std::string scrub(const Config& config, std::string text, const std::vector<std::string>* later,
                  const std::vector<std::string>* own, bool was_cut) {
  for (const std::vector<std::string>* secrets : {&config.secrets, later, own}) {
    if (secrets == nullptr) continue;
    text = scrub_secrets(*secrets, std::move(text));
    if (was_cut) text = scrub_cut_end(*secrets, std::move(text));
  }
  return text;
}

}  // namespace holysheep
