// Drives a real transport from a test as the engine's host does, and keeps what each attempt
// reported.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/curl_transport.h"
#include "core/loop.h"

namespace holysheep::testing {

// What one attempt has reported so far.
struct Outcome {
  bool started = false;
  bool sent = false;
  bool reused = false;
  bool headers = false;
  bool done = false;
  bool sent_in_full = false;
  int status = 0;
  int events_after_done = 0;
  TransportError error = TransportError::none;
  std::string block;
  std::string body;
  std::string text;
};

class Driver {
 public:
  explicit Driver(const CurlTransportOptions& options = {}) {
    std::string error;
    transport_ = make_curl_transport(options, nullptr, &error);
    REQUIRE(error == "");
  }

  EndpointConfig& endpoint(int port, std::string host = "127.0.0.1") {
    auto& made = *endpoints_.emplace_back(std::make_unique<EndpointConfig>());
    made.name = "endpoint-" + std::to_string(endpoints_.size());
    made.scheme = "http";
    made.host = std::move(host);
    made.port = port;
    made.http = HttpVersion::http1;
    return made;
  }

  HttpRequest request(const EndpointConfig& endpoint, std::string body = R"({"model":"m"})") {
    HttpRequest made;
    made.endpoint = &endpoint;
    made.method = "POST";
    made.url = endpoint.scheme + "://" + endpoint.host + ":" + std::to_string(endpoint.port) +
               "/v1/chat/completions";
    made.headers = {"Content-Type: application/json", "Authorization: Bearer secret-key"};
    made.body = std::make_shared<const std::string>(std::move(body));
    made.connect_limit = 5 * kSecond;
    return made;
  }

  AttemptId start(HttpRequest request) {
    const AttemptId attempt = ++attempts_;
    transport_->start(attempt, std::move(request));
    return attempt;
  }

  // Polls until `reached`; false after five seconds, which no test needs while all is well.
  bool run_until(const std::function<bool()>& reached) {
    const Nanos end = read_clocks().mono + 5 * kSecond;
    while (!reached()) {
      const Nanos before = read_clocks().mono;
      if (before >= end) return false;
      transport_->poll(std::min(end, before + 50 * kMillisecond), events_);
      longest_turn_ = std::max(longest_turn_, read_clocks().mono - before);
      for (TransportEvent& event : events_)
        take(event);
      events_.clear();
    }
    return true;
  }

  // Gives what is under way on loopback the time to arrive.
  void settle() {
    const Nanos end = read_clocks().mono + 100 * kMillisecond;
    run_until([&] { return read_clocks().mono >= end; });
  }

  // Runs one attempt to its end.
  const Outcome& run(HttpRequest request) {
    const AttemptId attempt = start(std::move(request));
    const bool ended = run_until([&] { return outcomes_[attempt].done; });
    CHECK(ended);
    return outcomes_[attempt];
  }

  Outcome& operator[](AttemptId attempt) { return outcomes_[attempt]; }
  Transport& transport() { return *transport_; }
  CurlTransportCounters counters() const { return counters_of(*transport_); }
  Nanos longest_turn() const { return longest_turn_; }

 private:
  void take(TransportEvent& event) {
    Outcome& outcome = outcomes_[event.attempt];
    if (outcome.done) ++outcome.events_after_done;
    switch (event.kind) {
      case TransportEvent::Kind::started:
        outcome.started = true;
        break;
      case TransportEvent::Kind::sent:
        CHECK(outcome.started);
        CHECK_FALSE(outcome.sent);
        outcome.sent = true;
        outcome.reused = event.reused;
        break;
      case TransportEvent::Kind::headers:
        CHECK(outcome.sent);
        CHECK_FALSE(outcome.headers);
        outcome.headers = true;
        outcome.status = event.status;
        outcome.block = event.bytes;
        break;
      case TransportEvent::Kind::data:
        CHECK(outcome.headers);
        outcome.body += event.bytes;
        break;
      case TransportEvent::Kind::done:
        outcome.done = true;
        outcome.error = event.error;
        outcome.sent_in_full = event.sent_in_full;
        outcome.text = event.bytes;
        break;
    }
  }

  std::vector<std::unique_ptr<EndpointConfig>> endpoints_;
  std::unique_ptr<Transport> transport_;
  std::vector<TransportEvent> events_;
  std::map<AttemptId, Outcome> outcomes_;
  AttemptId attempts_ = 0;
  Nanos longest_turn_ = 0;
};

}  // namespace holysheep::testing
