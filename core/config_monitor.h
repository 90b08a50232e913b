// The configuration's `monitor` and `budget`: what is watched, who may look, whom to tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/budget.h"
#include "core/config_key.h"
#include "core/duration.h"
#include "core/result.h"

namespace holysheep {

class JsonValue;
class JsonWriter;
struct Config;
struct Environment;

enum class WebhookFormat : std::uint8_t { generic, slack };

struct MonitorConfig {
  std::string listen;  // "": nobody listens; "127.0.0.1:9464", "[::1]:0", "unix:/run/holysheep"
  KeySource token;
  std::vector<std::string> hosts;  // further names that a Host header may bear
  std::int64_t alert_threshold = 0;
  Nanos window = 0;
  std::string webhook_url;  // "": none; a secret
  WebhookFormat webhook_format = WebhookFormat::generic;
  std::string status_page_url;
};

// `monitor.listen`, taken apart.
struct ListenAddress {
  bool is_unix = false;
  std::string host;  // numeric
  int port = 0;      // 0: the system chooses
  std::string path;  // of the Unix socket
  bool is_loopback = false;
};
// Nothing if the text is none.
std::optional<ListenAddress> parse_listen(std::string_view text);

std::optional<Error> read_monitor(const JsonValue& root, const Environment& environment,
                                  Config& config);
// Writes the members "monitor" and "budget".
void write_monitor(JsonWriter& json, const Config& config, bool with_secrets);

}  // namespace holysheep
