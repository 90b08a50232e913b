// The monitor endpoint's answers without sockets: hosts, tokens, what is no request.
#include "core/monitor_http.h"

#include <catch2/catch_test_macros.hpp>

using namespace holysheep;

namespace {

class FakeSource : public MonitorSource {
 public:
  std::string metrics(ExpositionFormat) const override { return "metrics"; }
  std::string status() const override { return "{}"; }
  std::string health(bool* ok) const override {
    *ok = healthy;
    return "{}";
  }
  bool alive() const override { return living; }
  bool ready() const override { return living; }
  std::string token() const override { return secret; }

  bool healthy = true;
  bool living = true;
  std::string secret;
};

MonitorRequest parsed(const std::string& head) {
  MonitorRequest request;
  INFO(head);
  REQUIRE(parse_monitor_request(head, request) == 0);
  return request;
}

int status_of(const std::string& path, const FakeSource& source, const MonitorAccess& access = {},
              const std::string& fields = "Host: localhost\r\n") {
  return answer_monitor(parsed("GET " + path + " HTTP/1.1\r\n" + fields + "\r\n"), access, source)
      .status;
}

}  // namespace

TEST_CASE("a request is read field by field, whatever the case and the line ends") {
  const MonitorRequest request = parsed(
      "GET /metrics?a=1&b HTTP/1.1\nhOsT:  x:1 \r\nAccept: a\r\nAccept: b\r\n"
      "AUTHORIZATION: Bearer t\r\nCookie: k=v\r\n\r\n");
  CHECK(request.path == "/metrics");
  CHECK(request.query == "a=1&b");
  CHECK(request.host == "x:1");
  CHECK(request.accept == "a,b");
  CHECK(request.authorization == "Bearer t");
  CHECK(request.cookie == "k=v");
}

TEST_CASE("routes, and probes that tell what they are for") {
  FakeSource source;
  for (const char* path : {"/", "/metrics", "/status", "/health", "/livez", "/readyz", "/events"}) {
    INFO(path);
    CHECK(status_of(path, source) == 200);
  }
  CHECK(status_of("/etc/passwd", source) == 404);
  source.healthy = false;
  CHECK(status_of("/health", source) == 503);
  CHECK(status_of("/livez", source) == 200);
  source.living = false;
  CHECK(status_of("/livez", source) == 503);
  CHECK(status_of("/readyz", source) == 503);
}

TEST_CASE("no name but ours is answered, so that no website reaches us by renaming itself") {
  FakeSource source;
  MonitorAccess access;
  access.hosts = {"metrics.internal"};
  for (const char* host : {"localhost:9464", "LOCALHOST", "127.0.0.1:1", "[::1]:9464", "10.0.0.7",
                           "metrics.internal:9464", "Metrics.Internal"}) {
    INFO(host);
    CHECK(status_of("/status", source, access, "Host: " + std::string(host) + "\r\n") == 200);
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "internal", "[evil]", "[", ""}) {
    INFO(host);
    CHECK(status_of("/status", source, access, "Host: " + std::string(host) + "\r\n") == 421);
    // Tells nothing, and load balancers' checks know no host.
    CHECK(status_of("/livez", source, access, "Host: " + std::string(host) + "\r\n") == 200);
  }
  access.checks_host = false;
  CHECK(status_of("/status", source, access, "") == 200);
}

TEST_CASE("a token that is wanted and missing, even on our side, lets nobody in") {
  FakeSource source;
  MonitorAccess access;
  access.wants_token = true;
  CHECK(status_of("/status", source, access) == 401);
  CHECK(status_of("/status", source, access, "Host: localhost\r\nAuthorization: Bearer \r\n") ==
        401);
  source.secret = "s3cret";
  CHECK(status_of("/status", source, access,
                  "Host: localhost\r\nAuthorization: bearer s3cret\r\n") == 200);
  CHECK(status_of("/status", source, access,
                  "Host: localhost\r\nAuthorization: Basic s3cret\r\n") == 401);
  CHECK(status_of("/?x=1&token=s3cret", source, access) == 303);
  CHECK(status_of("/?token=s3cre%74", source, access) == 303);
  CHECK(status_of("/?token=s3cre%7", source, access) == 401);
  CHECK(status_of("/status?token=s3cret", source, access) == 401);
}

TEST_CASE("a browser's cookie bears no token, and is good for this process and this token only") {
  FakeSource source;
  source.secret = "s3cret";
  MonitorAccess access;
  access.wants_token = true;
  access.session_secret = "random";
  const auto cookie_of = [&](const std::string& token) {
    const MonitorReply reply = answer_monitor(
        parsed("GET /?token=" + token + " HTTP/1.1\r\nHost: localhost\r\n\r\n"), access, source);
    const std::size_t begin = reply.headers.find("Set-Cookie: ") + 12;
    return reply.headers.substr(begin, reply.headers.find(';', begin) - begin);
  };
  const auto status_with = [&](const std::string& cookie) {
    return status_of("/status", source, access,
                     "Host: localhost\r\nCookie: a=b; " + cookie + "\r\n");
  };
  const std::string cookie = cookie_of("s3cret");
  CHECK(cookie.find("s3cret") == std::string::npos);
  CHECK(status_with(cookie) == 200);
  CHECK(status_with(cookie + "0") == 401);
  CHECK(status_with(access.cookie + "=s3cret") == 401);
  access.session_secret = "another process";
  CHECK(status_with(cookie) == 401);
  access.session_secret = "random";
  source.secret = "rotated";
  CHECK(status_with(cookie) == 401);
}

TEST_CASE("a request as a proxy gets it is answered for the host that it names") {
  FakeSource source;
  const auto status = [&](const std::string& target) {
    return answer_monitor(parsed("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"), {},
                          source)
        .status;
  };
  CHECK(status("http://127.0.0.1:9464/status") == 200);
  CHECK(status("http://localhost") == 200);
  CHECK(status("http://evil.example/status") == 421);
  MonitorRequest request;
  CHECK(parse_monitor_request("GET http:///status HTTP/1.1\r\n\r\n", request) == 400);
}
