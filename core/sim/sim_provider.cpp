#include "core/sim/sim_provider.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "core/headers.h"
#include "core/sim/sim_refusal.h"

namespace holysheep {
namespace {

constexpr std::string_view kPage =
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

bool ends_before_request(SimFaultKind kind) {
  return kind == SimFaultKind::refuse || kind == SimFaultKind::resolve ||
         kind == SimFaultKind::unreachable || kind == SimFaultKind::local;
}

// Faults that happen to an answer that would have been a success.
bool breaks_success(SimFaultKind kind) {
  return kind == SimFaultKind::slow || kind == SimFaultKind::cut || kind == SimFaultKind::silence ||
         kind == SimFaultKind::truncated || kind == SimFaultKind::in_band;
}

// A scripted 429's own Retry-After in whole seconds: the simulator's reading of it is independent
// of the engine's.
std::optional<Nanos> plain_retry_after(const std::string& lines) {
  const Headers headers(lines);
  const std::string_view text = headers.find("retry-after");
  constexpr std::size_t kDigitsMax = 9;
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  Nanos seconds = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    seconds = seconds * 10 + (digit - '0');
  }
  return seconds * kSecond;
}

SimAnswer whole_body(int status, std::string_view content_type, std::string body) {
  SimAnswer answer;
  answer.status = status;
  answer.headers = "content-type: " + std::string(content_type) + "\r\n";
  answer.pieces.push_back({0, std::move(body)});
  answer.truth = SimTruth::bad;
  return answer;
}

SimAnswer scripted_answer(const SimFault& fault) {
  SimAnswer answer = error_answer(fault.status);
  if (fault.body || !fault.pieces.empty() || fault.status < 300) answer.pieces.clear();
  if (fault.body) answer.pieces.push_back({0, *fault.body});
  if (!fault.headers.empty()) {
    const bool typed = Headers(fault.headers).has("content-type");
    answer.headers = typed ? fault.headers : answer.headers + fault.headers;
  }
  answer.truth = fault.status >= 200 && fault.status < 300 ? SimTruth::unknown : SimTruth::bad;
  if (fault.status == 429) answer.told_wait = plain_retry_after(fault.headers);
  return answer;
}

}  // namespace

SimProvider::SimProvider(SimProviderModel model, std::uint64_t seed)
    : model_(std::move(model)), limiter_(model_.limits), random_(seed) {}

void SimProvider::script(std::vector<SimFault> answers) {
  for (SimFault& answer : answers)
    model_.answers.push_back(std::move(answer));
}

SimFault SimProvider::plan(Nanos since_start) {
  if (scripted_ < model_.answers.size()) return model_.answers[scripted_++];
  for (const SimFault& fault : model_.schedule) {
    if (since_start < fault.from || since_start >= fault.until) continue;
    if (fault.rate >= 1 || random_.uniform() < fault.rate) return fault;
  }
  return {};
}

SimConnect SimProvider::connect(const SimFault& fault, bool fresh) {
  SimConnect found;
  if (!ends_before_request(fault.kind) && !fresh && idle_connections_ > 0) {
    --idle_connections_;
    found.reused = true;
    return found;
  }
  found.delay = model_.connect_ms.sample_ms(random_);
  if (fault.kind == SimFaultKind::refuse) found.error = TransportError::connect;
  if (fault.kind == SimFaultKind::resolve) found.error = TransportError::resolve;
  if (fault.kind == SimFaultKind::local) {
    found.error = TransportError::local_descriptors;
    found.delay = 0;
  }
  found.never = fault.kind == SimFaultKind::unreachable;
  return found;
}

SimAnswer SimProvider::answer(const SimFault& fault, const SimRequest& request, Now now,
                              bool reused) {
  ++in_flight_;
  const bool alive = fault.kind == SimFaultKind::dead_connection && !reused;
  SimAnswer answer;
  if (fault.kind == SimFaultKind::none || breaks_success(fault.kind) || alive) {
    answer = model_answer(fault, request, now);
  } else {
    answer = fault_answer(fault, request, reused);
    answer.head_delay = model_.error_ms.sample_ms(random_);
  }
  if (fault.delay_ms) answer.head_delay = fault.delay_ms->sample_ms(random_);
  return answer;
}

