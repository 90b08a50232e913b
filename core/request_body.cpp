#include "core/request_body.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/headers.h"
#include "core/json.h"
#include "core/json_scan.h"
#include "core/json_skim.h"

namespace holysheep {
namespace {

// A longer name is no model's, and would fill the table of routes.
constexpr std::size_t kModelBytesMax = 512;
// More answers than any provider gives; a larger `n` is the provider's to refuse.
constexpr int kChoicesMax = 1024;

Error body_error(std::string_view path, std::string_view complaint) {
  std::string message = "body";
  if (!path.empty()) message.append(".").append(path);
  return Error{Status::request, message.append(": ").append(complaint)};
}

bool generates(DialectKind kind) {
  return kind == DialectKind::chat || kind == DialectKind::completions ||
         kind == DialectKind::responses || kind == DialectKind::messages;
}

// The members that matter here.
enum Member : std::size_t {
  kModel,
  kStream,
  kStreamOptions,
  kChoiceCount,
  kPrompt,
  kPreviousResponse,
  kConversation,
  kStore,
  kBackground,
  kTools,
  kInput,
  kInputFile,
  kTrainingFile,
  kMemberCount,
};
constexpr std::array<std::string_view, kMemberCount> kMemberNames = {
    "model",        "stream", "stream_options", "n",     "prompt", "previous_response_id",
    "conversation", "store",  "background",     "tools", "input",  "input_file_id",
    "training_file"};
// Those whose value is the id of something that one provider's account holds.
constexpr Member kStateMembers[] = {kPreviousResponse, kConversation, kInputFile, kTrainingFile};

struct Members {
  std::array<JsonSpan, kMemberCount> spans;
  std::string_view twice;  // a name that was given twice
  std::string_view text;

