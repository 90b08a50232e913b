#include "core/client_monitor.h"

#include <algorithm>
#include <utility>

namespace holysheep {
namespace {

// Below this a share says nothing.
constexpr std::uint64_t kJudgedLeast = 20;
// How long an endpoint must have been without a 429 before its alert is over: the document's
// cooldown.
constexpr Nanos kAlertQuiet = kMinute;
constexpr Nanos kTickEvery = kSecond;
// All endpoints limited for a moment is what waiting is for; for longer, a person should know.
constexpr Nanos kLimitedLasting = 10 * kSecond;
// A busy client's plain successes must not wash out the traces that tell something.
constexpr Nanos kPlainTraceEvery = 100 * kMillisecond;
// Of a request whose usage nobody told: a token of English text is about four bytes of JSON.
constexpr std::int64_t kBytesPerToken = 4;
// What an answer that nobody saw is taken for while no answer of its model has told its usage.
constexpr std::int64_t kUnknownOutput = 500;
constexpr int kTooManyRequests = 429;

MonitorSettings settings_of(const Config& config) {
  MonitorSettings settings;
  settings.alert_threshold = config.monitor.alert_threshold;
  settings.window = config.monitor.window;
  settings.alert_quiet = kAlertQuiet;
  settings.judged_least = kJudgedLeast;
  settings.failures_count = true;
  return settings;
}

std::vector<std::string> names_of(const Config& config) {
  std::vector<std::string> names;
  names.reserve(config.endpoints.size());
  for (const EndpointConfig& endpoint : config.endpoints)
    names.push_back(endpoint.name);
  return names;
}

}  // namespace

bool is_requests_fault(Verdict verdict) {
  switch (verdict) {
    case Verdict::invalid_request:
    case Verdict::context_length:
    case Verdict::content_filter:
    case Verdict::too_large:
    case Verdict::redirected:
      return true;
    default:
      return false;
  }
}

namespace {

RequestOutcome outcome_of(Verdict verdict, int status) {
  if (verdict == Verdict::ok) return RequestOutcome::succeeded;
  if (status == kTooManyRequests) return RequestOutcome::rate_limited;
  return is_requests_fault(verdict) ? RequestOutcome::rejected : RequestOutcome::failed;
}

// Sent in full and not answered, or answered in part: as the call's own `maybe_billed` has it.
bool maybe_billed(const Attempt& attempt, Verdict verdict) {
  const bool success = is_success(attempt.status);
  switch (verdict) {
    case Verdict::ok:
      return false;
    case Verdict::broken_stream:
      return true;
    case Verdict::timeout:
    case Verdict::cancelled:
      return attempt.sent_at >= 0 && (attempt.answered_at < 0 || success);
    case Verdict::local:  // an answer that was larger than our own limits
      return success;
    default:
      return attempt.sent_at >= 0 && attempt.answered_at < 0;
  }
}

// Of a model's answers, in tokens: what one that nobody saw may have had.
std::int64_t usual_output(const LedgerLine& model) {
  const std::uint64_t calls = model.calls.get();
  if (model.output_tokens.get() == 0 || calls == 0) return kUnknownOutput;
  return static_cast<std::int64_t>(model.output_tokens.get() / calls);
}

// Of an attempt that told no usage, in tokens, by what was seen of its answer.
std::int64_t output_of(const Attempt& attempt, const LedgerLine& model) {
  if (attempt.answered_at < 0) return usual_output(model);
  if (attempt.reader == nullptr) {
    return attempt.answer_bytes > 0 ? attempt.answer_bytes / kBytesPerToken : usual_output(model);
  }
  // Servers put one token into a chunk, or many.
  return std::max(attempt.content_count, attempt.reader->content_bytes() / kBytesPerToken);
}

}  // namespace

bool can_take_calls(const EndpointView& endpoint, Nanos now_mono) {
  const EndpointStatus status = status_at(endpoint, now_mono);
  return status == EndpointStatus::healthy || status == EndpointStatus::degraded;
}

bool nobody_takes_calls(const Snapshot& snapshot, Nanos mono) {
  return std::none_of(snapshot.endpoints.begin(), snapshot.endpoints.end(),
                      [mono](const auto& each) { return can_take_calls(*each, mono); });
}

ClientMonitor::ClientMonitor(std::shared_ptr<const Config> config,
                             std::shared_ptr<Counters> counters)
    : config_(std::move(config)),
      counters_(std::move(counters)),
      monitor_(settings_of(*config_), names_of(*config_)),
      calls_(config_->monitor.window),
      budget_(config_->budget) {
  for (const EndpointConfig& endpoint : config_->endpoints) {
    endpoints_.push_back(std::make_unique<LedgerLine>());
    endpoints_.back()->name = endpoint.name;
    head_rooms_.push_back(std::make_unique<HeadRoom>());
  }
}

// ---- attempts ----------------------------------------------------------------------------------

void ClientMonitor::attempt_ended(const Call& call, const Classification& found, Now now) {
  const Attempt& attempt = call.attempt;
  const TraceLine& line = call.trace.back();
  if (maybe_billed(attempt, found.verdict)) estimate(call, line, now);
  if (found.verdict == Verdict::cancelled || found.verdict == Verdict::local) return;
  // Another credential's limits are not the endpoint's.
  if (!call.request.own_credential) {
    head_rooms_[line.endpoint]->read(attempt.headers, attempt.status == kTooManyRequests, now);
  }
  RequestRecord record;
  record.outcome = outcome_of(found.verdict, attempt.status);
  record.retries = call.attempts > 1 ? 1 : 0;
  record.latency = line.took;
  if (attempt.first_content_at >= 0) {
    record.first_token = attempt.first_content_at - attempt.begun_at;
  }
  monitor_.record(line.endpoint, record, now);
  if (found.verdict == Verdict::auth && !call.request.own_credential) {
    monitor_.key_refused(line.endpoint, now);
  }
}

std::optional<Price> ClientMonitor::price_of(std::uint32_t endpoint,
                                             const std::string& model) const {
  const EndpointConfig& at = config_->endpoints[endpoint];
  for (const auto* prices : {&at.prices, &config_->prices}) {
    const auto named = prices->find(model);
    if (named != prices->end()) return named->second;
  }
  return document_price(at.host, model);
}

// For what told no usage: of a stream each piece of content is about a token, and an answer that
// nobody saw is as long as its model's others.
void ClientMonitor::estimate(const Call& call, const TraceLine& line, Now now) {
  const std::optional<Price> price = price_of(line.endpoint, line.model);
  LedgerLine& of_model = models_.line(line.model);
  Usage usage;
  const std::string* body = call.request.body.get();
  const std::int64_t bytes = body == nullptr ? 0 : static_cast<std::int64_t>(body->size());
  usage.input = (bytes + kBytesPerToken - 1) / kBytesPerToken;
  usage.output = output_of(call.attempt, of_model);
  if (call.attempt.reader != nullptr) {
    const Usage& told = call.attempt.reader->facts().usage;
    if (told.known()) usage = told;
  }
  std::optional<NanoUsd> amount;
  if (price) amount = cost_of(*price, usage);
  charge_estimate(*endpoints_[line.endpoint], amount);
  charge_estimate(of_model, amount);
  if (!call.request.options.tag.empty()) {
    charge_estimate(tags_.line(call.request.options.tag), amount);
  }
  if (amount) {
    budget_.spend(*amount, now.unix, monitor_.alerts());
  } else {
    warn_unpriced(line.model, now);
  }
}

// ---- calls -------------------------------------------------------------------------------------

std::optional<NanoUsd> ClientMonitor::cost(const TraceLine& line, const Usage& usage) const {
  const std::optional<Price> price = price_of(line.endpoint, line.model);
  if (!price) return std::nullopt;
  return cost_of(*price, usage);
}

void ClientMonitor::call_ended(const Call& call, const std::shared_ptr<const CallReport>& report,
                               Now now) {
  if (report->status != Status::cancelled) {
    const bool rejected = report->failed && is_requests_fault(report->cause.verdict);
    const bool failed = report->failed && !rejected;
    calls_.count(now.mono, {1, 0, failed ? 1U : 0U, rejected ? 1U : 0U});
  }
  if (!report->failed && report->usage.known()) {
    const std::string& model = report->trace.back().model;
    charge(*endpoints_[report->endpoint], report->usage, report->cost);
    charge(models_.line(model), report->usage, report->cost);
    if (!call.request.options.tag.empty()) {
      charge(tags_.line(call.request.options.tag), report->usage, report->cost);
    }
    if (const std::optional<NanoUsd> cost = report->cost) {
      budget_.spend(*cost, now.unix, monitor_.alerts());
    } else {
      warn_unpriced(model, now);
    }
  } else if (!report->failed && !call.request.model.empty() && !report->trace.empty()) {
    estimate(call, report->trace.back(), now);  // it told no usage
  }
  if (watched_.get()) keep(call, report, now);
}

// A budget that stops is worth nothing where costs are not known.
void ClientMonitor::warn_unpriced(const std::string& model, Now now) {
  if (!budget_.settings().stops) return;
  LedgerLine& line = models_.line(model);
  if (line.warned) return;
  line.warned = true;
  Alert alert;
  alert.cause = AlertCause::price_unknown;
  alert.message =
      "the budget cannot count " + line.name + ": it has no price; set prices." + line.name;
  monitor_.alerts().raise(std::move(alert), now.unix);
}

// What the configuration tells of models before the first call.
void ClientMonitor::warn_unpriced_models(Now now) {
  if (!budget_.settings().stops) return;
  for (std::uint32_t i = 0; i < config_->endpoints.size(); ++i) {
    for (const std::string& model : config_->endpoints[i].models)
      if (!price_of(i, model)) warn_unpriced(model, now);
  }
  for (const auto& [model, fallbacks] : config_->fallback_models) {
    for (const std::string& each : fallbacks)
      if (!price_of(0, each)) warn_unpriced(each, now);
  }
  const bool any = !config_->prices.empty() ||
                   std::any_of(config_->endpoints.begin(), config_->endpoints.end(),
                               [](const EndpointConfig& each) {
                                 return !each.prices.empty() || has_document_prices(each.host);
                               });
  if (any) return;
  Alert alert;
  alert.cause = AlertCause::price_unknown;
  alert.message = "the budget cannot count anything: no model has a price; set prices";
  monitor_.alerts().raise(std::move(alert), now.unix);
}

void ClientMonitor::keep(const Call& call, const std::shared_ptr<const CallReport>& report,
                         Now now) {
  const bool plain = !report->failed && report->attempts == 1;
  if (plain && now.mono - plain_kept_ < kPlainTraceEvery) return;
  if (plain) plain_kept_ = now.mono;
  if (fresh_traces_.size() >= kTracesMax) return;
  fresh_traces_.push_back({call.id, now.unix, call.request.options.tag, report});
}

std::vector<KeptTrace> ClientMonitor::traces() const {
  const std::lock_guard<std::mutex> lock(traces_mutex_);
  return {traces_.begin(), traces_.end()};
}

// ---- turns -------------------------------------------------------------------------------------

void ClientMonitor::turn_ended(const std::shared_ptr<const Snapshot>& fresh, Now now) {
  if (fresh != nullptr) snapshot_ = fresh;
  if (!fresh_traces_.empty()) {
    const std::lock_guard<std::mutex> lock(traces_mutex_);
    for (KeptTrace& each : fresh_traces_)
      traces_.push_front(std::move(each));
    while (traces_.size() > kTracesMax)
      traces_.pop_back();
    fresh_traces_.clear();
  }
  if (fresh != nullptr || limited_alert_id_ != 0 || limited_since_ >= 0) judge_limited(now);
  judge_deliveries(now);
  if (begun_ && now.mono - ticked_ < kTickEvery) return;
  if (!begun_) warn_unpriced_models(now);
  begun_ = true;
  ticked_ = now.mono;
  monitor_.tick(now);
  budget_.tick(now.unix, monitor_.alerts());
}

void ClientMonitor::judge_limited(Now now) {
  const bool none = nobody_takes_calls(*snapshot_, now.mono);
  if (none) {
    if (limited_since_ < 0) limited_since_ = now.mono;
    limited_last_ = now.mono;
    some_limited_ = std::any_of(snapshot_->endpoints.begin(), snapshot_->endpoints.end(),
                                [&](const auto& each) {
                                  return status_at(*each, now.mono) == EndpointStatus::rate_limited;
                                });
  } else {
    limited_since_ = -1;
  }
  if (limited_alert_id_ != 0) {
    // Limits that open and close again are one episode; a key that is accepted again ends it.
    const Nanos quiet = some_limited_ ? kAlertQuiet : 0;
    if (none || now.mono - limited_last_ < quiet) return;
    monitor_.alerts().resolve(limited_alert_id_, now.unix);
    limited_alert_id_ = 0;
    return;
  }
  if (!none) return;
  // No end within `max_wait` is known: calls fail now.
  const bool hopeless =
      nobody_takes_calls(*snapshot_, saturating_add(now.mono, config_->policy.max_wait));
  if (hopeless || now.mono - limited_since_ >= kLimitedLasting) raise_limited(now);
}

void ClientMonitor::raise_limited(Now now) {
  const auto& views = snapshot_->endpoints;
  Alert alert;
  alert.cause = AlertCause::all_limited;
  alert.severity = AlertSeverity::critical;
  alert.message = "no endpoint can take a call:";
  for (const auto& each : views) {
    alert.message.append(&each == &views.front() ? " " : ", ").append(each->name).append(" ");
    alert.message.append(name_of(status_at(*each, now.mono)));
    if (!each->reason.empty()) alert.message.append(" (").append(each->reason).append(")");
  }
  limited_alert_id_ = monitor_.alerts().raise(std::move(alert), now.unix);
}

void ClientMonitor::judge_deliveries(Now now) {
  const bool failing = deliveries_.failing.get();
  if (failing == (delivery_alert_id_ != 0)) return;
  if (!failing) {
    monitor_.alerts().resolve(delivery_alert_id_, now.unix);
    delivery_alert_id_ = 0;
    return;
  }
  const int status = deliveries_.http_status.get();
  Alert alert;
  alert.cause = AlertCause::delivery;
  alert.message = "the webhook did not take an alert: " +
                  (status == 0 ? "no answer" : "HTTP status " + std::to_string(status));
  delivery_alert_id_ = monitor_.alerts().raise(std::move(alert), now.unix);
}

Nanos ClientMonitor::next_instant() const {
  if (!watched_.get()) return kNever;
  if (monitor_.alerts().active() != 0) return ticked_ + kTickEvery;
  return limited_since_ < 0 ? kNever : limited_since_ + kLimitedLasting;
}

}  // namespace holysheep
