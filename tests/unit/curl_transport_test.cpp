// The real transport against a server whose every byte the test decides.
#include "core/curl_transport.h"

#include <catch2/catch_test_macros.hpp>
#include <future>
#include <string>

#include "core/idle_watch.h"
#include "tests/unit/scripted_server.h"
#include "tests/unit/transport_driver.h"

namespace holysheep::testing {
namespace {

// Answers every request on every connection.
void serve_all(Peer& peer) {
  while (!peer.read_request().empty())
    peer.answer(R"({"ok":true})");
}

TEST_CASE("an attempt reports started, sent, headers, data and done") {
  ScriptedServer server(serve_all);
  Driver driver;
  const Outcome& outcome = driver.run(driver.request(driver.endpoint(server.port())));
  CHECK(outcome.started);
  CHECK(outcome.sent);
  CHECK_FALSE(outcome.reused);
  CHECK(outcome.status == 200);
  CHECK(outcome.block == "Content-Type: application/json\r\nContent-Length: 11\r\n");
  CHECK(outcome.body == R"({"ok":true})");
  CHECK(outcome.error == TransportError::none);
  CHECK(outcome.sent_in_full);
}

TEST_CASE("a kept-alive connection is used again") {
  ScriptedServer server(serve_all);
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  CHECK_FALSE(driver.run(driver.request(endpoint)).reused);
  CHECK(driver.run(driver.request(endpoint)).reused);
  CHECK(server.connections() == 1);
  CHECK(driver.counters().connections_opened == 1);
  CHECK(driver.counters().requests_sent == 2);
}

TEST_CASE("connections that nothing has used for a while are closed, and the next call goes on") {
  ScriptedServer server(serve_all);
  CurlTransportOptions options;
  options.idle_max = 20 * kMillisecond;
  Driver driver(options);
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  CHECK(driver.run(driver.request(endpoint)).status == 200);
  CHECK(driver.counters().connections_open == 1);
  CHECK(driver.run_until([&] { return driver.counters().connections_open == 0; }));
  const Outcome& next = driver.run(driver.request(endpoint));
  CHECK(next.status == 200);
  CHECK_FALSE(next.reused);
  CHECK(driver.counters().connections_opened == 2);
}

TEST_CASE("the wait for idle connections ends with the last of them") {
  IdleWatch idle(kSecond);
  CHECK_FALSE(idle.turn_ended(1, 5 * kSecond));
  CHECK(idle.due() == 6 * kSecond);
  CHECK_FALSE(idle.turn_ended(0, 5 * kSecond));  // closed by itself
  CHECK(idle.due() == kNever);
  CHECK_FALSE(idle.turn_ended(1, 7 * kSecond));
  idle.attempt_begins();
  CHECK(idle.due() == kNever);
  CHECK_FALSE(idle.turn_ended(1, 9 * kSecond));
  CHECK(idle.turn_ended(1, 10 * kSecond));
  CHECK(idle.due() == kNever);
}

TEST_CASE("an attempt under way keeps the connections, however long it takes") {
  std::promise<void> answer;
  ScriptedServer server([&, told = answer.get_future().share()](Peer& peer) {
    peer.read_request();
    told.wait();
    peer.answer(R"({"ok":true})");
  });
  CurlTransportOptions options;
  options.idle_max = 0;
  Driver driver(options);
  const AttemptId attempt = driver.start(driver.request(driver.endpoint(server.port())));
  CHECK(driver.run_until([&] { return driver[attempt].sent; }));
  driver.settle();
  CHECK(driver.counters().connections_open == 1);
  answer.set_value();
  CHECK(driver.run_until([&] { return driver[attempt].done; }));
  CHECK(driver[attempt].status == 200);
}

TEST_CASE("an attempt that asks for a fresh connection gets one") {
  ScriptedServer server(serve_all);
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  driver.run(driver.request(endpoint));
  HttpRequest request = driver.request(endpoint);
  request.fresh_connection = true;
  CHECK_FALSE(driver.run(std::move(request)).reused);
  CHECK(server.connections() == 2);
  CHECK(driver.run(driver.request(endpoint)).reused);
}

TEST_CASE("a reused connection that dies is reported, and its request was sent once") {
  std::atomic<int> requests{0};
  ScriptedServer server([&](Peer& peer) {
    bool first = peer.number() == 0;
    while (!peer.read_request().empty()) {
      ++requests;
      if (!first) {
        if (peer.number() == 0) return;  // dead: no byte of an answer
      }
      peer.answer("{}");
      first = false;
    }
  });
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  CHECK(driver.run(driver.request(endpoint)).error == TransportError::none);
  const Outcome& dead = driver.run(driver.request(endpoint));
  CHECK(dead.reused);
  CHECK(dead.error == TransportError::reused_dead);
  CHECK(requests == 2);
  CHECK(dead.text.find("secret") == std::string::npos);
  CHECK(driver.run(driver.request(endpoint)).error == TransportError::none);
  CHECK(requests == 3);
  CHECK(driver.counters().requests_sent == 3);
}

TEST_CASE("no second connection is made for a request that was sent") {
  std::atomic<int> requests{0};
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++requests == 2) return;
      peer.answer("{}");
    }
  });
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  driver.run(driver.request(endpoint));
  CHECK(driver.run(driver.request(endpoint)).error == TransportError::reused_dead);
  CHECK(server.connections() == 1);
}