  std::string_view raw(Member member) const {
    const JsonSpan& span = spans[member];
    return span.found ? text.substr(span.begin, span.end - span.begin) : std::string_view();
  }
  bool is_true(Member member) const { return raw(member) == "true"; }
  bool is_given(Member member) const {
    return spans[member].found && raw(member) != "null" && raw(member) != "\"\"";
  }
};

std::optional<JsonFault> find_members(std::string_view text, Members& members) {
  members.text = text;
  return scan_json(text, [&](std::string_view name, JsonSpan span) {
    for (std::size_t i = 0; i < kMemberCount; ++i) {
      if (name != kMemberNames[i]) continue;
      if (members.spans[i].found) members.twice = kMemberNames[i];
      members.spans[i] = span;
    }
  });
}

int read_count(std::string_view raw) {
  int count = 1;
  const auto [last, code] = std::from_chars(raw.data(), raw.data() + raw.size(), count);
  const bool whole = code == std::errc() && last == raw.data() + raw.size();
  return whole && count >= 1 && count <= kChoicesMax ? count : 1;
}

// /completions answers each prompt of an array; an array of numbers is one prompt in tokens.
int count_prompts(std::string_view raw) {
  JsonSkim skim(raw);
  if (!skim.enter_array()) return 1;
  int count = 0;
  while (count < kChoicesMax && skim.next_element()) {
    const JsonKind kind = skim.peek();
    if (kind != JsonKind::string && kind != JsonKind::array) return 1;
    skim.value();
    ++count;
  }
  return count == 0 ? 1 : count;
}

// Tools that the provider runs: whatever is not handed back to the caller to run.
bool has_server_side_tool(std::string_view raw) {
  JsonSkim skim(raw);
  if (!skim.enter_array()) return false;
  while (skim.next_element()) {
    if (!skim.enter_object()) return true;
    bool by_caller = false;
    std::string_view name;
    while (skim.next_member(name)) {
      const JsonSlice value = skim.value();
      if (name == "type") by_caller = value.raw == "function" || value.raw == "custom";
    }
    if (!by_caller) return true;
  }
  return false;
}

// As the name of a member: the quote before it is not escaped, and a colon follows.
bool holds_member(std::string_view raw, std::string_view quoted_name) {
  for (std::size_t at = raw.find(quoted_name); at != std::string_view::npos;
       at = raw.find(quoted_name, at + 1)) {
    if (at > 0 && raw[at - 1] == '\\') continue;
    const std::size_t next = raw.find_first_not_of(" \t\r\n", at + quoted_name.size());
    if (next != std::string_view::npos && raw[next] == ':') return true;
  }
  return false;
}

// A string, or an object with an `id` (`conversation` may be either).
void add_state_id(std::string_view raw, std::vector<std::string>& ids) {
  if (raw.empty()) return;
  JsonSkim skim(raw);
  if (raw.front() == '"') {
    ids.push_back(unescape_json(raw.substr(1, raw.size() - 2)));
  } else if (skim.enter_object()) {
    std::string_view name;
    while (skim.next_member(name)) {
      const JsonSlice value = skim.value();
      if (name == "id" && value.is_string()) ids.push_back(unescape_json(value.raw));
    }
  }
}

ReplayFacts replay_facts(const Members& members, DialectKind kind) {
  ReplayFacts facts;
  facts.stored = members.is_true(kStore) || members.is_true(kBackground);
  facts.previous_response = members.is_given(kPreviousResponse) ||
                            (kind == DialectKind::responses &&
                             (members.is_given(kConversation) ||
                              holds_member(members.raw(kInput), "\"encrypted_content\"")));
  facts.server_side_tools =
      kind == DialectKind::responses && has_server_side_tool(members.raw(kTools));
  for (const Member member : kStateMembers)
    add_state_id(members.raw(member), facts.state_ids);
  return facts;
}

std::optional<Error> read_model(const Members& members, Request& request) {
  const JsonSpan& span = members.spans[kModel];
  if (!span.found) return std::nullopt;
  const std::string_view raw = members.raw(kModel);
  if (raw.front() != '"') {
    // Of other APIs we do not know what their "model" is.
    if (request.dialect.kind == DialectKind::opaque) return std::nullopt;
    return body_error("model", "expected a string");
  }
  request.model = unescape_json(raw.substr(1, raw.size() - 2));
  request.model_begin = span.begin;
  request.model_end = span.end;
  if (request.model.empty()) return body_error("model", "is empty");
  if (request.model.size() > kModelBytesMax) {
    return body_error("model", "is longer than 512 bytes");
  }
  return std::nullopt;
}

std::optional<Error> check_stream(const Request& request) {
  if (!generates(request.dialect.kind) || request.method != "POST") return std::nullopt;
  if (request.delivery == Delivery::whole && request.body_streams) {
    return body_error("stream",
                      "is true, but the answer is asked for as a whole: ask for events or bytes, "
                      "or leave it out");
  }
  if (request.delivery != Delivery::whole && !request.body_streams) {
    return body_error("stream",
                      "is not true, but the answer is asked for as a stream: set it to true, or "
                      "ask for the answer as a whole");
  }
  return std::nullopt;
}

struct Splice {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

// What must change so that the stream brings its usage; nothing if it does already.
std::optional<Splice> usage_splice(const Members& members) {
  constexpr std::string_view kInclude = "\"include_usage\":true";
  const JsonSpan& span = members.spans[kStreamOptions];
  const std::string whole = "{" + std::string(kInclude) + "}";
  if (!span.found) {
    const std::size_t inside = members.text.find('{') + 1;
    return Splice{inside, inside, "\"stream_options\":" + whole + ","};
  }
  const std::string_view raw = members.raw(kStreamOptions);
  if (raw.front() != '{') return Splice{span.begin, span.end, whole};
  JsonSpan include;
  bool empty = true;
  scan_json(raw, [&](std::string_view name, JsonSpan value) {
    empty = false;
    if (name == "include_usage") include = value;
  });
  if (!include.found) {
    const std::size_t inside = span.begin + 1;
    return Splice{inside, inside, std::string(kInclude) + (empty ? "" : ",")};
  }
  if (raw.substr(include.begin, include.end - include.begin) == "true") return std::nullopt;
  return Splice{span.begin + include.begin, span.begin + include.end, "true"};
}

void ask_for_usage(const Members& members, Request& request) {
  const bool wanted = request.options.include_usage && request.body_streams &&
                      (request.dialect.kind == DialectKind::chat ||
                       request.dialect.kind == DialectKind::completions);
  if (!wanted) return;
  const auto splice = usage_splice(members);
  if (!splice) return;
  std::string body;
  body.reserve(members.text.size() + splice->text.size());
  body.append(members.text.substr(0, splice->begin)).append(splice->text);
  body.append(members.text.substr(splice->end));
  if (request.model_end > 0 && splice->begin <= request.model_begin) {
    const std::size_t removed = splice->end - splice->begin;
    request.model_begin += splice->text.size() - removed;
    request.model_end += splice->text.size() - removed;
  }
  request.usage_begin = splice->begin;
  request.usage_size = splice->text.size();
  request.usage_replaced = members.text.substr(splice->begin, splice->end - splice->begin);
  request.body = std::make_shared<const std::string>(std::move(body));
  request.usage_added = true;
}

bool ends_with_ignore_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         equals_ignore_case(text.substr(text.size() - end.size()), end);
}

bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ')
    type.remove_suffix(1);
  return equals_ignore_case(type, "application/json") || ends_with_ignore_case(type, "+json");
}

}  // namespace