SimAnswer SimProvider::model_answer(const SimFault& fault, const SimRequest& request, Now now) {
  // OpenAI reserves the larger of both, the others their sum (PROVIDERS 1.1).
  const std::int64_t cost = model_.family == SimFamily::openai
                                ? std::max(request.input_tokens, request.max_tokens)
                                : request.input_tokens + request.max_tokens;
  const SimAdmission admission = limiter_.admit(now, cost);
  if (!admission.admitted) {
    SimAnswer refusal = refusal_answer(model_.family, request, admission, now);
    refusal.headers += limit_headers(model_.family, limiter_, now);
    refusal.head_delay = model_.error_ms.sample_ms(random_);
    return refusal;
  }
  const std::int64_t tokens = model_.output_tokens.sample_count(random_, 1);
  SimAnswer answer = success_answer(request, tokens, model_.pieces);
  answer.admitted = true;
  answer.headers += limit_headers(model_.family, limiter_, now);
  answer.head_delay = model_.first_token_ms.sample_ms(random_);
  const bool streamed = answer.payloads.size() > 1;
  const auto count = static_cast<Nanos>(answer.pieces.size());
  const Nanos speaking = model_.token_ms.sample_ms(random_) * tokens;
  if (!streamed) {
    answer.head_delay += speaking;
  } else {
    for (std::size_t i = 2; i < answer.pieces.size(); ++i)
      answer.pieces[i].delay = speaking / count;
  }
  if (breaks_success(fault.kind)) break_answer(answer, fault, request);
  return answer;
}

SimAnswer SimProvider::fault_answer(const SimFault& fault, const SimRequest& request, bool reused) {
  SimAnswer answer;
  answer.truth = SimTruth::bad;
  switch (fault.kind) {
    case SimFaultKind::status:
      answer = scripted_answer(fault);
      for (const std::string& piece : fault.pieces) {
        answer.pieces.push_back({fault.piece_delay_ms.sample_ms(random_), piece});
      }
      answer.end = fault.end;
      answer.error = fault.end == SimEnd::cut ? TransportError::cut : TransportError::none;
      if (fault.end != SimEnd::complete) answer.truth = SimTruth::unknown;
      break;
    case SimFaultKind::dead_connection:
      answer.end = SimEnd::cut;
      answer.error = reused ? TransportError::reused_dead : TransportError::reset;
      break;
    case SimFaultKind::reset:
      answer.end = SimEnd::cut;
      answer.error = TransportError::reset;
      break;
    case SimFaultKind::html:
      answer = whole_body(200, "text/html", std::string(kPage));
      break;
    case SimFaultKind::error_object:
      answer = whole_body(200, "application/json",
                          error_body("The server had an error.", "server_error", ""));
      break;
    case SimFaultKind::done_only:
      answer = request.stream ? whole_body(200, "text/event-stream", "data: [DONE]\n\n")
                              : whole_body(200, "application/json", "");
      break;
    default:
      answer.end = SimEnd::silence;
      break;
  }
  return answer;
}

void SimProvider::break_answer(SimAnswer& answer, const SimFault& fault,
                               const SimRequest& request) {
  if (fault.kind == SimFaultKind::slow) {
    const auto slower = [&fault](Nanos delay) {
      return static_cast<Nanos>(static_cast<double>(delay) * fault.factor);
    };
    answer.head_delay = slower(answer.head_delay);
    for (SimPiece& piece : answer.pieces)
      piece.delay = slower(piece.delay);
    return;
  }
  if (request.stream && answer.payloads.size() > 1) {
    break_stream(answer, fault);
  } else if (fault.kind == SimFaultKind::in_band) {
    answer.pieces[0].bytes = error_body("The server had an error.", "server_error", "");
    answer.truth = SimTruth::bad;
  } else {
    std::string& body = answer.pieces[0].bytes;
    body.resize(body.size() / 2);
    answer.truth = SimTruth::bad;
  }
  if (fault.kind == SimFaultKind::silence) answer.end = SimEnd::silence;
  if (fault.kind == SimFaultKind::cut) {
    answer.end = SimEnd::cut;
    answer.error = TransportError::cut;
  }
}

// A stream is: role, content…, finish, perhaps usage, [DONE].
void SimProvider::break_stream(SimAnswer& answer, const SimFault& fault) {
  std::size_t content = 0;
  for (const std::string& payload : answer.payloads) {
    if (payload.find("\"content\":\"token") != std::string::npos) ++content;
  }
  // Up to `content` + 1: after the finish, where a broken end is none.
  const std::size_t after =
      fault.after_pieces >= 0 ? std::min(static_cast<std::size_t>(fault.after_pieces), content + 1)
                              : static_cast<std::size_t>(random_.below(content + 2));
  const bool finished = after == content + 1;
  const std::size_t kept = after + 1;
  const std::string next = kept < answer.pieces.size() ? answer.pieces[kept].bytes : "";
  answer.pieces.resize(kept);
  answer.payloads.resize(kept);
  answer.truth = finished ? SimTruth::good : SimTruth::bad;
  if (fault.kind == SimFaultKind::in_band) {
    const std::string error = error_body("The server had an error.", "server_error", "");
    answer.pieces.push_back({0, "data: " + error + "\n\ndata: [DONE]\n\n"});
    answer.truth = SimTruth::bad;
  } else if (fault.kind == SimFaultKind::cut && !finished) {
    answer.pieces.push_back({0, next.substr(0, next.size() / 2)});
  }
}

void SimProvider::release(const SimAnswer& answer, bool reusable) {
  --in_flight_;
  if (answer.admitted) limiter_.release();
  if (reusable) ++idle_connections_;
}

}  // namespace holysheep