TEST_CASE("a reused connection cut inside the status line is not asked twice") {
  std::atomic<int> requests{0};
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++requests == 2) {
        peer.send("HTTP/1.1 20");
        return;
      }
      peer.answer("{}");
    }
  });
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  driver.run(driver.request(endpoint));
  const Outcome& outcome = driver.run(driver.request(endpoint));
  CHECK(outcome.reused);
  CHECK(outcome.error == TransportError::reused_dead);  // libcurl knows of whole lines only
  CHECK(requests == 2);
}

TEST_CASE("each place where a fresh connection can be cut has its error") {
  struct Case {
    const char* bytes;
    TransportError error;
  };
  const Case cases[] = {
      {"", TransportError::reset},
      {"HTTP/1.1 20", TransportError::reset},
      {"HTTP/1.1 200 OK\r\nContent-Le", TransportError::reset},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n", TransportError::reset},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", TransportError::cut},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", TransportError::cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", TransportError::cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", TransportError::cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", TransportError::protocol},
      {"SSH-2.0-OpenSSH_9.2\r\n", TransportError::protocol},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
       TransportError::protocol},
      {"HTTP/1.1 200 OK\r\n\r\nto the end", TransportError::none},
  };
  for (const bool with_reset : {false, true}) {
    for (const Case& one : cases) {
      if (with_reset && one.error == TransportError::none) continue;
      CAPTURE(one.bytes, with_reset);
      ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.send(one.bytes);
        if (with_reset) peer.reset();
      });
      Driver driver;
      const Outcome& outcome = driver.run(driver.request(driver.endpoint(server.port())));
      CAPTURE(outcome.text);
      if (with_reset && (one.error == TransportError::protocol)) {
        CHECK(outcome.error != TransportError::none);  // the reset may overtake the bytes
      } else {
        CHECK(outcome.error == one.error);
      }
      CHECK(outcome.sent);
    }
  }
}

TEST_CASE("a refused connection is reported with host and port") {
  int port = 0;
  {
    ScriptedServer server([](Peer&) {});
    port = server.port();
  }
  Driver driver;
  const Outcome& outcome = driver.run(driver.request(driver.endpoint(port)));
  CHECK(outcome.error == TransportError::connect);
  CHECK_FALSE(outcome.sent);
  CHECK_FALSE(outcome.sent_in_full);
  CHECK(outcome.text ==
        "127.0.0.1:" + std::to_string(port) + ": no connection: Connection refused");
}

TEST_CASE("interim answers and trailers stay out of the header block") {
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    peer.send(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n");
    peer.wait_for_close();
  });
  Driver driver;
  const Outcome& outcome = driver.run(driver.request(driver.endpoint(server.port())));
  CHECK(outcome.status == 429);
  CHECK(outcome.block == "Retry-After: 3\r\nTransfer-Encoding: chunked\r\n");
  CHECK(outcome.body == "{}");
  CHECK(outcome.error == TransportError::none);
}

TEST_CASE("headers above their limit end the attempt") {
  for (const int line_bytes : {100, 4000, 200'000}) {
    CAPTURE(line_bytes);
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      std::string answer = "HTTP/1.1 200 OK\r\n";
      while (answer.size() < 400'000) {
        answer += "X-Filler: " + std::string(static_cast<std::size_t>(line_bytes), 'x') + "\r\n";
      }
      peer.send(answer + "Content-Length: 0\r\n\r\n");
      peer.wait_for_close();
    });
    Driver driver;
    const Outcome& outcome = driver.run(driver.request(driver.endpoint(server.port())));
    CAPTURE(outcome.text);
    CHECK(outcome.error == TransportError::header_too_large);
    CHECK_FALSE(outcome.headers);
  }
}

TEST_CASE("a body above its limit ends the attempt, a stream has no such limit") {
  ScriptedServer server([](Peer& peer) {
    while (!peer.read_request().empty())
      peer.answer(std::string(5000, 'x'));
  });
  CurlTransportOptions options;
  options.body_bytes_max = 4999;
  Driver driver(options);
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  CHECK(driver.run(driver.request(endpoint)).error == TransportError::body_too_large);
  HttpRequest stream = driver.request(endpoint);
  stream.stream = true;
  CHECK(driver.run(std::move(stream)).body.size() == 5000);
}

