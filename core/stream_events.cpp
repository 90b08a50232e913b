// The events of /responses and of /messages (Anthropic's shape): each names its own type.
#include "core/stream_reader.h"
#include "core/usage.h"

namespace holysheep {
namespace {

enum class EventMeaning : std::uint8_t { neutral, content, end, error, tool_call_complete };

struct EventType {
  std::string_view type;
  EventMeaning meaning;
};

// What is not named here is content.
constexpr EventType kResponseTypes[] = {
    {"response.created", EventMeaning::neutral},
    {"response.queued", EventMeaning::neutral},
    {"response.in_progress", EventMeaning::neutral},
    {"keepalive", EventMeaning::neutral},
    {"ping", EventMeaning::neutral},
    {"response.completed", EventMeaning::end},
    {"response.incomplete", EventMeaning::end},
    {"response.failed", EventMeaning::error},
    {"error", EventMeaning::error},
    {"response.function_call_arguments.done", EventMeaning::tool_call_complete},
    {"response.custom_tool_call_input.done", EventMeaning::tool_call_complete},
    {"response.mcp_call_arguments.done", EventMeaning::tool_call_complete},
};

EventMeaning response_meaning(std::string_view type) {
  for (const EventType& known : kResponseTypes) {
    if (known.type == type) return known.meaning;
  }
  return EventMeaning::content;
}

// An object's `type`, and whether any other of its members holds something.
struct Block {
  std::string_view type;
  bool filled = false;
};

void read_member_of_block(JsonSkim& json, std::string_view name, Block& block) {
  const JsonSlice value = json.value();
  if (name == "type") {
    block.type = value.raw;
  } else {
    block.filled |= value.filled();
  }
}

}  // namespace

void StreamReader::read_response(JsonSkim& json, std::string_view event_name, Found& found) {
  std::string_view type = event_name;
  std::string_view name;
  bool error = false;
  while (json.next_member(name)) {
    if (name == "type") {
      const JsonSlice value = json.value();
      if (value.is_string()) type = value.raw;
    } else if (name == "response") {
      read_response_object(json);
    } else if (name == "error") {
      error = json.value().filled();
    } else {
      json.value();
    }
  }
  const EventMeaning meaning = response_meaning(type);
  found.error = error || meaning == EventMeaning::error;
  found.end = meaning == EventMeaning::end;
  found.tool_call_complete = meaning == EventMeaning::tool_call_complete;
  found.content = meaning == EventMeaning::content || found.tool_call_complete;
}

void StreamReader::read_response_object(JsonSkim& json) {
  if (!json.enter_object()) {
    json.value();
    return;
  }
  std::string_view name;
  bool reason_known = false;
  while (json.next_member(name)) {
    if (name == "id") {
      keep_text(json.value(), facts_.id);
    } else if (name == "model") {
      keep_text(json.value(), facts_.model);
    } else if (name == "usage") {
      merge_usage(json, facts_.usage);
    } else if (name == "status") {
      const JsonSlice status = json.value();
      if (!reason_known) keep_text(status, facts_.finish_reason);
    } else if (name == "incomplete_details" && json.enter_object()) {
      while (json.next_member(name)) {
        const JsonSlice value = json.value();
        if (name != "reason" || !value.is_string()) continue;
        keep_text(value, facts_.finish_reason);
        reason_known = true;
      }
    } else {
      json.value();
    }
  }
}

void StreamReader::read_message(JsonSkim& json, std::string_view event_name, Found& found) {
  std::string_view type = event_name;
  std::string_view name;
  std::int64_t index = 0;
  Block block;
  Block delta;
  bool error = false;
  while (json.next_member(name)) {
    if (name == "type") {
      const JsonSlice value = json.value();
      if (value.is_string()) type = value.raw;
    } else if (name == "message") {
      read_message_object(json);
    } else if (name == "index") {
      index = json.value().count();
    } else if (name == "content_block" && json.enter_object()) {
      while (json.next_member(name))
        read_member_of_block(json, name, block);
    } else if (name == "delta" && json.enter_object()) {
      while (json.next_member(name)) {
        if (name == "stop_reason") {
          keep_text(json.value(), facts_.finish_reason);
        } else {
          read_member_of_block(json, name, delta);
        }
      }
    } else if (name == "usage") {
      merge_usage(json, facts_.usage);
    } else if (name == "error") {
      error = json.value().filled();
    } else {
      json.value();
    }
  }
  found.error = error || type == "error";
  if (type == "message_stop") {
    found.end = true;
  } else if (type == "content_block_start") {
    const bool text = block.type == "text" || block.type == "thinking";
    found.content = !text || block.filled;
    if (block.type.ends_with("tool_use")) tool_block_ = index;
  } else if (type == "content_block_delta") {
    found.content = delta.filled;
  } else if (type == "content_block_stop" && tool_block_ == index) {
    found.tool_call_complete = true;
    tool_block_ = -1;
  }
}

void StreamReader::read_message_object(JsonSkim& json) {
  if (!json.enter_object()) {
    json.value();
    return;
  }
  std::string_view name;
  while (json.next_member(name)) {
    if (name == "model") {
      keep_text(json.value(), facts_.model);
    } else if (name == "usage") {
      merge_usage(json, facts_.usage);
    } else {
      json.value();
    }
  }
}

}  // namespace holysheep
