// The events of /chat/completions and /completions: chunks with `choices`.
#include <algorithm>

#include "core/stream_reader.h"
#include "core/usage.h"

namespace holysheep {
namespace {

// A non-empty one of these in a delta is content. Two spellings of reasoning are in use, and hidden
// reasoning comes as details only.
constexpr std::string_view kContentMembers[] = {
    "content", "reasoning_content", "reasoning", "reasoning_details",
    "refusal", "function_call",     "audio",
};

// An answer that "finished" so was broken off by the server: OpenRouter, DeepSeek, SGLang.
constexpr std::string_view kFaultReasons[] = {"error", "insufficient_system_resource", "abort"};

template <std::size_t N>
bool among(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

void StreamReader::read_chat(JsonSkim& json, Found& found) {
  std::string_view name;
  while (json.next_member(name)) {
    if (name == "choices") {
      read_choices(json, found);
    } else if (name == "usage") {
      found.usage = json.peek() == JsonKind::object;
      merge_usage(json, facts_.usage);
    } else if (name == "error") {
      found.error |= json.value().filled();
    } else if (name == "model") {
      keep_text(json.value(), facts_.model);
    } else if (name == "object") {
      found.error |= json.value().raw == "error";
    } else {
      json.value();
    }
  }
  found.end = finished_count_ >= choices_;
}

void StreamReader::read_choices(JsonSkim& json, Found& found) {
  if (!json.enter_array()) {
    json.value();
    return;
  }
  for (int position = 0; json.next_element(); ++position) {
    found.choices = true;
    read_choice(json, position, found);
  }
}

void StreamReader::read_choice(JsonSkim& json, int position, Found& found) {
  if (!json.enter_object()) {
    json.value();
    return;
  }
  std::int64_t index = position;
  std::string_view reason;
  std::string_view name;
  while (json.next_member(name)) {
    if (name == "delta") {
      read_delta(json, found);
    } else if (name == "index") {
      const std::int64_t number = json.value().count();
      if (number >= 0 && number < choices_) index = number;
    } else if (name == "finish_reason") {
      const JsonSlice value = json.value();
      if (value.is_string()) reason = value.raw;
    } else if (name == "text") {
      const JsonSlice text = json.value();
      const bool completions = dialect_.kind == DialectKind::completions;
      found.content |= text.filled() && completions;
      if (completions) content_bytes_ += static_cast<std::int64_t>(text.raw.size());
    } else if (name == "error") {
      found.error |= json.value().filled();
    } else {
      json.value();
    }
  }
  if (!reason.empty()) finish_choice(static_cast<int>(index), reason, found);
}

void StreamReader::read_delta(JsonSkim& json, Found& found) {
  if (!json.enter_object()) {
    json.value();
    return;
  }
  std::string_view name;
  while (json.next_member(name)) {
    if (name == "tool_calls") {
      read_tool_calls(json, found);
    } else if (among(name, kContentMembers)) {
      const JsonSlice text = json.value();
      found.content |= text.filled();
      if (text.is_string()) content_bytes_ += static_cast<std::int64_t>(text.raw.size());
    } else {
      json.value();
    }
  }
}

// The second call's beginning completes the first one.
void StreamReader::read_tool_calls(JsonSkim& json, Found& found) {
  if (!json.enter_array()) {
    json.value();
    return;
  }
  for (int position = 0; json.next_element(); ++position) {
    found.content = true;
    tool_call_begun_ = true;
    if (position > 0) found.tool_call_complete = true;
    if (!json.enter_object()) {
      json.value();
      continue;
    }
    std::string_view name;
    while (json.next_member(name)) {
      const JsonSlice value = json.value();
      if (name == "index" && value.count() > 0) found.tool_call_complete = true;
      if (name == "function") content_bytes_ += static_cast<std::int64_t>(value.raw.size());
    }
  }
}

void StreamReader::finish_choice(int index, std::string_view reason, Found& found) {
  if (index == 0) keep_text(JsonSlice{JsonKind::string, reason}, facts_.finish_reason);
  if (among(reason, kFaultReasons)) {
    found.error = true;
    return;
  }
  // Some servers end a tool call with "stop".
  if (tool_call_begun_ || reason == "tool_calls" || reason == "function_call") {
    found.tool_call_complete = true;
  }
  if (index < 64) {
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((finished_ & bit) != 0) return;
    finished_ |= bit;
  } else {
    if (std::find(finished_more_.begin(), finished_more_.end(), index) != finished_more_.end()) {
      return;
    }
    finished_more_.push_back(index);
  }
  ++finished_count_;
}

}  // namespace holysheep