TEST_CASE("the request goes out as given: method, headers, body, no Expect") {
  std::promise<std::string> seen;
  ScriptedServer server([&](Peer& peer) {
    seen.set_value(peer.read_request());
    peer.answer("{}");
  });
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  HttpRequest request = driver.request(endpoint, std::string(2'000'000, 'b'));
  request.method = "PUT";
  request.headers.emplace_back("X-Empty:");
  const Outcome& outcome = driver.run(std::move(request));
  CHECK(outcome.error == TransportError::none);
  CHECK(outcome.sent_in_full);
  const std::string text = seen.get_future().get();
  CHECK(text.starts_with("PUT /v1/chat/completions HTTP/1.1\r\n"));
  CHECK(text.find("\r\nX-Empty:") != std::string::npos);
  CHECK(text.find("Expect") == std::string::npos);
  CHECK(text.find("\r\nAccept-Encoding: gzip, deflate\r\n") != std::string::npos);
  CHECK(text.size() > 2'000'000);
}

TEST_CASE("one handle carries every method in turn") {
  std::mutex mutex;
  std::vector<std::string> lines;
  ScriptedServer server([&](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      const bool body = request.find("\r\n\r\n") + 4 < request.size();
      {
        const std::lock_guard lock(mutex);
        lines.push_back(request.substr(0, request.find(' ')) + (body ? " body" : ""));
      }
      if (request.starts_with("HEAD")) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
      } else {
        peer.answer("{}");
      }
    }
  });
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  std::vector<std::string> expected;
  const char* methods[] = {"POST", "GET",    "POST", "HEAD",   "GET",   "DELETE", "PUT",
                           "POST", "DELETE", "GET",  "DELETE", "PATCH", "HEAD",   "POST"};
  int number = 0;
  for (const std::string_view method : methods) {
    const bool body = method == "POST" || method == "PUT" || (method == "DELETE" && ++number == 2);
    HttpRequest request = driver.request(endpoint);
    request.method = method;
    if (!body) request.body = nullptr;
    CHECK(driver.run(std::move(request)).error == TransportError::none);
    expected.push_back(std::string(method) + (body ? " body" : ""));
  }
  CHECK(lines == expected);
  CHECK(server.connections() == 1);
}

TEST_CASE("a cancelled attempt reports nothing more, whatever its state") {
  std::promise<void> got_request;
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    if (peer.number() == 0) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    }
    peer.wait_for_close();
  });
  CurlTransportOptions options;
  options.connections_max = 2;
  Driver driver(options);
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  const AttemptId streaming = driver.start(driver.request(endpoint));
  REQUIRE(driver.run_until([&] { return driver[streaming].body == "part"; }));
  const AttemptId waiting = driver.start(driver.request(endpoint));
  REQUIRE(driver.run_until([&] { return driver[waiting].sent; }));
  const AttemptId queued = driver.start(driver.request(endpoint));
  CHECK(driver.counters().queued == 1);
  driver.transport().cancel(queued, false);
  CHECK(driver.counters().queued == 0);
  driver.transport().cancel(waiting, false);
  const AttemptId connecting = driver.start(driver.request(endpoint));
  driver.transport().cancel(connecting, false);
  driver.transport().pause(streaming);
  driver.transport().cancel(streaming, false);
  driver.transport().cancel(streaming, false);
  driver.settle();
  CHECK_FALSE(driver[streaming].done);
  CHECK_FALSE(driver[waiting].done);
  CHECK_FALSE(driver[queued].started);
  CHECK_FALSE(driver[connecting].started);
}

TEST_CASE("attempts above the endpoint's connections_max wait their turn") {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      released.wait();
      peer.answer("{}");
    }
  });
  Driver driver;
  EndpointConfig& endpoint = driver.endpoint(server.port());
  endpoint.connections_max = 3;
  std::vector<AttemptId> attempts;
  for (int i = 0; i < 10; ++i)
    attempts.push_back(driver.start(driver.request(endpoint)));
  REQUIRE(driver.run_until([&] { return driver[attempts[2]].sent; }));
  CHECK(driver.counters().queued == 7);
  CHECK_FALSE(driver[attempts[3]].started);
  release.set_value();
  REQUIRE(driver.run_until([&] {
    return driver[attempts[0]].done || driver[attempts[1]].done || driver[attempts[2]].done;
  }));
  // What the first one's outcome says comes before the next one begins.
  CHECK_FALSE(driver[attempts[3]].started);
  REQUIRE(driver.run_until([&] { return driver[attempts[9]].done; }));
  CHECK(server.connections() == 3);
}

