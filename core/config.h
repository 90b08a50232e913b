// The configuration as values. Where a value is zero-initialised here, the default stands in the
// one table (config_table.cpp), which also makes CONFIGURATION.md and the JSON Schema.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/budget.h"
#include "core/config_key.h"
#include "core/config_monitor.h"
#include "core/duration.h"
#include "core/policy.h"
#include "core/price.h"
#include "core/result.h"

namespace holysheep {

// Time limits of SEMANTICS 5. 0: none; -1 (in an override): as the wider scope says.
struct TimeLimits {
  Nanos connect = -1;
  Nanos first_token = -1;
  Nanos idle = -1;
  Nanos progress = -1;
  Nanos response = -1;
  Nanos total = -1;
};

enum class Auth : std::uint8_t { bearer, api_key, x_api_key, none };
enum class HttpVersion : std::uint8_t { automatic, http1, http2 };
enum class StreamRecovery : std::uint8_t { error, restart, buffer };

struct EndpointConfig {
  std::string name;
  std::string base_url;  // without a trailing slash, without "/chat/completions"
  std::string scheme;    // "http" or "https"
  std::string host;      // as in the URL, lower case
  int port = 0;
  KeySource key;  // of its own; Kind::none: the client's
  bool share_key =
      false;  // the client's key may go here (filled in for the host that has it anyway)
  Auth auth = Auth::bearer;
  bool allow_insecure = false;
  std::vector<std::pair<std::string, std::string>> headers;  // values are secrets
  std::vector<std::pair<std::string, std::string>> query;    // values are secrets
  std::string path;                                // template with {model} and {path}; "": "{path}"
  std::vector<std::string> models;                 // served; empty: any
  std::map<std::string, std::string> model_names;  // asked -> what this endpoint calls it
  double weight = 1;
  int priority = 0;  // lower goes first
  std::map<std::string, std::string> labels;
  std::string quota_group;              // "": one of its own per model
  std::map<std::string, Price> prices;  // by model; before the client's
  // connection
  HttpVersion http = HttpVersion::automatic;
  std::int64_t connections_max = 0;  // 0: only the client's limit
  std::string proxy;                 // "": none (the environment's is filled in by open)
  std::string no_proxy;
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  TimeLimits time_limits;  // -1: the client's
};

// Limits on everything that can grow.
struct Limits {
  std::int64_t calls_max = 0;                // in flight, waiting included
  std::int64_t header_bytes_max = 0;         // of one answer
  std::int64_t body_bytes_max = 0;           // of one answer that is not streamed, decoded
  std::int64_t request_bytes_max = 0;        // of one request's body
  std::int64_t request_bytes_total_max = 0;  // of all bodies in flight
  std::int64_t event_bytes_max = 0;          // of one server-sent event
  std::int64_t held_bytes_max = 0;           // of a stream before its first content
  std::int64_t buffered_bytes_max = 0;       // of all streams, not yet taken by readers
  std::int64_t routes_max = 0;               // remembered (endpoint, model) pairs
  std::int64_t connections_max = 0;          // of the client
};

struct Config {
  std::string policy_name;  // "smart" or "document"
  Policy policy;            // with the configuration's changes
  KeySource api_key;
  std::vector<EndpointConfig> endpoints;
  std::vector<std::string> allow;  // endpoint names or "label:value"; empty: all
  std::map<std::string, std::vector<std::string>> fallback_models;  // "*": for every model
  TimeLimits time_limits;                                           // complete
  StreamRecovery stream_recovery = StreamRecovery::error;
  std::int64_t stream_credit_bytes = 0;
  Nanos connection_age_max = 0;
  Limits limits;
  std::map<std::string, Price> prices;
  MonitorConfig monitor;
  BudgetSettings budget;
  bool isolated = false;
  int log_level = 0;  // of HOLYSHEEP_LOG; 0: off
  // Equal for configurations that mean the same: the key of the registry of engines. Holds secrets.
  std::string identity;
  // Every secret text of the configuration in each form that scrub() looks for, longest first.
  std::vector<std::string> secrets;
};

// Options of one call: the same table, the part that is marked for calls.
struct CallOptions {
  std::vector<std::string> allow;
  std::string endpoint;               // forced first choice ("bound" calls stay there)
  std::optional<std::string> replay;  // "free", "bound", "once"
  std::optional<std::vector<std::string>> fallback_models;
  std::optional<int> max_attempts;
  std::optional<bool> rate_limited_counts;
  std::optional<Nanos> max_wait;
  TimeLimits time_limits;  // -1: as configured
  std::optional<StreamRecovery> stream_recovery;
  bool include_usage = false;  // ask a stream for usage
  std::string tag;             // for metrics and cost
};

// What open reads from outside, so that parsing stays pure: tests give their own.
struct Environment {
  std::map<std::string, std::string> variables;
  std::int64_t descriptors_max = 1024;  // soft RLIMIT_NOFILE
  // Whether there is such a file. Not set: nobody looks, and the system has no certificates.
  std::function<bool(const std::string& path)> file_exists;
  // The key in a file. Not set: nobody looks.
  std::function<Result<std::string>(const std::string& path)> load_key_file;
};
Environment read_environment();
// The text of a file, without white space around it, checked by key_fault(). The error has no
// path and never quotes the key.
Result<std::string> load_key_file(const std::string& path);
// Why a text cannot be a key ("is empty", …), or "".
std::string_view key_fault(std::string_view key);

// Parses, checks and completes. Errors name the JSON path, what was expected, and the nearest name.
Result<std::shared_ptr<const Config>> parse_config(std::string_view text,
                                                   const Environment& environment);
Result<CallOptions> parse_call_options(std::string_view text, const Config& config);

// Whether an endpoint passes a filter: it is empty, or names the endpoint or one of its labels.
bool is_allowed(const EndpointConfig& endpoint, const std::vector<std::string>& allow);

// The configuration in force as JSON, defaults filled in, secrets as "…".
std::string show_config(const Config& config);
// From the table: CONFIGURATION.md and the JSON Schema (draft 2020-12).
std::string config_markdown();
std::string config_schema();

// Replaces every secret of the configuration by "…": as it is, URL-encoded and escaped as in JSON.
// A secret of fewer than 4 bytes is left: it protects nothing, and would riddle every message.
// `later`: those that were set since, or null; `own`: those that a call brought, or null;
// `was_cut`: the text may end in the middle of one.
std::string scrub(const Config& config, std::string text,
                  const std::vector<std::string>* later = nullptr,
                  const std::vector<std::string>* own = nullptr, bool was_cut = false);

}  // namespace holysheep
