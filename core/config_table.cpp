#include "core/config_table.h"

#include <array>
#include <charconv>

namespace holysheep {
namespace {

constexpr std::uint8_t C = static_cast<std::uint8_t>(Scope::client);
constexpr std::uint8_t E = static_cast<std::uint8_t>(Scope::endpoint);
constexpr std::uint8_t K = static_cast<std::uint8_t>(Scope::call);

// The longest duration: 30 days. More is a typing mistake, and a timer that never fires.
constexpr double kMsMax = 30.0 * 24 * 3600 * 1000;
constexpr double kTextMax = 4096;  // of a path, a URL, a name: more is a mistake
constexpr double kKeyMax = 16384;  // of a credential: tokens of some clouds take 4 KiB and more
constexpr double kBytesMax = 1099511627776.0;  // 1 TiB
constexpr double kCountMax = 1000000;
constexpr double kKiB = 1024;

constexpr std::string_view kVerdicts =
    "rate_limited|too_large|quota_exhausted|auth|forbidden|overloaded|server_error|transient|"
    "network|timeout|broken_stream|model_unavailable";

constexpr std::array kKeys = std::to_array<ConfigKey>({
    {"version", C, KeyType::integer, "", 1, 1, "", false,
     "The version of this format. Must be 1. An empty configuration means {\"version\": 1}."},
    {"policy", C, KeyType::choice, "\"smart\"", 0, 0, "smart|document", false,
     "The set of rules: `smart` uses a free endpoint at once and obeys the provider's hints; "
     "`document` does exactly what the document's clients do. Each rule below can be changed by "
     "itself."},

    {"api_key", C | E, KeyType::credential, "", 1, kKeyMax, "", true,
     "The key: a string, {\"env\": NAME} or {\"file\": PATH} (read again when it changes). Without "
     "it the client reads HOLYSHEEP_API_KEY. The client's key goes to one host: that of the first "
     "endpoint without a key of its own, and to the document's three together."},
    {"share_key", E, KeyType::boolean, "false", 0, 0, "", false,
     "The client's key, its `headers` and its `query` may go to this host too."},
    {"base_url", C, KeyType::text, "", 1, kTextMax, "", false,
     "The URL of a pool of exactly one endpoint, named `primary`. Without `base_url` and "
     "`endpoints` the pool is the document's three."},
    {"endpoints", C, KeyType::endpoints, "", 1, 1000, "", false,
     "The endpoints in order, first choice first. Each is a name of the document's three "
     "(`primary`, `backup-1`, `backup-2`), a URL, or an object (see \"Endpoint\")."},
    {"name", E, KeyType::text, "", 1, 64, "", false,
     "The endpoint's name: letters, digits, `.`, `_`, `-`. By position if it is missing: "
     "`primary`, `backup-1`, `backup-2` and so on."},
    {"url", E, KeyType::text, "", 1, kTextMax, "", false,
     "The base URL, as in `https://api.holysheep.ai/v1`. A full URL that ends with "
     "`/chat/completions` is cut back. May be left out for a name of the document's three."},
    {"auth", C | E, KeyType::choice, "\"bearer\"", 0, 0, "bearer|api-key|x-api-key|none", false,
     "How the key is sent: `Authorization: Bearer`, `api-key:` (Azure), `x-api-key:` (Anthropic), "
     "or not at all."},
    {"headers", C | E, KeyType::text_map, "{}", 0, kKeyMax, "", true,
     "Headers sent with each request. The client's go where its key goes. Values count as "
     "secrets."},
    {"query", C | E, KeyType::text_map, "{}", 0, kTextMax, "", true,
     "Query parameters added to each request's URL (Azure's `api-version`), but for those that it "
     "has already. The client's go where its key goes. Values count as secrets."},
    {"allow_insecure", C | E, KeyType::boolean, "false", 0, 0, "", false,
     "Send keys, headers and query values over plain http to an address that is neither loopback "
     "nor private."},
    {"path", C | E, KeyType::text, "\"{path}\"", 1, kTextMax, "", false,
     "What follows the base URL: a template with {path} (the request's) and {model} (as this "
     "endpoint calls it), as in `/openai/deployments/{model}{path}`."},
    {"models", E, KeyType::text_list, "[]", 0, 0, "", false,
     "The models that this endpoint serves. Empty: any."},
    {"model_names", E, KeyType::text_map, "{}", 1, kTextMax, "", false,
     "What this endpoint calls a model: {\"asked\": \"sent\"}."},
    {"weight", E, KeyType::number, "1", 0.001, 1000, "", false,
     "Share of the traffic among endpoints of one priority."},
    {"priority", E, KeyType::integer, "0", 0, 1000, "", false, "Tier: lower goes first."},
    {"labels", E, KeyType::text_map, "{}", 1, 256, "", false,
     "Labels for `allow`, as in {\"region\": \"eu\"}."},
    {"quota_group", E, KeyType::text, "", 1, 256, "", false,
     "Endpoints of one group share one rate limit (two keys of one account). Without it each "
     "(endpoint, model) has its own."},
    {"allow", C | K, KeyType::text_list, "", 1, 0, "", false,
     "Only these endpoints: names, or labels as `region:eu`. Holds for first choice, retry and "
     "fallback alike; a call can only narrow the client's. If nothing remains, nothing is sent."},
    {"endpoint", K, KeyType::text, "", 1, 64, "", false,
     "The endpoint to try first. A call that must stay on one endpoint (server-side state) stays "
     "there."},

    {"routing", C, KeyType::choice, kByPolicy, 0, 0,
     "sticky|sequential|round_robin|weighted|least_busy", false,
     "How to choose among the endpoints that can take the call now: `sticky` stays on the current "
     "one until it fails, `sequential` takes the first in order."},
    {"when_none", C, KeyType::choice, kByPolicy, 0, 0, "wait|force_first", false,
     "When no endpoint can take the call: wait for the earliest, or force the first one."},
    {"max_wait_ms", C | K, KeyType::integer, kByPolicy, 0, kMsMax, "", false,
     "Longest wait for an open endpoint or a free connection, over the whole call. 0: never wait."},
    {"fallback_models", C, KeyType::models, "{}", 0, 0, "", false,
     "Models to try after the last endpoint, in order: an array for every model, or an object from "
     "model to array (`*`: every other model)."},
    {"fallback_models", K, KeyType::text_list, "", 0, 0, "", false,
     "Models to try after the last endpoint, instead of the client's."},
    {"retry", C | K, KeyType::object, "", 0, 0, "", false, "When and how often to try again."},
    {"retry.max_attempts", C | K, KeyType::integer, kByPolicy, 0, 1000, "", false,
     "HTTP requests per call in all. 0: each usable endpoint once plus two, at most 12."},
    {"retry.route_attempts_max", C, KeyType::integer, kByPolicy, 0, 1000, "", false,
     "Requests per call to one (endpoint, model), from 2 up more where no other can take the call. "
     "0: no limit of its own."},
    {"retry.rate_limited_counts", C | K, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "A 429 counts towards `max_attempts`."},
    {"retry.delay_on", C, KeyType::choice, kByPolicy, 0, 0, "none|rate_limited|any_failure", false,
     "After which failures to wait before the next attempt though another endpoint is free: the "
     "document's Python client waits after a 429, its TypeScript client after any failure."},
    {"retry.base_delay_ms", C, KeyType::integer, kByPolicy, 0, kMsMax, "", false,
     "First delay; it doubles with each attempt."},
    {"retry.repeat_delay_ms", C, KeyType::integer, kByPolicy, 0, kMsMax, "", false,
     "Delay before a call goes back for the second time to endpoints that have failed it; it "
     "doubles "
     "each time, and half of it is random. The first repeat waits `base_delay_ms`. 0: none."},
    {"retry.delay_max_ms", C, KeyType::integer, kByPolicy, 0, kMsMax, "", false,
     "Longest delay. 0: no limit."},
    {"retry.jitter", C, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "Draw each delay at random between nothing and its full length."},
    {"retry.budget", C, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "A budget over the whole pool, so that retries cannot multiply the load of a provider in "
     "trouble."},
    {"retry.overrides", C, KeyType::object_map, "", 0, 0, kVerdicts, false,
     "Other values for one kind of failure. The document's 503 recipe is {\"overloaded\": "
     "{\"max_attempts\": 5, \"base_delay_ms\": 2000}}."},
    {"retry.overrides.*.max_attempts", C, KeyType::integer, "", 0, 1000, "", false,
     "HTTP requests per call when this failure was the last one."},
    {"retry.overrides.*.base_delay_ms", C, KeyType::integer, "", 0, kMsMax, "", false,
     "First delay after this failure. Without it: as above; policy `smart` has 1000 for "
     "`rate_limited` and `overloaded`."},
    {"obey_hints", C, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "Take `Retry-After` and its relatives as the least time to wait."},
    {"cooldown_ms", C, KeyType::integer, kByPolicy, 1, kMsMax, "", false,
     "How long a 429 without a hint blocks at most. Policy `document`: how long every 429 blocks."},
    {"cooldown_base_ms", C, KeyType::integer, kByPolicy, 1, kMsMax, "", false,
     "How long the first 429 without a hint blocks; doubles with each further one up to "
     "`cooldown_ms`. Not above `cooldown_ms`; policy `document` has both equal."},
    {"per_route", C, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "Keep state for each (endpoint, model); otherwise one state per endpoint."},
    {"breaker", C, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "Stop sending to an endpoint that keeps failing, and let one real call try it from time to "
     "time."},
    {"slow_start", C, KeyType::boolean, kByPolicy, 0, 0, "", false,
     "Give a recovered endpoint its share of the traffic back little by little."},

    {"time_limits", C | E | K, KeyType::object, "", 0, 0, "", false,
     "Time limits; 0 means none. What a call sets comes before the endpoint's, and that before the "
     "client's."},
    {"time_limits.connect_ms", C | E | K, KeyType::integer, "5000", 0, kMsMax, "", false,
     "Connecting, over all addresses of the host."},
    {"time_limits.first_token_ms", C | E | K, KeyType::integer, "300000", 0, kMsMax, "", false,
     "Streams: from sending until the first content."},
    {"time_limits.idle_ms", C | E | K, KeyType::integer, "180000", 0, kMsMax, "", false,
     "Without any byte once the answer has begun."},
    {"time_limits.progress_ms", C | E | K, KeyType::integer, "300000", 0, kMsMax, "", false,
     "Streams: between two pieces of content; keep-alive comments are none."},
    {"time_limits.response_ms", C | E | K, KeyType::integer, "600000", 0, kMsMax, "", false,
     "Not streamed: until the first byte of the answer."},
    {"time_limits.total_ms", C | K, KeyType::integer, "600000", 0, kMsMax, "", false,
     "The whole call, queueing and all attempts included; of a stream until its first content. "
     "Policy `document`: 0."},

    {"stream_recovery", C | K, KeyType::choice, "\"error\"", 0, 0, "error|restart|buffer", false,
     "When a stream breaks after content was delivered: an error that carries the text so far; the "
     "answer begins again elsewhere (readers of events only); or nothing is delivered until it is "
     "whole."},
    {"include_usage", K, KeyType::boolean, "", 0, 0, "", false,
     "Ask a stream for its token usage; the extra chunk is not delivered unless the body asked for "
     "it too. Without it: where a `budget` is set."},
    {"replay", K, KeyType::choice, "", 0, 0, "free|bound|once", false,
     "Whether the request may be sent again: anywhere, on its endpoint only, or only if it was "
     "certainly not processed. By method and path if it is missing."},
    {"tag", K, KeyType::text, "", 1, 64, "", false, "A name for metrics and cost."},
    {"stream_credit_bytes", C, KeyType::integer, "262144", 4096, 1073741824.0, "", false,
     "How far a stream may run ahead of its reader."},

    {"http", C | E, KeyType::choice, "\"auto\"", 0, 0, "auto|1.1|2", false,
     "The HTTP version. `auto`: HTTP/2 where TLS negotiates it and libcurl is 8 or newer."},
    {"connections_max", E, KeyType::integer, "0", 0, kCountMax, "", false,
     "Connections to this endpoint at the same time. 0: only the client's limit. Calls above it go "
     "to "
     "other endpoints, then to fallback models, then wait."},
    {"connection_age_max_ms", C, KeyType::integer, "300000", 0, kMsMax, "", false,
     "A connection older than this takes no new request. 0: no limit."},
    {"proxy", C | E, KeyType::text, "", 0, kTextMax, "", true,
     "The proxy's URL; \"\" means none. Without it: https_proxy, HTTPS_PROXY (http_proxy for "
     "http), all_proxy, ALL_PROXY of the environment, which endpoints on loopback addresses pass "
     "by."},
    {"no_proxy", C | E, KeyType::text, "", 0, kTextMax, "", false,
     "Hosts, domains and address blocks that need no proxy, separated by commas. Without it: "
     "no_proxy, NO_PROXY of the "
     "environment, if the proxy is the environment's too."},
    {"ca_file", C | E, KeyType::text, "", 1, kTextMax, "", false,
     "The file of trusted certificates (PEM). Without it: SSL_CERT_FILE, CURL_CA_BUNDLE, then the "
     "system's."},
    {"ca_file_default", C, KeyType::text, "", 1, kTextMax, "", false,
     "The file of trusted certificates (PEM) where neither `ca_file` nor the environment nor the "
     "system has one: for bindings, whose language may know another."},
    {"client_cert", C | E, KeyType::text, "", 1, kTextMax, "", false,
     "A client certificate (PEM file) for TLS."},
    {"client_key", C | E, KeyType::text, "", 1, kTextMax, "", false,
     "The client certificate's private key (PEM file)."},

    {"limits", C, KeyType::object, "", 0, 0, "", false, "Limits on everything that can grow."},
    {"limits.calls_max", C, KeyType::integer, "50000", 1, 10000000, "", false,
     "Calls at the same time, waiting ones included; one more is refused."},
    {"limits.connections_max", C, KeyType::integer, "", 1, kCountMax, "", false,
     "Connections of the client at the same time. Without it: half of the process's limit of open "
     "files."},
    {"limits.header_bytes_max", C, KeyType::integer, "262144", kKiB, 16 * kKiB* kKiB, "", false,
     "Headers of one answer."},
    {"limits.body_bytes_max", C, KeyType::integer, "67108864", kKiB, kBytesMax, "", false,
     "Body of one answer that is not streamed, decompressed."},
    {"limits.request_bytes_max", C, KeyType::integer, "67108864", kKiB, kBytesMax, "", false,
     "Body of one request."},
    {"limits.request_bytes_total_max", C, KeyType::integer, "1073741824", kKiB, kBytesMax, "",
     false, "Bodies of all requests in flight."},
    {"limits.event_bytes_max", C, KeyType::integer, "16777216", kKiB, kBytesMax, "", false,
     "One server-sent event."},
    {"limits.held_bytes_max", C, KeyType::integer, "4194304", kKiB, kBytesMax, "", false,
     "What a stream may bring before its first content, which is held back."},
    {"limits.buffered_bytes_max", C, KeyType::integer, "268435456", kKiB, kBytesMax, "", false,
     "Bytes of all streams that wait for their readers; above it the largest paused stream is "
     "cancelled."},
    {"limits.routes_max", C, KeyType::integer, "1024", 16, kCountMax, "", false,
     "Remembered (endpoint, model) pairs; the least recently used one goes."},

    {"prices", C | E, KeyType::object_map, "", 0, 0, "", false,
     "Prices by model in US dollars per million tokens, as decimal string or number with at most "
     "nine decimals. An endpoint's own come first, then the client's, then those that "
     "`holysheep.ai` has for the tutorial's four models. A model without a price is served; its "
     "cost is "
     "null."},
    {"prices.*.input", C | E, KeyType::dollars, "", 0, 0, "", false, "Input tokens."},
    {"prices.*.output", C | E, KeyType::dollars, "", 0, 0, "", false, "Output tokens."},
    {"prices.*.cached", C | E, KeyType::dollars, "", 0, 0, "", false,
     "Cached input tokens. Without it: as input."},
    {"budget", C, KeyType::object, "", 0, 0, "", false, "What may be spent. Without it: no limit."},
    {"budget.usd_per_day", C, KeyType::dollars, "", 0, 0, "", false,
     "US dollars in a day (UTC), as decimal string or number, for each process by itself. Counts "
     "what calls cost by their providers' usage, and an estimate for attempts that may have been "
     "billed."},
    {"budget.action", C, KeyType::choice, "\"warn\"", 0, 0, "warn|stop", false,
     "When it is spent: `warn` raises an alert, `stop` refuses calls as well, until 00:00 UTC. "
     "Calls that are under way end as they would."},
    {"budget.warn_percent", C, KeyType::integer, "80", 1, 100, "", false,
     "The share of the budget that raises the first alert."},

    {"monitor", C, KeyType::object, "", 0, 0, "", false, "Metrics, alerts and who may see them."},
    {"monitor.listen", C, KeyType::text, "", 1, kTextMax, "", false,
     "Where to serve the monitor page, `/metrics`, `/health` and the like: a numeric address and "
     "port as in `127.0.0.1:9464`; a range as in `127.0.0.1:9464-9471`, of which each process "
     "takes the first port that is free (gunicorn and the like); `:0` for a free port of this "
     "machine; or `unix:PATH`, in which `{pid}` is the process's number. An address that others "
     "reach needs `monitor.token`. Without it nothing listens; a port in use is a warning, never "
     "an error."},
    {"monitor.token", C, KeyType::credential, "", 1, kKeyMax, "", true,
     "What readers must show: `Authorization: Bearer TOKEN`, or a browser once `/?token=TOKEN`."},
    {"monitor.hosts", C, KeyType::text_list, "[]", 0, 0, "", false,
     "Names by which readers may call the monitor, beside its address and `localhost`: the `Host` "
     "header is checked, so that no website can read it through a visitor's browser."},
    {"monitor.name", C, KeyType::text, "", 1, 64, "", false,
     "What the program is called in the alerts that the webhook gets. Without it: the machine's "
     "name and the process's number."},
    {"monitor.alert_threshold", C, KeyType::integer, "5", 0, kCountMax, "", false,
     "429s of one endpoint that raise an alert. 0: none is raised for 429s."},
    {"monitor.window_ms", C, KeyType::integer, "300000", 60000, kMsMax, "", false,
     "What health and error ratios are judged by: this much time back from now, and at least 20 "
     "requests."},
    {"monitor.webhook", C, KeyType::object, "", 0, 0, "", false, "Where alerts are sent to."},
    {"monitor.webhook.url", C, KeyType::text, "", 1, kTextMax, "", true,
     "Gets each alert as an HTTP POST with a JSON body, when it begins and when it is over; again "
     "after 1, 2, 4 … s for two minutes if it is not taken. What is lost is a metric and an alert "
     "in the list and the log."},
    {"monitor.webhook.format", C, KeyType::choice, "\"generic\"", 0, 0, "generic|slack", false,
     "The body: `generic` is the alert as an object with `name` beside it; `slack` is {\"text\": "
     "…}, which other chats "
     "take too."},
    {"monitor.status_page_url", C, KeyType::text, "\"https://status.holysheep.ai\"", 1, kTextMax,
     "", false, "The provider's status page, for `check_service`."},
    {"monitor.check_service", C, KeyType::boolean, "false", 0, 0, "", false,
     "When every endpoint has failed, ask `status_page_url` and say in the call's error what it "
     "says. One request for all calls that end so meanwhile; its answer is used for 30 s. Such a "
     "call ends up to 5 s later, but never after its `total_ms`. Not after 429s and refused keys."},

    {"isolated", C, KeyType::boolean, "false", 0, 0, "", false,
     "An engine and a pool of its own, even if an equal configuration is open already."},
});

}  // namespace

std::span<const ConfigKey> config_keys() {
  return kKeys;
}

const ConfigKey* find_config_key(std::string_view path, Scope scope) {
  for (const ConfigKey& key : kKeys) {
    if (key.path == path && key.holds_for(scope)) return &key;
  }
  return nullptr;
}

std::int64_t standard_integer(std::string_view path) {
  std::int64_t number = 0;
  const ConfigKey* key = find_config_key(path, Scope::client);
  if (key == nullptr) return 0;
  std::from_chars(key->standard.data(), key->standard.data() + key->standard.size(), number);
  return number;
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> out;
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    out.push_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  return out;
}

}  // namespace holysheep
