#include "core/sim/sim_scenario.h"

#include <algorithm>
#include <utility>

#include "core/sim/strict_reader.h"

namespace holysheep {
namespace {

constexpr double kMillisecondsMax = 10.0 * 365 * 86400 * 1000;
constexpr std::int64_t kCountMax = 1'000'000'000;
constexpr int kPiecesMax = 10'000;

Distribution read_distribution(StrictReader& reader, const JsonValue& object, std::string_view key,
                               Distribution fallback, double most) {
  const JsonValue value = object.member(key);
  if (!value.exists()) return fallback;
  if (!value.is_object()) return Distribution::fixed(reader.number(object, key, 0, 0, most));
  if (!reader.object(value, {"uniform", "lognormal"})) return fallback;
  const bool uniform = value.member("uniform").exists();
  const std::string_view kind = uniform ? "uniform" : "lognormal";
  const std::vector<JsonValue> pair = reader.array(value, kind);
  if (value.size() != 1 || pair.size() != 2) {
    reader.complain(value,
                    "expected a number, {\"uniform\": [least, most]} or "
                    "{\"lognormal\": [median, sigma]}");
    return fallback;
  }
  const double first = pair[0].number_or(-1);
  const double second = pair[1].number_or(-1);
  constexpr double kSigmaMax = 5;
  const bool sound =
      first >= 0 && first <= most &&
      (uniform ? second >= first && second <= most : second >= 0 && second <= kSigmaMax);
  if (!sound) reader.complain(value, "expected two numbers in order; sigma is at most 5");
  return {uniform ? Distribution::Kind::uniform : Distribution::Kind::lognormal, first, second};
}

SimLimits read_limits(StrictReader& reader, const JsonValue& value) {
  SimLimits limits;
  if (!value.exists()) return limits;
  if (!reader.object(value,
                     {"rpm", "tpm", "rpd", "tpd", "concurrency", "window", "refused_count"})) {
    return limits;
  }
  const auto limit = [&](std::string_view key) {
    return reader.integer(value, key, 0, 0, kCountMax);
  };
  limits.requests_per_minute = limit("rpm");
  limits.tokens_per_minute = limit("tpm");
  limits.requests_per_day = limit("rpd");
  limits.tokens_per_day = limit("tpd");
  limits.concurrency = limit("concurrency");
  limits.refused_count = reader.boolean(value, "refused_count", false);
  limits.window = reader.choice(value, "window", 0, {"continuous", "fixed"}) == 0
                      ? SimLimits::Window::continuous
                      : SimLimits::Window::fixed;
  return limits;
}

std::string read_headers(StrictReader& reader, const JsonValue& value) {
  std::string lines;
  if (!value.exists()) return lines;
  if (!value.is_object()) reader.complain(value, "expected an object of strings");
  for (const auto& [name, item] : value.members()) {
    const std::string text(item.string_or(""));
    const bool sound = item.is_string() && (name + text).find_first_of("\r\n") == std::string::npos;
    if (!sound) reader.complain(item, "expected a string without line ends");
    lines += name + ": " + text + "\r\n";
  }
  return lines;
}

SimFault read_fault(StrictReader& reader, const JsonValue& value, bool scheduled) {
  SimFault fault;
  if (!reader.object(
          value, {"fault", "from_ms", "until_ms", "rate", "status", "headers", "body", "delay_ms",
                  "pieces", "piece_delay_ms", "end", "after_pieces", "factor"})) {
    return fault;
  }
  const bool has_status = value.member("status").exists();
  const std::size_t fallback =
      static_cast<std::size_t>(has_status ? SimFaultKind::status : SimFaultKind::none);
  // In the order of SimFaultKind.
  fault.kind = static_cast<SimFaultKind>(
      reader.choice(value, "fault", fallback,
                    {"none", "status", "refuse", "resolve", "unreachable", "local",
                     "dead_connection", "reset", "stall", "slow", "cut", "silence", "truncated",
                     "in_band", "html", "error_object", "done_only"}));
  if (fault.kind == SimFaultKind::status && !has_status) {
    reader.complain(value, "expected \"status\" beside \"fault\": \"status\"");
  }
  if (!scheduled) {
    for (const std::string_view key : {"from_ms", "until_ms", "rate"}) {
      if (value.member(key).exists()) reader.complain(value.member(key), "only for \"faults\"");
    }
  }
  fault.from = reader.milliseconds(value, "from_ms", 0);
  fault.until = reader.milliseconds(value, "until_ms", kNever);
  fault.rate = reader.number(value, "rate", 1, 0, 1);
  fault.status = static_cast<int>(reader.integer(value, "status", 0, 200, 599));
  fault.headers = read_headers(reader, value.member("headers"));
  const JsonValue body = value.member("body");
  if (body.exists()) fault.body = body.is_string() ? std::string(body.string_or("")) : body.dump();
  if (value.member("delay_ms").exists()) {
    fault.delay_ms = read_distribution(reader, value, "delay_ms", {}, kMillisecondsMax);
  }
  for (const JsonValue& piece : reader.array(value, "pieces")) {
    if (!piece.is_string()) reader.complain(piece, "expected a string");
    fault.pieces.emplace_back(piece.string_or(""));
  }
  fault.piece_delay_ms = read_distribution(reader, value, "piece_delay_ms", {}, kMillisecondsMax);
  fault.end = static_cast<SimEnd>(reader.choice(value, "end", 0, {"complete", "cut", "silence"}));
  fault.after_pieces = static_cast<int>(reader.integer(value, "after_pieces", -1, 0, kPiecesMax));
  fault.factor = reader.number(value, "factor", 10, 0, 1e6);
  return fault;
}

SimProviderModel read_provider(StrictReader& reader, const JsonValue& value, std::string name) {
  SimProviderModel model;
  model.name = std::move(name);
  if (!value.exists()) return model;
  if (!reader.object(
          value, {"family", "limits", "latency", "output_tokens", "pieces", "faults", "answers"})) {
    return model;
  }
  // In the order of SimFamily.
  model.family = static_cast<SimFamily>(reader.choice(
      value, "family", 0,
      {"openai", "groq", "azure", "anthropic", "gemini", "document", "plain", "silent"}));
  model.limits = read_limits(reader, value.member("limits"));
  const JsonValue latency = value.member("latency");
  if (latency.exists() &&
      reader.object(latency, {"connect_ms", "first_token_ms", "token_ms", "error_ms"})) {
    const auto read = [&](std::string_view key, Distribution& distribution) {
      distribution = read_distribution(reader, latency, key, distribution, kMillisecondsMax);
    };
    read("connect_ms", model.connect_ms);
    read("first_token_ms", model.first_token_ms);
    read("token_ms", model.token_ms);
    read("error_ms", model.error_ms);
  }
  model.output_tokens = read_distribution(reader, value, "output_tokens", model.output_tokens,
                                          static_cast<double>(kSimTokensMax));
  model.pieces = static_cast<int>(reader.integer(value, "pieces", model.pieces, 1, kPiecesMax));
  for (const JsonValue& fault : reader.array(value, "faults")) {
    model.schedule.push_back(read_fault(reader, fault, true));
  }
  for (const JsonValue& answer : reader.array(value, "answers")) {
    model.answers.push_back(read_fault(reader, answer, false));
  }
  return model;
}

void read_arrivals(StrictReader& reader, const JsonValue& value, SimLoad& load) {
  if (!value.exists()) return;
  if (!reader.object(value, {"poisson_per_s", "uniform_per_s", "at_ms"})) return;
  if (value.size() != 1) {
    reader.complain(value, "expected one of \"poisson_per_s\", \"uniform_per_s\", \"at_ms\"");
    return;
  }
  constexpr double kPerSecondMax = 100'000;
  constexpr double kPerSecondLeast = 0.000001;
  if (value.member("at_ms").exists()) {
    load.arrivals = SimArrivals::listed;
    for (const JsonValue& item : reader.array(value, "at_ms")) {
      const double ms = item.number_or(-1);
      if (ms < 0 || ms > kMillisecondsMax) reader.complain(item, "expected milliseconds");
      load.at.push_back(static_cast<Nanos>(std::max(0.0, ms) * static_cast<double>(kMillisecond)));
    }
    std::sort(load.at.begin(), load.at.end());
    return;
  }
  const bool poisson = value.member("poisson_per_s").exists();
  load.arrivals = poisson ? SimArrivals::poisson : SimArrivals::uniform;
  load.per_second = reader.number(value, poisson ? "poisson_per_s" : "uniform_per_s", 1,
                                  kPerSecondLeast, kPerSecondMax);
}

SimLoad read_load(StrictReader& reader, const JsonValue& value) {
  SimLoad load;
  load.calls_max = kSimCallsMax;
  if (!value.exists()) return load;
  if (!reader.object(
          value, {"arrivals", "calls_max", "model", "input_tokens", "max_tokens", "stream_share",
                  "timeout_ms", "options", "cancel_share", "cancel_after_ms", "read_ms"})) {
    return load;
  }
  read_arrivals(reader, value.member("arrivals"), load);
  const auto tokens_max = static_cast<double>(kSimTokensMax);
  load.calls_max = reader.integer(value, "calls_max", kSimCallsMax, 1, kSimCallsMax);
  load.model = reader.text(value, "model", load.model);
  load.input_tokens =
      read_distribution(reader, value, "input_tokens", load.input_tokens, tokens_max);
  load.max_tokens = read_distribution(reader, value, "max_tokens", load.max_tokens, tokens_max);
  load.stream_share = reader.number(value, "stream_share", 0, 0, 1);
  load.timeout_ms = reader.integer(value, "timeout_ms", 0, -1, kCountMax);
  if (value.member("options").exists()) load.options = value.member("options").dump();
  load.cancel_share = reader.number(value, "cancel_share", 0, 0, 1);
  load.cancel_after_ms =
      read_distribution(reader, value, "cancel_after_ms", load.cancel_after_ms, kMillisecondsMax);
  load.read_ms = read_distribution(reader, value, "read_ms", load.read_ms, kMillisecondsMax);
  return load;
}

void read_providers(StrictReader& reader, const JsonValue& value, SimScenario& scenario) {
  if (value.exists() && !value.is_object()) reader.complain(value, "expected an object");
  std::vector<std::string_view> names;
  for (const EndpointConfig& endpoint : scenario.config->endpoints) {
    names.push_back(endpoint.name);
    scenario.providers.push_back(read_provider(reader, value.member(endpoint.name), endpoint.name));
  }
  for (const auto& [name, unused] : value.members()) {
    if (name.starts_with("x-")) continue;
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string message = "no endpoint of \"config\" has this name";
    const std::string_view nearest = nearest_name(name, names);
    if (!nearest.empty()) message += "; did you mean \"" + std::string(nearest) + "\"?";
    reader.complain_at("providers." + name, message);
  }
}

}  // namespace

Result<std::shared_ptr<const Config>> simulation_config(std::string_view json) {
  Environment environment;
  environment.variables["HOLYSHEEP_API_KEY"] = "simulated-key";
  return parse_config(json, environment);
}

Result<SimScenario> parse_scenario(std::string_view text) {
  Result<JsonDocument> document = JsonDocument::parse(text, "scenario", Status::config);
  if (!document.ok()) return document.error();
  const JsonValue root = document.value().root();
  StrictReader reader("scenario");
  reader.object(root, {"version", "name", "seed", "duration_ms", "config", "providers", "load"});
  if (root.member("version").integer_or(0) != 1) {
    reader.complain_at("version", "expected 1");
  }
  SimScenario scenario;
  scenario.name = reader.text(root, "name", "");
  constexpr std::int64_t kSeedMax = INT64_MAX;
  scenario.seed = static_cast<std::uint64_t>(reader.integer(root, "seed", 1, 1, kSeedMax));
  scenario.duration = reader.milliseconds(root, "duration_ms", scenario.duration);
  if (reader.failed()) return reader.error();
  const JsonValue config = root.member("config");
  Result<std::shared_ptr<const Config>> parsed =
      simulation_config(config.exists() ? config.dump() : R"({"version": 1})");
  if (!parsed.ok()) {
    return Error{parsed.error().status, "scenario: config: " + parsed.error().message};
  }
  scenario.config = parsed.value();
  read_providers(reader, root.member("providers"), scenario);
  scenario.load = read_load(reader, root.member("load"));
  if (reader.failed()) return reader.error();
  return scenario;
}

}  // namespace holysheep
