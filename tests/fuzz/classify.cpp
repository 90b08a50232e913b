// classify() on any answer. Input: two bytes of status, one of flags, then headers and body, parted
// by an empty line.
#include "core/classify.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holysheep;
  if (size < 3) return 0;
  Outcome outcome;
  outcome.status = (data[0] * 256 + data[1]) % 700;
  outcome.in_band = (data[2] & 1U) != 0;
  outcome.transport = static_cast<TransportError>((data[2] >> 1U) % 17);
  if ((data[2] & 0x40U) != 0) outcome.transport = TransportError::none;
  outcome.unix_now = 1'773'144'000 * kSecond;
  const std::string rest(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t border = rest.find("\n\n");
  const Headers headers(border == std::string::npos ? std::string() : rest.substr(0, border));
  // Exactly as long as its allocation, so that a read behind its end is seen.
  const std::string body = border == std::string::npos ? rest : rest.substr(border + 2);
  outcome.headers = &headers;
  outcome.body = body;
  const Classification result = classify(outcome);
  require(!result.rule.empty());
  require(result.verdict == Verdict::ok || !result.message.empty());
  require(result.message.size() <= 2048);
  require(!result.hint || result.hint->wait >= 0);
  require(result.verdict != Verdict::ok || (outcome.status >= 200 && outcome.status < 300));
  return 0;
}
