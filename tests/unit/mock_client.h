// A client for the mock's tests that sees bytes: libcurl for whole answers, a raw socket where the
// test is about what libcurl hides.
#pragma once

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/headers.h"
#include "core/json.h"
#include "core/mock/mock_pool.h"

namespace holysheep::mock_test {

struct Answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  Headers headers;
  std::string body;
};

struct Ask {
  std::string path = "/chat/completions";
  std::string body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
  std::string method = "POST";
  std::string key = "mock-key";
  std::string encoding;
  std::string ca_file;
  std::string expect;
  bool chunked = false;
  long timeout_ms = 10'000;
};

inline std::size_t append_bytes(char* data, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(data, size * count);
  return size * count;
}

// Keeps its connection between requests, as a client does.
class Client {
 public:
  Client() : easy_(curl_easy_init()) {}
  ~Client() { curl_easy_cleanup(easy_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Answer send(const std::string& base, const Ask& ask = {}) {
    Answer answer;
    std::string head;
    curl_easy_reset(easy_);
    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    headers = curl_slist_append(headers, ("Authorization: Bearer " + ask.key).c_str());
    headers = curl_slist_append(headers, ("Expect: " + ask.expect).substr(0, 7).c_str());
    if (ask.chunked) headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    const std::string url = base + ask.path;
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, ask.timeout_ms);
    if (ask.method == "POST") {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(ask.body.size()));
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, ask.body.c_str());
    }
    if (!ask.encoding.empty()) {
      curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, ask.encoding.c_str());
    }
    if (!ask.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, ask.ca_file.c_str());
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, append_bytes);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, append_bytes);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, &head);
    answer.code = curl_easy_perform(easy_);
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.headers = Headers(std::move(head));
    curl_slist_free_all(headers);
    return answer;
  }

 private:
  CURL* easy_;
};

inline Answer send(const std::string& base, const Ask& ask = {}) {
  return Client().send(base, ask);
}

inline Ask streamed() {
  Ask ask;
  ask.body = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";
  return ask;
}

// A connection byte by byte.
class RawSocket {
 public:
  explicit RawSocket(int port) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    error = connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
                ? 0
                : errno;
  }
  ~RawSocket() { close(descriptor_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void write(std::string_view text) const {
    (void)!::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  void write_request(std::string_view body = "{}", std::string_view extra = "") const {
    write("POST /v1/chat/completions HTTP/1.1\r\nHost: mock\r\n" + std::string(extra) +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  bool readable(int timeout_ms) const {
    pollfd entry{descriptor_, POLLIN, 0};
    return poll(&entry, 1, timeout_ms) > 0;
  }
  // What has come, waiting for the first byte; "" at the end, with `error` set if it was not in
  // order.
  std::string read() {
    char buffer[65536];
    const ssize_t count = recv(descriptor_, buffer, sizeof buffer, 0);
    error = count < 0 ? errno : 0;
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
  }
  std::string read_to_end() {
    std::string all;
    for (std::string part = read(); !part.empty(); part = read())
      all += part;
    return all;
  }
  std::string read_until(std::string_view mark) {
    std::string all;
    while (all.find(mark) == std::string::npos) {
      const std::string part = read();
      if (part.empty()) break;
      all += part;
    }
    return all;
  }

  int error = 0;

 private:
  int descriptor_;
};

inline std::unique_ptr<MockPool> open_pool(std::string_view script) {
  Result<std::unique_ptr<MockPool>> pool = MockPool::open(script);
  if (!pool.ok()) throw std::runtime_error(pool.error().message);
  return std::move(pool).value();
}

// A pool of one endpoint, "e", whose first replies are these.
inline std::unique_ptr<MockPool> open_replies(const std::string& replies,
                                              const std::string& more = "") {
  return open_pool(R"({"version":1,"endpoints":[{"name":"e","replies":[)" + replies + "]" + more +
                   "}]}");
}

inline JsonDocument parsed(std::string_view text) {
  Result<JsonDocument> document = JsonDocument::parse(text, "test", Status::internal);
  if (!document.ok()) throw std::runtime_error(document.error().message);
  return std::move(document).value();
}

}  // namespace holysheep::mock_test