std::optional<Error> read_request_body(const RequestInput& input, const Config& config,
                                       Request& request, ReplayFacts& facts) {
  if (!input.has_body) {
    if (generates(request.dialect.kind) && request.method == "POST") {
      return body_error("", "is missing");
    }
    return std::nullopt;
  }
  const auto size_max = static_cast<std::size_t>(config.limits.request_bytes_max);
  if (input.body.size() > size_max) {
    Error error =
        body_error("", "has " + std::to_string(input.body.size()) +
                           " bytes; limits.request_bytes_max allows " + std::to_string(size_max));
    error.status = Status::limit;
    return error;
  }
  if (!is_json(request.content_type)) {
    request.body = std::make_shared<const std::string>(input.body);
    return std::nullopt;
  }
  Members members;
  if (const auto fault = find_members(input.body, members)) {
    return body_error("", "not valid JSON: " + describe_fault(input.body, *fault));
  }
  const std::size_t first = input.body.find_first_not_of(" \t\r\n");
  const bool object = input.body[first] == '{';
  if (!object && generates(request.dialect.kind)) return body_error("", "expected a JSON object");
  if (!members.twice.empty()) return body_error(members.twice, "is given twice");

  if (auto error = read_model(members, request)) return error;
  request.body_streams = members.is_true(kStream);
  if (auto error = check_stream(request)) return error;
  request.choices = read_count(members.raw(kChoiceCount));
  if (request.dialect.kind == DialectKind::completions) {
    request.choices *= count_prompts(members.raw(kPrompt));
  }
  facts = replay_facts(members, request.dialect.kind);
  ask_for_usage(members, request);
  if (request.body == nullptr) request.body = std::make_shared<const std::string>(input.body);
  return std::nullopt;
}

std::shared_ptr<const std::string> body_for_model(const Request& request, std::string_view name,
                                                  bool plain) {
  if (request.body == nullptr) return request.body;
  std::vector<Splice> splices;
  if (request.model_end > 0 && name != request.model) {
    splices.push_back({request.model_begin, request.model_end, JsonWriter().value(name).take()});
  }
  if (plain && request.usage_added) {
    splices.push_back(
        {request.usage_begin, request.usage_begin + request.usage_size, request.usage_replaced});
  }
  if (splices.empty()) return request.body;
  std::sort(splices.begin(), splices.end(),
            [](const Splice& left, const Splice& right) { return left.begin < right.begin; });
  const std::string_view body = *request.body;
  std::string out;
  std::size_t from = 0;
  for (const Splice& each : splices) {
    out.append(body.substr(from, each.begin - from)).append(each.text);
    from = each.end;
  }
  out.append(body.substr(from));
  return std::make_shared<const std::string>(std::move(out));
}

}  // namespace holysheep
