#include "core/action.h"

#include <array>

namespace holysheep {
namespace {

constexpr Action make(Scope scope) {
  Action action;
  action.scope = scope;
  return action;
}

constexpr std::array<Action, kVerdictCount> make_smart() {
  std::array<Action, kVerdictCount> table{};
  const auto at = [&table](Verdict verdict) -> Action& {
    return table[static_cast<std::size_t>(verdict)];
  };
  Action& limited = at(Verdict::rate_limited) = make(Scope::quota);
  limited.same_route = limited.elsewhere = limited.other_model = limited.throttle = true;
  Action& large = at(Verdict::too_large) = make(Scope::request);
  large.elsewhere = large.other_model = true;
  Action& exhausted = at(Verdict::quota_exhausted) = make(Scope::credential);
  exhausted.elsewhere = exhausted.other_model = true;
  Action& auth = at(Verdict::auth) = make(Scope::credential);
  auth.elsewhere = auth.other_key_only = true;
  Action& forbidden = at(Verdict::forbidden) = make(Scope::route);
  forbidden.elsewhere = true;
  Action& overloaded = at(Verdict::overloaded) = make(Scope::route);
  overloaded.same_route = overloaded.elsewhere = overloaded.other_model = true;
  overloaded.hard_failure = overloaded.throttle = true;
  Action& server = at(Verdict::server_error) = make(Scope::route);
  server.same_route = server.elsewhere = server.other_model = server.hard_failure = true;
  Action& transient = at(Verdict::transient) = make(Scope::route);
  transient.same_route = transient.at_once = transient.elsewhere = transient.other_model = true;
  Action& network = at(Verdict::network) = make(Scope::host);
  network.same_route = network.elsewhere = network.other_model = network.hard_failure = true;
  Action& timeout = at(Verdict::timeout) = make(Scope::route);
  timeout.elsewhere = timeout.other_model = timeout.hard_failure = true;
  Action& broken = at(Verdict::broken_stream) = make(Scope::route);
  broken.same_route = broken.elsewhere = broken.other_model = broken.hard_failure = true;
  Action& model = at(Verdict::model_unavailable) = make(Scope::route);
  model.elsewhere = model.other_model = true;
  Action& context = at(Verdict::context_length) = make(Scope::request);
  context.other_model = true;
  at(Verdict::content_filter) = make(Scope::request);
  Action& invalid = at(Verdict::invalid_request) = make(Scope::request);
  invalid.elsewhere = invalid.other_model = invalid.final_from_first = true;
  Action& local = at(Verdict::local) = make(Scope::none);
  local.same_route = local.elsewhere = true;
  at(Verdict::redirected) = make(Scope::request);
  at(Verdict::cancelled) = make(Scope::none);
  at(Verdict::ok) = make(Scope::route);
  return table;
}

// The document moves on after every failure but those that its own error chapter calls the
// caller's.
constexpr std::array<Action, kVerdictCount> make_document() {
  std::array<Action, kVerdictCount> table = make_smart();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    const bool final = verdict == Verdict::invalid_request || verdict == Verdict::context_length ||
                       verdict == Verdict::content_filter || verdict == Verdict::redirected ||
                       verdict == Verdict::cancelled;
    table[i].same_route = table[i].elsewhere = !final;
    table[i].at_once = false;
    table[i].other_model = false;
  }
  return table;
}

constexpr std::array<Action, kVerdictCount> kSmart = make_smart();
constexpr std::array<Action, kVerdictCount> kDocument = make_document();

}  // namespace

const Action& action_of(Verdict verdict, const Policy& policy) {
  const auto index = static_cast<std::size_t>(verdict);
  return policy.per_route ? kSmart[index] : kDocument[index];
}

}  // namespace holysheep
