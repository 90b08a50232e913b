// Requests to the monitor endpoint: no crash, whatever comes; what is refused gets an HTTP error;
// without the token nobody sees anything but the probes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/monitor_http.h"

namespace {

constexpr const char* kToken = "a-token-zq9";

class Source : public holysheep::MonitorSource {
 public:
  std::string metrics(holysheep::ExpositionFormat) const override { return "seen"; }
  std::string status() const override { return "seen"; }
  std::string health(bool* ok) const override {
    *ok = true;
    return "seen";
  }
  bool alive() const override { return true; }
  bool ready() const override { return true; }
  std::string token() const override { return kToken; }
};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string head(reinterpret_cast<const char*>(data), size);
  holysheep::MonitorRequest request;
  const int refused = holysheep::parse_monitor_request(head, request);
  require(refused == 0 || (refused >= 400 && refused < 600));
  if (refused != 0) return 0;
  holysheep::MonitorAccess access;
  access.wants_token = true;
  access.session_secret = "fuzz";
  const holysheep::MonitorReply reply = holysheep::answer_monitor(request, access, Source());
  // Also in codes, which only the page's address may bear.
  const bool shown = head.find(kToken) != std::string::npos || head.find('%') != std::string::npos;
  require(shown || reply.body.find("seen") == std::string::npos);
  require(shown || !reply.streams);
  require(!holysheep::reply_bytes(reply, true).empty());
  return 0;
}
