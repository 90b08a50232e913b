// Judging bodies of a success: no crash in any dialect, and the same judgement however the body
// arrives. The first byte chooses the dialect, the second the status, the third the size of the
// pieces.
#include "core/body_check.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace holysheep;

constexpr std::string_view kPaths[] = {"/chat/completions", "/completions", "/responses",
                                       "/messages",         "/embeddings",  "/unknown"};

std::string judge(const std::string& body, std::string_view path, int status, std::size_t piece) {
  BodyCheck check(dialect_of(path == "/models" ? "GET" : "POST", path));
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string chunk = body.substr(at, piece);
    const std::vector<char> copy(chunk.begin(), chunk.end());
    check.feed({copy.data(), copy.size()});
  }
  Outcome outcome;
  outcome.status = status;
  outcome.body = body;
  BodyFacts facts;
  const Classification found = check.finish(outcome, facts);
  return std::string(name_of(found.verdict)) + '\n' + std::string(found.rule) + '\n' + facts.model +
         '\n' + facts.finish_reason + '\n' + std::to_string(facts.usage.input) + '\n' +
         std::to_string(facts.usage.output) + '\n' + std::to_string(facts.usage.cached);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view path = kPaths[data[0] % std::size(kPaths)];
  const int status = data[1] == 0 ? 204 : 200;
  const std::size_t piece = data[2] % 64 + 1;
  const std::string body(reinterpret_cast<const char*>(data + 3), size - 3);
  const std::string whole = judge(body, path, status, size);
  if (judge(body, path, status, 1) != whole || judge(body, path, status, piece) != whole) {
    std::abort();
  }
  return 0;
}
