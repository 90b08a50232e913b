// The table of POST paths. Paths are compared from their end, because what stands before differs by
// provider ("/v1", "/api/v1", "/openai/deployments/NAME"); ids of stored things make a path
// unknown.
#include "core/dialect.h"

namespace holysheep {
namespace {

constexpr Dialect kChat{DialectKind::chat, true};
constexpr Dialect kCompletions{DialectKind::completions, true};
constexpr Dialect kResponses{DialectKind::responses, true};
constexpr Dialect kMessages{DialectKind::messages, true};
constexpr Dialect kJson{DialectKind::json, true};
constexpr Dialect kOpaque{DialectKind::opaque, false};

struct PathEnd {
  std::string_view end;
  const Dialect& dialect;
};

// The first that fits decides.
constexpr PathEnd kPathEnds[] = {
    {"/chat/completions", kChat},
    {"/completions", kCompletions},
    {"/responses", kResponses},
    {"/messages", kMessages},
    {"/messages/count_tokens", kJson},
    {"/responses/input_tokens", kJson},
    {"/embeddings", kJson},
    {"/moderations", kJson},
    {"/images/generations", kJson},
    {"/images/edits", kJson},
    {"/images/variations", kJson},
    {"/rerank", kJson},
    {"/tokenize", kJson},
    {"/detokenize", kJson},
};

// "/threads/ID/messages" and "/chat/completions/ID/messages" list stored messages, in another
// shape.
constexpr std::string_view kForeignParents[] = {"/threads/", "/completions/", "/conversations/"};

constexpr std::string_view kModels = "/models";
constexpr std::string_view kOneModel = "/models/";

bool foreign(std::string_view parent) {
  for (const std::string_view segment : kForeignParents) {
    if (parent.find(segment) != std::string_view::npos) return true;
  }
  return false;
}

// The list, or one model's card; Gemini's native calls ("models/NAME:countTokens") are none of
// ours.
bool is_model_list(std::string_view path) {
  if (path.ends_with(kModels)) return true;
  const std::size_t one = path.find(kOneModel);
  return one != std::string_view::npos && path.find(':', one) == std::string_view::npos;
}

}  // namespace

const Dialect& dialect_of(std::string_view method, std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  while (path.size() > 1 && path.back() == '/')
    path.remove_suffix(1);
  if (method == "GET") return is_model_list(path) ? kJson : kOpaque;
  if (method != "POST") return kOpaque;
  for (const PathEnd& entry : kPathEnds) {
    if (!path.ends_with(entry.end)) continue;
    return foreign(path.substr(0, path.size() - entry.end.size() + 1)) ? kOpaque : entry.dialect;
  }
  return kOpaque;
}

}  // namespace holysheep
