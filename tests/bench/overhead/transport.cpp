// The real transport alone, without policy: where the CPU of a call goes below the engine.
#include <unistd.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/curl_transport.h"
#include "core/loop.h"
#include "tests/bench/overhead/arguments.h"

namespace {

using namespace holysheep;

// "http://host:port/path" only: the bench names its own server.
EndpointConfig endpoint_of(const std::string& url) {
  EndpointConfig endpoint;
  const std::size_t host = url.find("://") + 3;
  const std::size_t port = url.find(':', host);
  endpoint.name = "bench";
  endpoint.scheme = url.substr(0, host - 3);
  endpoint.host = url.substr(host, port - host);
  endpoint.port = std::atoi(url.c_str() + port + 1);
  endpoint.http = HttpVersion::http1;
  return endpoint;
}

}  // namespace

int main(int count, char** values) {
  const overhead::Arguments arguments = overhead::read_arguments(count, values);
  const EndpointConfig endpoint = endpoint_of(arguments.url);
  std::string error;
  const std::unique_ptr<Transport> transport = make_curl_transport({}, nullptr, &error);
  if (transport == nullptr) return 2;
  const auto body = std::make_shared<const std::string>(overhead::request_body());

  AttemptId attempts = 0;
  const auto start = [&] {
    HttpRequest request;
    request.endpoint = &endpoint;
    request.method = "POST";
    request.url = arguments.url;
    request.headers = {"Content-Type: application/json",
                       "Authorization: Bearer sk-0123456789abcdef0123456789abcdef"};
    request.body = body;
    request.connect_limit = 5 * kSecond;
    transport->start(++attempts, std::move(request));
  };
  for (long i = 0; i < arguments.in_flight; ++i)
    start();

  long to_start = arguments.calls;
  long to_end = arguments.calls + arguments.in_flight;
  long failed = 0;
  double before = 0;
  std::unordered_map<AttemptId, std::string> bodies;
  std::vector<TransportEvent> events;
  while (to_end > 0) {
    transport->poll(kNever, events);
    for (TransportEvent& event : events) {
      if (event.kind == TransportEvent::Kind::data) bodies[event.attempt] += event.bytes;
      if (event.kind != TransportEvent::Kind::done) continue;
      if (event.error != TransportError::none) ++failed;
      bodies.erase(event.attempt);
      if (--to_end == arguments.calls) before = overhead::cpu_us();
      if (to_start-- > 0) start();
    }
    events.clear();
  }
  overhead::print_result("transport", arguments, overhead::cpu_us() - before, failed);
  _exit(failed == 0 ? 0 : 1);
}
