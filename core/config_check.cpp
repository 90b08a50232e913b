#include "core/config_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace holysheep {
namespace {

using Kind = JsonValue::Kind;

std::string quoted(std::string_view text) {
  return JsonWriter().value(text).take();
}

std::string number_text(double number) {
  // The table's bounds are whole numbers but for a few fractions.
  if (number == std::floor(number)) return std::to_string(static_cast<std::int64_t>(number));
  return JsonWriter().value(number).take();
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string_view last_step(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

class Checker {
 public:
  Checker(std::string_view what, Status status, bool prefix_paths)
      : what_(what), status_(status), prefix_paths_(prefix_paths) {}

  std::optional<Error> run(const JsonValue& root, Scope scope) {
    if (!root.is_object()) {
      fail(root, std::string("expected an object, not ") + std::string(name_of(root.kind())));
    } else {
      object(root, scope, "");
    }
    return std::move(error_);
  }

 private:
  void fail(const JsonValue& value, const std::string& complaint) {
    if (error_) return;
    std::string path = value.path();
    if (path.empty()) {
      path = what_;
    } else if (prefix_paths_) {
      path = what_ + (path.front() == '[' ? "" : ".") + path;
    }
    error_ = config_error(path, complaint, status_);
  }
  void expected(const JsonValue& value, const std::string& what) {
    fail(value, "expected " + what + ", not " + std::string(name_of(value.kind())));
  }

  void object(const JsonValue& value, Scope scope, const std::string& prefix) {
    std::set<std::string> seen;
    for (const auto& [name, member] : value.members()) {
      if (error_) return;
      if (!seen.insert(name).second) return fail(member, "is given twice");
      if (name.rfind("x-", 0) == 0) continue;
      // A name with a dot or a star is no step of a path.
      const bool plain = name.find_first_of(".*") == std::string::npos;
      const ConfigKey* key = plain ? find_config_key(prefix + name, scope) : nullptr;
      if (key == nullptr) return unknown(member, name, scope, prefix);
      check(*key, member, scope, prefix + name);
    }
  }

  void unknown(const JsonValue& member, std::string_view name, Scope scope,
               const std::string& prefix) {
    std::vector<std::string_view> names;
    std::string elsewhere;
    for (const ConfigKey& key : config_keys()) {
      if (!key.holds_for(scope)) continue;
      const std::string_view last = last_step(key.path);
      if (key.path.size() == prefix.size() + last.size() &&
          key.path.substr(0, prefix.size()) == prefix) {
        names.push_back(last);
      } else if (last == name && elsewhere.empty() &&
                 key.path.find('*') == std::string_view::npos) {
        elsewhere = "; did you mean " + quoted(key.path) + "?";
      }
    }
    const std::string near = elsewhere.empty() ? did_you_mean(name, names) : elsewhere;
    fail(member, "unknown key" + near);
  }

  void check(const ConfigKey& key, const JsonValue& value, Scope scope, const std::string& path) {
    switch (key.type) {
      case KeyType::boolean:
        if (value.kind() != Kind::boolean) expected(value, "true or false");
        return;
      case KeyType::integer:
        return integer(key, value);
      case KeyType::number:
        return number(key, value);
      case KeyType::text:
        return text(key, value);
      case KeyType::choice:
        return choice(key, value);
      case KeyType::text_list:
        return text_list(key, value);
      case KeyType::text_map:
        return text_map(key, value);
      case KeyType::object:
        if (!value.is_object()) return expected(value, "an object");
        return object(value, scope, path + ".");
      case KeyType::object_map:
        return object_map(key, value, scope, path);
      case KeyType::endpoints:
        return endpoints(key, value);
      case KeyType::credential:
        return credential(key, value);
      case KeyType::dollars:
        if (!value.is_string() && value.kind() != Kind::integer && value.kind() != Kind::number) {
          expected(value, "dollars per million tokens as a number or a decimal string");
        }
        return;
      case KeyType::models:
        return models(key, value);
    }
  }

  void integer(const ConfigKey& key, const JsonValue& value) {
    const std::string range = key.least == key.most ? "the integer " + number_text(key.least)
                                                    : "an integer from " + number_text(key.least) +
                                                          " to " + number_text(key.most);
    if (value.kind() != Kind::integer) return expected(value, range);
    const auto given = static_cast<double>(value.integer_or(0));
    if (given < key.least || given > key.most) {
      fail(value, "expected " + range + ", not " + std::to_string(value.integer_or(0)));
    }
  }

  void number(const ConfigKey& key, const JsonValue& value) {
    const std::string range =
        "a number from " + number_text(key.least) + " to " + number_text(key.most);
    if (value.kind() != Kind::integer && value.kind() != Kind::number) {
      return expected(value, range);
    }
    const double given = value.number_or(0);
    if (given < key.least || given > key.most) {
      fail(value, "expected " + range + ", not " + JsonWriter().value(given).text());
    }
  }

  // Never quotes the text: it may be a secret that stands in the wrong place.
  void text(const ConfigKey& key, const JsonValue& value) {
    if (!value.is_string()) return expected(value, "a string");
    const std::string_view given = value.string_or("");
    if (static_cast<double>(given.size()) < key.least) return fail(value, "must not be empty");
    if (key.most > 0 && static_cast<double>(given.size()) > key.most) {
      return fail(value, "is longer than " + number_text(key.most) + " bytes");
    }
    if (has_control(given)) fail(value, "holds a control character");
  }

  void choice(const ConfigKey& key, const JsonValue& value) {
    const auto choices = split_choices(key.choices);
    if (!value.is_string()) return expected(value, list_choices(choices));
    const std::string_view given = value.string_or("");
    if (std::find(choices.begin(), choices.end(), given) == choices.end()) {
      fail(value, "expected " + list_choices(choices) + did_you_mean(given, choices));
    }
  }

  void text_list(const ConfigKey& key, const JsonValue& value) {
    if (!value.is_array()) return expected(value, "an array of strings");
    if (static_cast<double>(value.size()) < key.least) return fail(value, "must not be empty");
    for (const JsonValue& element : value.elements()) {
      ConfigKey each = key;
      each.least = 1;
      each.most = 0;
      text(each, element);
    }
  }

  void text_map(const ConfigKey& key, const JsonValue& value) {
    if (!value.is_object()) return expected(value, "an object of strings");
    std::set<std::string> seen;
    for (const auto& [name, member] : value.members()) {
      if (name.empty()) return fail(value, "holds an empty name");
      if (has_control(name)) return fail(value, "holds a name with a control character");
      if (!seen.insert(name).second) return fail(member, "is given twice");
      text(key, member);
    }
  }

  void object_map(const ConfigKey& key, const JsonValue& value, Scope scope,
                  const std::string& path) {
    if (!value.is_object()) return expected(value, "an object of objects");
    const auto names = split_choices(key.choices);
    std::set<std::string> seen;
    for (const auto& [name, member] : value.members()) {
      if (!seen.insert(name).second) return fail(member, "is given twice");
      if (!names.empty() && name.rfind("x-", 0) == 0) continue;
      if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        const std::string near = did_you_mean(name, names);
        return fail(member,
                    "unknown key" + (near.empty() ? "; expected " + list_choices(names) : near));
      }
      if (!member.is_object()) return expected(member, "an object");
      object(member, scope, path + ".*.");
    }
  }

  void endpoints(const ConfigKey& key, const JsonValue& value) {
    if (!value.is_array()) return expected(value, "an array of endpoints");
    const auto elements = value.elements();
    if (static_cast<double>(elements.size()) < key.least) return fail(value, "must not be empty");
    if (static_cast<double>(elements.size()) > key.most) {
      return fail(value, "has more than " + number_text(key.most) + " elements");
    }
    for (const JsonValue& element : elements) {
      if (element.is_object()) {
        object(element, Scope::endpoint, "");
      } else if (!element.is_string()) {
        expected(element, "a name, a URL or an object");
      }
      if (error_) return;
    }
  }

  void credential(const ConfigKey& key, const JsonValue& value) {
    if (value.is_string()) return text(key, value);
    const auto members = value.members();
    if (!value.is_object() || members.size() != 1 ||
        (members[0].first != "env" && members[0].first != "file")) {
      return fail(value, R"(expected a string, {"env": NAME} or {"file": PATH})");
    }
    text(key, members[0].second);
  }

  void models(const ConfigKey& key, const JsonValue& value) {
    if (value.is_array()) return text_list(key, value);
    if (!value.is_object()) {
      return expected(value, "an array of models, or an object from model to array");
    }
    std::set<std::string> seen;
    for (const auto& [name, member] : value.members()) {
      if (!seen.insert(name).second) return fail(member, "is given twice");
      text_list(key, member);
    }
  }

  std::string what_;
  Status status_;
  bool prefix_paths_;
  std::optional<Error> error_;
};

}  // namespace

std::optional<Error> check_by_table(const JsonValue& root, Scope scope, std::string_view what,
                                    Status status) {
  return Checker(what, status, scope == Scope::call).run(root, scope);
}

Error config_error(std::string_view path, std::string_view complaint, Status status) {
  std::string message(path.empty() ? "configuration" : path);
  message += ": ";
  message += complaint;
  return Error{status, std::move(message)};
}

std::string list_choices(const std::vector<std::string_view>& choices) {
  std::string out;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) out += i + 1 == choices.size() ? " or " : ", ";
    out += quoted(choices[i]);
  }
  return out;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& names) {
  const std::string_view near = nearest_name(name, names);
  return near.empty() ? std::string() : "; did you mean " + quoted(near) + "?";
}

JsonValue member_at(const JsonValue& object, std::string_view path) {
  JsonValue at = object;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    at = at.member(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return at;
}

}  // namespace holysheep
