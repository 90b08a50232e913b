// Messages come from the library, which keeps keys and prompts out of them.
#include "bindings/cli/failure.h"

#include "bindings/cli/number.h"
#include "bindings/cli/terminal.h"

namespace holysheep::cli {

std::string describe(holysheep_status status, std::int64_t retry_after_ms,
                     std::string_view message) {
  std::string text = holysheep_status_name(status);
  if (!message.empty()) text += ": " + std::string(message);
  if (retry_after_ms >= 0) {
    text += " (try again in " + fixed(static_cast<double>(retry_after_ms) / 1000, 1) + " s)";
  }
  return text;
}

std::string describe(const holysheep_error& error) {
  return describe(error.status, error.retry_after_ms, error.message);
}

std::string_view advice(holysheep_status status) {
  switch (status) {
    case HOLYSHEEP_E_NO_KEY:
      return "set it with: export HOLYSHEEP_API_KEY=…   (to try without a key: holysheep demo)";
    case HOLYSHEEP_E_CONFIG:
      return "`holysheep config check FILE` checks a file, `holysheep config markdown` lists every "
             "key";
    case HOLYSHEEP_E_NO_ROUTE:
      return "`holysheep status` shows the endpoints that the configuration leaves";
    case HOLYSHEEP_E_CONNECTION:
      return "`holysheep check` tests each endpoint; HTTPS_PROXY and http_proxy name proxies";
    case HOLYSHEEP_E_TIMEOUT:
      return "allow more with --timeout, or look at `holysheep check`";
    case HOLYSHEEP_E_AUTHENTICATION:
      return "the key was refused: look at HOLYSHEEP_API_KEY or at `api_key` of the configuration";
    case HOLYSHEEP_E_NOT_FOUND:
      return "look at the model's name and at the endpoint's base URL";
    default:
      return "";
  }
}

void complain_about(holysheep_status status, std::int64_t retry_after_ms,
                    std::string_view message) {
  complain(describe(status, retry_after_ms, message));
  const std::string_view hint = advice(status);
  if (!hint.empty()) write(Stream::error, "  " + std::string(hint) + "\n");
}

void complain_about(const holysheep_error& error) {
  complain_about(error.status, error.retry_after_ms, error.message);
}

}  // namespace holysheep::cli