TEST_CASE("a host that is not known to live gets two attempts, the first success lets all in") {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      released.wait();
      peer.answer("{}");
    }
  });
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  std::vector<AttemptId> attempts;
  for (int i = 0; i < 50; ++i)
    attempts.push_back(driver.start(driver.request(endpoint)));
  CHECK(driver.counters().queued == 48);
  REQUIRE(driver.run_until([&] { return driver[attempts[49]].sent; }));
  CHECK(driver.counters().queued == 0);
  release.set_value();
  REQUIRE(driver.run_until([&] { return driver[attempts[49]].done; }));
}

TEST_CASE("a host that waits does not hold back another") {
  ScriptedServer silent([](Peer& peer) { peer.wait_for_close(); });
  ScriptedServer server(serve_all);
  Driver driver;
  EndpointConfig& full = driver.endpoint(silent.port());
  full.connections_max = 1;
  for (int i = 0; i < 5; ++i)
    driver.start(driver.request(full));
  CHECK(driver.run(driver.request(driver.endpoint(server.port()))).status == 200);
}

TEST_CASE("a paused attempt delivers nothing until it is resumed") {
  std::promise<void> go_on;
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhead");
    go_on.get_future().wait();
    peer.send("tail");
    peer.wait_for_close();
  });
  ScriptedServer other(serve_all);
  Driver driver;
  const AttemptId attempt = driver.start(driver.request(driver.endpoint(server.port())));
  REQUIRE(driver.run_until([&] { return driver[attempt].body == "head"; }));
  driver.transport().pause(attempt);
  go_on.set_value();
  const EndpointConfig& busy = driver.endpoint(other.port());
  for (int i = 0; i < 20; ++i)
    driver.run(driver.request(busy));
  CHECK(driver[attempt].body == "head");
  driver.transport().resume(attempt);
  REQUIRE(driver.run_until([&] { return driver[attempt].done; }));
  CHECK(driver[attempt].body == "headtail");
  CHECK(driver[attempt].error == TransportError::none);
}

TEST_CASE("three hundred attempts at once all end") {
  ScriptedServer server(serve_all);
  Driver driver;
  const EndpointConfig& endpoint = driver.endpoint(server.port());
  std::vector<AttemptId> attempts;
  for (int i = 0; i < 300; ++i)
    attempts.push_back(driver.start(driver.request(endpoint)));
  for (const AttemptId attempt : attempts) {
    REQUIRE(driver.run_until([&] { return driver[attempt].done; }));
    CHECK(driver[attempt].status == 200);
    CHECK(driver[attempt].events_after_done == 0);
  }
  CHECK(server.connections() <= 300);
}

TEST_CASE("a burst enters libcurl bit by bit, so that a turn stays short") {
  constexpr int kBurst = 400;
  constexpr std::size_t kAtOnceMax = 256;
  ScriptedServer server(serve_all);
  Driver driver(CurlTransportOptions{.connections_max = kBurst});
  EndpointConfig& endpoint = driver.endpoint(server.port());
  endpoint.connections_max = kBurst;
  driver.run(driver.request(endpoint));  // the host is known to live
  AttemptId last = 0;
  for (int i = 0; i < kBurst; ++i)
    last = driver.start(driver.request(endpoint));
  CHECK(driver.counters().queued == kBurst - kAtOnceMax);
  // What waits can be cancelled at once, and the others all end.
  driver.transport().cancel(last, false);
  CHECK(driver.counters().queued == kBurst - kAtOnceMax - 1);
  CHECK(driver.run_until([&] {
    for (AttemptId attempt = 2; attempt < last; ++attempt)
      if (!driver[attempt].done) return false;
    return true;
  }));
  CHECK_FALSE(driver[last].started);
}

TEST_CASE("wake ends a poll that waits, or the next one") {
  Driver driver;
  std::vector<TransportEvent> events;
  driver.transport().wake();
  driver.transport().poll(kNever, events);
  std::promise<void> polling;
  std::thread waker([&] {
    polling.get_future().wait();
    driver.transport().wake();
  });
  polling.set_value();
  driver.transport().poll(kNever, events);
  waker.join();
  CHECK(events.empty());
}

TEST_CASE("a poll with nothing to do waits until its instant") {
  Driver driver;
  std::vector<TransportEvent> events;
  const Nanos before = read_clocks().mono;
  driver.transport().poll(before + 30 * kMillisecond, events);
  CHECK(read_clocks().mono >= before + 30 * kMillisecond);
}

}  // namespace
}  // namespace holysheep::testing
