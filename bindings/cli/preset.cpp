// Latencies are those of a nearby server, not of a model: nobody wants to wait for a fake.
#include "bindings/cli/preset.h"

namespace holysheep::cli {
namespace {

constexpr std::string_view kDemo = R"({"version": 1, "seed": 7, "endpoints": [
  {"name": "primary", "limits": {"rpm": 30},
   "default": {"latency_ms": {"min": 20, "max": 40}}},
  {"name": "backup-1", "fail_rate": 0.2, "fail": {"error": "overloaded", "latency_ms": 10},
   "default": {"latency_ms": {"min": 30, "max": 60}}},
  {"name": "backup-2", "default": {"latency_ms": {"min": 50, "max": 90}}}]})";

constexpr std::string_view kHealthy = R"({"version": 1, "endpoints": [
  {"name": "primary"}, {"name": "backup-1"}, {"name": "backup-2"}]})";

constexpr std::string_view kRateLimited = R"({"version": 1, "endpoints": [
  {"name": "primary", "then": "last", "replies": [
    {"error": "rate_limit_rpm", "retry_after_ms": 30000}]},
  {"name": "backup-1"}, {"name": "backup-2"}]})";

constexpr std::string_view kAllLimited = R"({"version": 1, "endpoints": [
  {"name": "primary", "then": "last", "replies": [
    {"error": "rate_limit_rpm", "retry_after_ms": 30000}]},
  {"name": "backup-1", "then": "last", "replies": [
    {"error": "rate_limit_rpm", "retry_after_ms": 20000}]},
  {"name": "backup-2", "replies": [{"error": "rate_limit_rpm", "retry_after_ms": 2000}]}]})";

constexpr std::string_view kOutage = R"({"version": 1, "endpoints": [
  {"name": "primary", "refuse": true},
  {"name": "backup-1", "then": "last", "replies": [{"error": "overloaded"}]},
  {"name": "backup-2"}]})";

constexpr std::string_view kBadKey = R"({"version": 1, "endpoints": [
  {"name": "primary", "then": "last", "replies": [{"error": "auth"}]}]})";

constexpr std::string_view kSlow = R"({"version": 1, "endpoints": [
  {"name": "primary", "default": {"tokens": 200, "first_token_ms": 500, "token_ms": 50}}]})";

constexpr std::string_view kBrokenStreams = R"({"version": 1, "endpoints": [
  {"name": "primary", "then": "repeat", "replies": [
    {"cut": "before_headers"}, {"cut": "after_headers"}]},
  {"name": "backup-1"}]})";

}  // namespace

const std::vector<Preset>& presets() {
  static const auto* const all = new std::vector<Preset>{
      {"demo", "first limited to 30 requests a minute, second failing now and then", kDemo},
      {"healthy", "three endpoints that answer", kHealthy},
      {"rate-limited", "the first always says 429 with Retry-After: 30", kRateLimited},
      {"all-limited", "all say 429; the third is free after 2 seconds", kAllLimited},
      {"outage", "the first refuses connections, the second says 503", kOutage},
      {"bad-key", "one endpoint that says 401", kBadKey},
      {"slow", "one endpoint that takes 10 seconds to write 200 words", kSlow},
      {"broken-streams", "the first cuts its answers before the first content", kBrokenStreams},
  };
  return *all;
}

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

}  // namespace holysheep::cli
