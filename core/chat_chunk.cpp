#include "core/chat_chunk.h"

#include <cstddef>
#include <utility>

#include "core/json_skim.h"
#include "core/utf8.h"

namespace holysheep {
namespace {

// Copies the text up to each place that changes, in the order of the text.
class Splice {
 public:
  explicit Splice(std::string_view text) : text_(text) {}

  void replace(std::string_view part, std::string_view with) {
    const auto at = static_cast<std::size_t>(part.data() - text_.data());
    made_ += text_.substr(copied_, at - copied_);
    made_ += with;
    copied_ = at + part.size();
  }

  std::string finish() {
    made_ += text_.substr(copied_);
    return std::move(made_);
  }

 private:
  std::string_view text_;
  std::string made_;
  std::size_t copied_ = 0;
};

bool has_member(std::string_view object, std::string_view wanted) {
  JsonSkim json(object);
  std::string_view name;
  if (!json.enter_object()) return false;
  while (json.next_member(name)) {
    if (name == wanted) return true;
    json.value();
  }
  return false;
}

void number_tool_calls(std::string_view calls, Splice& splice) {
  JsonSkim json(calls);
  if (!json.enter_array()) return;
  for (int index = 0; json.next_element(); ++index) {
    const JsonSlice call = json.value();
    if (call.kind != JsonKind::object || !call.filled() || has_member(call.raw, "index")) continue;
    splice.replace(call.raw.substr(0, 1), "{\"index\":" + std::to_string(index) + ",");
  }
}

void change_message(std::string_view message, Splice& splice) {
  JsonSkim json(message);
  std::string_view name;
  if (!json.enter_object()) return;
  while (json.next_member(name)) {
    const JsonSlice value = json.value();
    if (name == "tool_calls") number_tool_calls(value.raw, splice);
  }
}

void change_choice(std::string_view choice, Splice& splice) {
  JsonSkim json(choice);
  std::string_view name;
  if (has_member(choice, "delta") || !json.enter_object()) return;
  while (json.next_member(name)) {
    const JsonSlice value = json.value();
    if (name != "message") continue;
    splice.replace(name, "delta");
    if (value.kind == JsonKind::null) splice.replace(value.raw, "{}");  // readers look into it
    change_message(value.raw, splice);
  }
}

void change_choices(std::string_view choices, Splice& splice) {
  JsonSkim json(choices);
  if (!json.enter_array()) return;
  while (json.next_element())
    change_choice(json.value().raw, splice);
}

}  // namespace

std::string chunk_of_completion(std::string_view completion) {
  completion = without_byte_order_mark(completion);
  JsonSkim json(completion);
  Splice splice(completion);
  std::string_view name;
  if (!json.enter_object()) return std::string(completion);
  while (json.next_member(name)) {
    const JsonSlice value = json.value();
    if (name == "choices") change_choices(value.raw, splice);
    if (name == "object" && value.raw == "chat.completion") {
      splice.replace(value.raw, "chat.completion.chunk");
    }
  }
  return splice.finish();
}

}  // namespace holysheep
