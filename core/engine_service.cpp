// The provider's status page, asked when every endpoint has failed (`monitor.check_service`): one
// request for all calls that end so meanwhile, and its answer is used for half a minute.

#include <algorithm>

#include "core/engine_impl.h"

namespace holysheep {
namespace {

// How long a call waits for what the page says, at most; its total limit comes first.
constexpr Nanos kServiceWaitMax = 5 * kSecond;
constexpr Nanos kServiceFresh = 30 * kSecond;

// Whether a status page may explain it.
bool is_outage(Verdict verdict) {
  switch (verdict) {
    case Verdict::overloaded:
    case Verdict::server_error:
    case Verdict::transient:
    case Verdict::network:
    case Verdict::timeout:
    case Verdict::broken_stream:
      return true;
    default:
      return false;
  }
}

}  // namespace

// True: the call ends, with the same flags, when the page has answered.
bool Engine::Impl::waits_for_service(Call& call, std::uint32_t flags, Nanos retry_after) {
  if (!ask_service || call.ending || !is_outage(call.cause.verdict)) return false;
  if ((flags & kFlagAllEndpointsFailed) == 0 || !known_of_service().empty()) return false;
  if (service_asked_at < 0 || now.mono - service_asked_at > kServiceWaitMax) {
    service_asked_at = now.mono;
    ask_service();
  }
  call.ending = true;
  call.end_flags = flags;
  call.end_retry_after = retry_after;
  call.phase = Call::Phase::waiting;
  call.wake_at = std::min(service_asked_at + kServiceWaitMax, call.total_at);
  call.wait_since = -1;
  ++waiting_count;
  counters->calls_waiting.store(waiting_count, std::memory_order_relaxed);
  set_timer(call);
  return true;
}

// What the page said, if that was just now; else "".
std::string_view Engine::Impl::known_of_service() const {
  const bool fresh = service_told_at >= 0 && now.mono - service_told_at <= kServiceFresh;
  return fresh ? std::string_view(service_said) : std::string_view();
}

void Engine::Impl::service_told(const std::string& said) {
  service_said = said;
  service_told_at = now.mono;
  service_asked_at = -1;
  for (Call* call = first_call; call != nullptr; call = call->next) {
    if (!call->ending || call->phase != Call::Phase::waiting) continue;
    step(*call, [&] { make_ready(*call); });
  }
}

}  // namespace holysheep
