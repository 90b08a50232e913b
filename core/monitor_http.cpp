#include "core/monitor_http.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "core/headers.h"
#include "core/monitor_page.h"
#include "core/url.h"

namespace holysheep {
namespace {

MonitorReply plain(int status, std::string body) {
  MonitorReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 303:
      return "See Other";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Service Unavailable";
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// "[::1]:9464" -> "::1", "localhost:1" -> "localhost".
std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

// A numeric address cannot be another site's name.
bool is_address(std::string_view host) {
  const std::string text(host);
  in6_addr room{};
  return inet_pton(AF_INET, text.c_str(), &room) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

bool host_allowed(std::string_view given, const MonitorAccess& access) {
  if (!access.checks_host) return true;
  const std::string_view host = without_port(given);
  if (is_address(host) || equals_ignore_case(host, "localhost")) return true;
  return std::any_of(access.hosts.begin(), access.hosts.end(), [&](const std::string& each) {
    return equals_ignore_case(each, host) || equals_ignore_case(each, given);
  });
}

// Takes the same time wherever the first difference is.
bool same_secret(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(left[i])) ^
                  static_cast<unsigned>(static_cast<unsigned char>(right[i]));
  }
  return difference == 0;
}

// The value of `name` in "a=1; b=2" or "a=1&b=2"; "" if there is none.
std::string_view value_in(std::string_view text, char separator, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view pair = trimmed(text.substr(0, end));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return {};
}

std::string session_of(const std::string& token, const MonitorAccess& access) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), access.session_secret.data(),
           static_cast<int>(access.session_secret.size()),
           reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data(),
           &size) == nullptr) {
    return {};
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

bool token_shown(const MonitorRequest& request, const std::string& token,
                 const MonitorAccess& access) {
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view given = request.authorization;
  if (given.size() > kBearer.size() &&
      equals_ignore_case(given.substr(0, kBearer.size()), kBearer) &&
      same_secret(trimmed(given.substr(kBearer.size())), token)) {
    return true;
  }
  const std::string session = session_of(token, access);
  return !session.empty() && same_secret(value_in(request.cookie, ';', access.cookie), session);
}

// A browser that shows the token once gets a cookie, and its address bar forgets the token.
MonitorReply let_in(const std::string& token, const MonitorAccess& access) {
  MonitorReply reply = plain(303, "");
  reply.headers = "Location: /\r\nSet-Cookie: " + access.cookie + "=" + session_of(token, access) +
                  "; HttpOnly; SameSite=Strict; Path=/\r\n";
  return reply;
}

MonitorReply page() {
  MonitorReply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.headers =
      "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src "
      "'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'\r\n";
  reply.body = monitor_page();
  return reply;
}

MonitorReply route(const MonitorRequest& request, const MonitorSource& source) {
  MonitorReply reply;
  if (request.path == "/") return page();
  if (request.path == "/metrics") {
    const ExpositionFormat format = exposition_format(request.accept);
    reply.content_type = content_type(format);
    reply.body = source.metrics(format);
    return reply;
  }
  if (request.path == "/events") {
    reply.content_type = "text/event-stream; charset=utf-8";
    reply.streams = true;
    return reply;
  }
  reply.content_type = "application/json; charset=utf-8";
  if (request.path == "/status") {
    reply.body = source.status();
    return reply;
  }
  if (request.path == "/health") {
    bool ok = false;
    reply.body = source.health(&ok);
    reply.status = ok ? 200 : 503;
    return reply;
  }
  return plain(404, "there are / /metrics /status /events /health /livez /readyz\n");
}

void read_field(std::string_view name, std::string_view value, MonitorRequest& request) {
  if (equals_ignore_case(name, "host")) request.host = value;
  if (equals_ignore_case(name, "authorization")) request.authorization = value;
  if (equals_ignore_case(name, "cookie")) request.cookie = value;
  if (!equals_ignore_case(name, "accept")) return;
  if (!request.accept.empty()) request.accept += ',';
  request.accept += value;
}

// "GET /metrics?x HTTP/1.1"
int parse_request_line(std::string_view line, MonitorRequest& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  request.method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return 505;
  // As a proxy gets it; its host is the one that counts.
  constexpr std::string_view kScheme = "http://";
  if (target.substr(0, kScheme.size()) == kScheme) {
    target.remove_prefix(kScheme.size());
    const std::size_t slash = std::min(target.find('/'), target.size());
    request.absolute_host = target.substr(0, slash);
    target.remove_prefix(slash);
    if (request.absolute_host.empty()) return 400;
    if (target.empty()) target = "/";
  }
  if (target.empty() || target.front() != '/') return 400;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  return 0;
}

}  // namespace

int parse_monitor_request(std::string_view head, MonitorRequest& request) {
  const auto take_line = [&head](std::string_view& line) {
    const std::size_t end = head.find('\n');
    if (end == std::string_view::npos) return false;
    line = head.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    head.remove_prefix(end + 1);
    return true;
  };
  std::string_view line;
  if (!take_line(line)) return 400;
  if (const int refused = parse_request_line(line, request); refused != 0) return refused;
  int hosts = 0;
  while (take_line(line) && !line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return 400;
    const std::string_view name = line.substr(0, colon);
    if (equals_ignore_case(name, "host")) ++hosts;
    read_field(name, trimmed(line.substr(colon + 1)), request);
  }
  if (!request.absolute_host.empty()) request.host = request.absolute_host;
  return hosts > 1 ? 400 : 0;
}

MonitorReply answer_monitor(const MonitorRequest& request, const MonitorAccess& access,
                            const MonitorSource& source) {
  if (request.method != "GET" && request.method != "HEAD") {
    MonitorReply reply = plain(405, "the monitor is read-only: GET or HEAD\n");
    reply.headers = "Allow: GET, HEAD\r\n";
    return reply;
  }
  // Probes tell nothing, and load balancers' checks know no host.
  if (request.path == "/livez") {
    return source.alive() ? plain(200, "ok\n") : plain(503, "the engine does not turn\n");
  }
  if (request.path == "/readyz") {
    return source.ready() ? plain(200, "ok\n") : plain(503, "draining\n");
  }
  if (!host_allowed(request.host, access)) {
    return plain(421, "this Host is not known here: add it to monitor.hosts\n");
  }
  if (access.wants_token) {
    const std::string token = source.token();
    const std::string_view shown = value_in(request.query, '&', "token");
    if (request.path == "/" && !token.empty() &&
        (same_secret(percent_decode(shown), token) || same_secret(shown, token))) {
      return let_in(token, access);
    }
    if (token.empty() || !token_shown(request, token, access)) {
      MonitorReply reply = plain(401,
                                 "show the token: Authorization: Bearer TOKEN, or open "
                                 "/?token=TOKEN once\n");
      reply.headers = "WWW-Authenticate: Bearer realm=\"holysheep\"\r\n";
      return reply;
    }
  }
  return route(request, source);
}

std::string reply_bytes(const MonitorReply& reply, bool with_body) {
  std::string bytes = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  bytes.append(reason_phrase(reply.status)).append("\r\nContent-Type: ");
  bytes.append(reply.content_type).append("\r\n").append(reply.headers);
  if (!reply.streams) bytes += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  bytes +=
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n"
      "Connection: close\r\n\r\n";
  if (with_body) bytes += reply.body;
  return bytes;
}

}  // namespace holysheep
