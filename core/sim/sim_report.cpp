#include "core/sim/sim_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "core/call_report.h"
#include "core/json.h"

namespace holysheep {
namespace {

struct EndpointTally {
  std::uint64_t attempts = 0;
  std::uint64_t served = 0;
  std::uint64_t rate_limited = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
};

double milliseconds(Nanos duration) {
  return static_cast<double>(duration) / static_cast<double>(kMillisecond);
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Nearest rank.
Nanos percentile(const std::vector<Nanos>& sorted, std::size_t percent) {
  if (sorted.empty()) return 0;
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void write_percentiles(JsonWriter& writer, std::string_view name, std::vector<Nanos> samples) {
  std::sort(samples.begin(), samples.end());
  writer.key(name).begin_object();
  writer.member("p50", milliseconds(percentile(samples, 50)));
  writer.member("p99", milliseconds(percentile(samples, 99)));
  writer.member("max", samples.empty() ? 0.0 : milliseconds(samples.back()));
  writer.end_object();
}

std::vector<EndpointTally> tally_endpoints(const Simulation& simulation) {
  std::vector<EndpointTally> tallies(simulation.transport().provider_count());
  for (const SimAttempt& attempt : simulation.transport().attempts()) {
    EndpointTally& tally = tallies[attempt.provider];
    ++tally.attempts;
    if (attempt.status == 429)
      ++tally.rate_limited;
    else if (attempt.cancelled)
      ++tally.cancelled;
  }
  for (const SimCall& call : simulation.calls()) {
    if (!call.accepted || call.status != Status::ok || call.attempts.empty()) continue;
    const SimAttempt& last = simulation.transport().attempts()[call.attempts.back()];
    ++tallies[last.provider].served;
    // The engine cancels what brings nothing more; that is not the endpoint's failure.
    if (last.cancelled) --tallies[last.provider].cancelled;
  }
  for (EndpointTally& tally : tallies) {
    tally.failed = tally.attempts - tally.served - tally.rate_limited - tally.cancelled;
  }
  return tallies;
}

void write_endpoints(JsonWriter& writer, const SimScenario& scenario,
                     const Simulation& simulation) {
  const std::vector<EndpointTally> tallies = tally_endpoints(simulation);
  writer.key("endpoints").begin_array();
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    writer.begin_object();
    writer.member("name", scenario.providers[i].name);
    writer.member("attempts", tallies[i].attempts).member("served", tallies[i].served);
    writer.member("rate_limited", tallies[i].rate_limited).member("failed", tallies[i].failed);
    writer.member("cancelled", tallies[i].cancelled);
    writer.end_object();
  }
  writer.end_array();
}

std::string hexadecimal(std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; number >>= 4)
    text[i] = kDigits[number & 15];
  return text;
}

}  // namespace

std::string simulation_report(const SimScenario& scenario, std::uint64_t seed,
                              const Simulation& simulation) {
  std::map<std::string, std::uint64_t> failures;
  std::vector<Nanos> waited;
  std::vector<Nanos> took;
  std::uint64_t succeeded = 0;
  for (const SimCall& call : simulation.calls()) {
    if (call.status != Status::ok) {
      ++failures[status_name(call.status)];
      continue;
    }
    ++succeeded;
    took.push_back(call.done - call.submitted);
    waited.push_back(call.report == nullptr ? 0 : call.report->waited);
  }
  const std::uint64_t calls = simulation.calls().size();
  const std::uint64_t attempts = simulation.transport().attempts().size();
  std::uint64_t limited = 0;
  for (const SimAttempt& attempt : simulation.transport().attempts()) {
    if (attempt.status == 429) ++limited;
  }
  const double seconds = static_cast<double>(simulation.elapsed()) / static_cast<double>(kSecond);

  JsonWriter writer;
  writer.begin_object();
  writer.member("name", scenario.name).member("seed", seed);
  writer.member("calls", calls).member("ok", succeeded).member("failed", calls - succeeded);
  writer.key("failed_by_status").begin_object();
  for (const auto& [name, count] : failures)
    writer.member(name, count);
  writer.end_object();
  writer.member("attempts", attempts).member("attempts_per_call", ratio(attempts, calls));
  writer.member("rate_limited", limited).member("rate_limited_share", ratio(limited, attempts));
  writer.member("goodput_per_s", seconds > 0 ? static_cast<double>(succeeded) / seconds : 0.0);
  write_percentiles(writer, "took_ms", std::move(took));
  write_percentiles(writer, "waited_ms", std::move(waited));
  write_endpoints(writer, scenario, simulation);
  writer.member("virtual_seconds", seconds);
  writer.member("steps", simulation.steps());
  writer.member("trace_hash", hexadecimal(simulation.trace_hash()));
  writer.end_object();
  return writer.take();
}

}  // namespace holysheep
