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
  std::string listen;  // "": nobody listens; "127.0.0.1:9464", "127.0.0.1:9464-9471", "[::1]:0", …
  KeySource token;
  std::vector<std::string> hosts;  // further names that a Host header may bear
  std::int64_t alert_threshold = 0;
  Nanos window = 0;
  std::string name;         // of the program, in what the webhook is told; "": host and process
  std::string webhook_url;  // "": none; a secret
  WebhookFormat webhook_format = WebhookFormat::generic;
  std::string status_page_url;
  // The client's `proxy`, `ca_file` and the like as further members of a configuration, for the
  // engines that ask that page and tell the webhook; a secret.
  std::string network;
  bool check_service = false;  // ask it when every endpoint has failed
};

// `monitor.listen`, taken apart.
struct ListenAddress {
  bool is_unix = false;
  std::string host;   // numeric
  int port = 0;       // 0: the system chooses
  int port_last = 0;  // the first free one from `port` to here
  std::string path;   // of the Unix socket
  bool is_loopback = false;
};
// Nothing if the text is none.
std::optional<ListenAddress> parse_listen(std::string_view text);

std::optional<Error> read_monitor(const JsonValue& root, const Environment& environment,
                                  Config& config);
// Writes the members "monitor" and "budget".
void write_monitor(JsonWriter& json, const Config& config, bool with_secrets);

}  // namespace holysheep
