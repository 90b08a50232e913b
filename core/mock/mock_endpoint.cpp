#include "core/mock/mock_endpoint.h"

#include <algorithm>
#include <utility>

namespace holysheep {
namespace {

// Keys and models come from callers; beyond this many pairs they share one quota.
constexpr std::size_t kQuotasMax = 10'000;
// Keeps which requests fail apart from how many delays were drawn before.
constexpr std::uint64_t kFailureSalt = 0x6661696c;

// What a request without a limit on its output is counted for, as far as the script does not say.
std::int64_t cost_of(const MockLimits& limits, const MockQuestion& question,
                     const MockReply& healthy, std::string_view endpoint) {
  if (limits.tokens_per_request > 0) return limits.tokens_per_request;
  const std::int64_t output = question.output_tokens_max >= 0
                                  ? question.output_tokens_max
                                  : mock_answer_tokens(healthy, endpoint);
  return question.input_tokens + output;
}

std::string quota_name(const MockEndpointScript& script, const MockRequest& request,
                       const MockQuestion& question) {
  constexpr char kSeparator = '\x1f';
  const MockLimits& limits = script.limits;
  std::string name = limits.group.empty() ? "endpoint" : "group";
  name.append(1, kSeparator).append(limits.group.empty() ? script.name : limits.group);
  if (limits.per_endpoint) return name;
  name.append(1, kSeparator).append(request.credential());
  return name.append(1, kSeparator).append(question.model);
}

}  // namespace

MockEndpoint::MockEndpoint(MockEndpointScript script, std::uint64_t seed, MockQuotas& quotas)
    : script_(std::move(script)), delays_(seed), failures_(seed ^ kFailureSalt), quotas_(quotas) {}

void MockEndpoint::replace(MockEndpointScript script) {
  script_ = std::move(script);
  responder_.forget();
  next_reply_ = 0;
  repeated_ = 0;
}

Nanos MockEndpoint::draw(const MockDelay& delay) {
  if (delay.max <= delay.min) return delay.min;
  const auto span = static_cast<std::uint64_t>(delay.max - delay.min) + 1;
  return delay.min + static_cast<Nanos>(delays_.below(span));
}

const MockReply& MockEndpoint::choose() {
  const auto& replies = script_.replies;
  if (next_reply_ >= replies.size() && !replies.empty()) {
    if (script_.then == MockThen::repeat) next_reply_ = 0;
    if (script_.then == MockThen::last) return *replies.back();
  }
  if (next_reply_ < replies.size()) {
    const MockReply& reply = *replies[next_reply_];
    if (++repeated_ >= reply.times) {
      repeated_ = 0;
      ++next_reply_;
    }
    return reply;
  }
  if (script_.fail_rate > 0 && failures_.uniform() < script_.fail_rate) return *script_.fail;
  return *script_.healthy;
}

MockResponse MockEndpoint::refuse(MockError error, MockErrorFacts facts, const MockRequest& request,
                                  const MockQuestion& question,
                                  const MockResponseFacts& response_facts) {
  facts.model = question.model;
  MockReply reply;
  apply_mock_error(script_.family, error, facts, reply);
  // A responder of its own: the reply dies here, and its body must not be found again.
  return MockResponder().respond(reply, request, question, response_facts);
}

MockResponse MockEndpoint::answer(const MockRequest& request, const MockQuestion& question,
                                  const Now& now, std::uint64_t number, MockQuota** quota) {
  *quota = nullptr;
  MockResponseFacts facts{script_.name, &script_.models, number, now.unix, {}};
  if (!script_.key.empty() && request.credential() != script_.key) {
    return refuse(MockError::auth, {}, request, question, facts);
  }
  const auto& models = script_.models;
  if (!models.empty() && !question.model.empty() &&
      std::find(models.begin(), models.end(), question.model) == models.end()) {
    return refuse(MockError::model_not_found, {}, request, question, facts);
  }
  if (script_.limits.any()) {
    const MockLimits& limits = script_.limits;
    std::string name = quota_name(script_, request, question);
    if (quotas_.size() >= kQuotasMax && quotas_.find(name) == quotas_.end()) name.clear();
    MockQuota& own = quotas_[name];
    const std::int64_t tokens = cost_of(limits, question, *script_.healthy, script_.name);
    const std::optional<MockRefusal> refusal = own.take(limits, tokens, now.mono);
    facts.limit_headers = mock_limit_headers(script_.family, own.view(limits, now.mono),
                                             refusal.has_value(), now.unix);
    if (refusal) return refuse(refusal->error, refusal->facts, request, question, facts);
    *quota = &own;
  }
  return responder_.respond(choose(), request, question, facts);
}

}  // namespace holysheep
