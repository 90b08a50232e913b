// The modelled providers and their transport by themselves, without an engine.
#include "core/sim/sim_transport.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/headers.h"
#include "core/sim/sim_refusal.h"

namespace holysheep {
namespace {

constexpr Now kBegin{1000 * kSecond, 1767225600 * kSecond};

struct Bench {
  std::vector<EndpointConfig> endpoints;
  SimTransport transport;
  Now now = kBegin;
  AttemptId next_id = 0;

  explicit Bench(SimProviderModel model) : transport({std::move(model)}, 7, kBegin) {
    endpoints.resize(1);
    endpoints[0].name = "one";
  }

  AttemptId start(std::string body = R"({"model":"m"})", bool fresh = false) {
    HttpRequest request;
    request.endpoint = &endpoints[0];
    request.method = "POST";
    request.url = "https://one.example/v1/chat/completions";
    request.body = std::make_shared<const std::string>(std::move(body));
    request.fresh_connection = fresh;
    transport.start(++next_id, std::move(request));
    return next_id;
  }

  // Goes from event to event until nothing more happens.
  std::vector<TransportEvent> run() {
    std::vector<TransportEvent> events;
    while (transport.next_event() != kNever)
      step(events);
    return events;
  }
  void step(std::vector<TransportEvent>& events) {
    const Nanos gap = transport.next_event() - now.mono;
    now = {now.mono + gap, now.unix + gap};
    transport.set_now(now);
    transport.collect(events);
  }
};

SimProviderModel plain_model() {
  SimProviderModel model;
  model.name = "one";
  return model;
}

std::string body_of(const std::vector<TransportEvent>& events) {
  std::string body;
  for (const TransportEvent& event : events) {
    if (event.kind == TransportEvent::Kind::data) body += event.bytes;
  }
  return body;
}

SimFault fault_of(SimFaultKind kind) {
  SimFault fault;
  fault.kind = kind;
  return fault;
}

}  // namespace

TEST_CASE("a success makes the events of the contract in order, at the model's times") {
  Bench bench(plain_model());
  bench.start();
  const std::vector<TransportEvent> events = bench.run();
  REQUIRE(events.size() == 5);
  CHECK(events[0].kind == TransportEvent::Kind::started);
  CHECK(events[1].kind == TransportEvent::Kind::sent);
  CHECK_FALSE(events[1].reused);
  CHECK(events[2].kind == TransportEvent::Kind::headers);
  CHECK(events[2].status == 200);
  CHECK(events[3].kind == TransportEvent::Kind::data);
  CHECK(events[4].kind == TransportEvent::Kind::done);
  CHECK(events[4].error == TransportError::none);
  CHECK(events[4].sent_in_full);
  // 20 ms to connect, 200 ms to the first token, 20 tokens of 5 ms.
  CHECK(bench.now.mono - kBegin.mono == 320 * kMillisecond);
}

TEST_CASE("a second request reuses the connection unless a fresh one is asked for") {
  Bench bench(plain_model());
  bench.start();
  bench.run();
  bench.start();
  CHECK(bench.run()[1].reused);
  bench.start(R"({"model":"m"})", true);
  CHECK_FALSE(bench.run()[1].reused);
}

TEST_CASE("a bucket refuses with the wait of PROVIDERS 1.0") {
  SimLimits limits;
  limits.tokens_per_minute = 30000;
  SimLimiter limiter(limits);
  CHECK(limiter.admit(kBegin, 18928).admitted);
  const SimAdmission refused = limiter.admit(kBegin, 11159);
  CHECK_FALSE(refused.admitted);
  CHECK(refused.used == 18928);
  CHECK(refused.wait == 174 * kMillisecond);
  const Now later{kBegin.mono + refused.wait, kBegin.unix + refused.wait};
  CHECK(limiter.admit(later, 11159).admitted);
}

TEST_CASE("a daily limit gives one slot back after 86400 / limit seconds") {
  SimLimits limits;
  limits.requests_per_day = 200;
  SimLimiter limiter(limits);
  for (int i = 0; i < 200; ++i)
    REQUIRE(limiter.admit(kBegin, 1).admitted);
  CHECK(limiter.admit(kBegin, 1).wait == 432 * kSecond);
}

TEST_CASE("a fixed window is empty again when the next minute begins") {
  SimLimits limits;
  limits.window = SimLimits::Window::fixed;
  limits.requests_per_minute = 1;
  SimLimiter limiter(limits);
  const Now now{5 * kSecond, 1767225615 * kSecond};
  CHECK(limiter.admit(now, 1).admitted);
  CHECK(limiter.admit(now, 1).wait == 45 * kSecond);
  CHECK(limiter.admit({50 * kSecond, 1767225660 * kSecond}, 1).admitted);
}

TEST_CASE("a request above the whole limit never fits") {
  SimLimits limits;
  limits.tokens_per_minute = 6000;
  SimLimiter limiter(limits);
  const SimAdmission refused = limiter.admit(kBegin, 14368);
  CHECK(refused.never_fits);
  const SimAnswer answer = refusal_answer(SimFamily::groq, SimRequest{}, refused, kBegin);
  CHECK(answer.status == 413);
  CHECK_FALSE(answer.told_wait.has_value());
}

TEST_CASE("concurrency is freed when an answer ends and when an attempt is cancelled") {
  SimProviderModel model = plain_model();
  model.limits.concurrency = 1;
  Bench bench(model);
  const AttemptId first = bench.start();
  std::vector<TransportEvent> events;
  bench.step(events);
  bench.step(events);
  CHECK(bench.transport.provider(0).in_flight() == 1);
  bench.start();
  bench.step(events);
  bench.step(events);
  bench.step(events);
  CHECK(events.back().status == 429);
  bench.transport.cancel(first, false);
  bench.run();
  CHECK(bench.transport.provider(0).in_flight() == 0);
  CHECK(bench.transport.attempts()[0].cancelled);
  CHECK(bench.transport.running() == 0);
}

TEST_CASE("each family tells the wait in its own words") {
  SimAdmission refused{false, false, LimitDimension::rpm, 60, 60, 1, 1500 * kMillisecond};
  const SimRequest request;
  const auto told = [&](SimFamily family) {
    return refusal_answer(family, request, refused, kBegin);
  };
  CHECK(told(SimFamily::openai).pieces[0].bytes.find("try again in 1.5s") != std::string::npos);
  CHECK(Headers(told(SimFamily::openai).headers).find("retry-after-ms") == "1500");
  CHECK(Headers(told(SimFamily::groq).headers).find("retry-after") == "2");
  CHECK(told(SimFamily::azure).pieces[0].bytes.find("retry after 2 seconds") != std::string::npos);
  CHECK(Headers(told(SimFamily::anthropic).headers).find("anthropic-ratelimit-requests-reset") ==
        "2026-01-01T00:00:03Z");
  CHECK(told(SimFamily::gemini).pieces[0].bytes.find(R"("retryDelay":"2s")") != std::string::npos);
  CHECK(told(SimFamily::document).pieces[0].bytes.find(R"("retry_after":2)") != std::string::npos);
  CHECK(Headers(told(SimFamily::plain).headers).find("Retry-After") == "2");
  CHECK_FALSE(told(SimFamily::silent).told_wait.has_value());
}

TEST_CASE("durations and dates are written as providers write them") {
  CHECK(go_duration(634 * kMillisecond) == "634ms");
  CHECK(go_duration(8640 * kMillisecond) == "8.64s");
  CHECK(go_duration(432 * kSecond) == "7m12s");
  CHECK(go_duration(kHour + 2 * kSecond) == "1h0m2s");
  CHECK(rfc3339(1755780059 * kSecond) == "2025-08-21T12:40:59Z");
}

TEST_CASE("faults end an attempt where they say") {
  const struct {
    SimFaultKind kind;
    TransportError error;
    int status;
  } rows[] = {
      {SimFaultKind::refuse, TransportError::connect, 0},
      {SimFaultKind::resolve, TransportError::resolve, 0},
      {SimFaultKind::local, TransportError::local_descriptors, 0},
      {SimFaultKind::reset, TransportError::reset, 0},
      {SimFaultKind::cut, TransportError::cut, 200},
      {SimFaultKind::html, TransportError::none, 200},
      {SimFaultKind::error_object, TransportError::none, 200},
      {SimFaultKind::done_only, TransportError::none, 200},
  };
  for (const auto& row : rows) {
    SimProviderModel model = plain_model();
    model.answers = {fault_of(row.kind)};
    Bench bench(model);
    bench.start();
    const std::vector<TransportEvent> events = bench.run();
    REQUIRE(events.back().kind == TransportEvent::Kind::done);
    CHECK(events.back().error == row.error);
    CHECK(bench.transport.attempts()[0].status == row.status);
    CHECK(bench.transport.attempts()[0].truth != SimTruth::good);
  }
}

TEST_CASE("silence and an unreachable host never end by themselves") {
  for (const SimFaultKind kind :
       {SimFaultKind::stall, SimFaultKind::unreachable, SimFaultKind::silence}) {
    SimProviderModel model = plain_model();
    model.answers = {fault_of(kind)};
    Bench bench(model);
    bench.start();
    const std::vector<TransportEvent> events = bench.run();
    CHECK(events.back().kind != TransportEvent::Kind::done);
    CHECK(bench.transport.running() == 1);
  }
}

TEST_CASE("a dead reused connection fails once and a fresh one works") {
  SimProviderModel model = plain_model();
  model.answers = {SimFault{}, fault_of(SimFaultKind::dead_connection),
                   fault_of(SimFaultKind::dead_connection)};
  Bench bench(model);
  bench.start();
  bench.run();
  bench.start();
  CHECK(bench.run().back().error == TransportError::reused_dead);
  bench.start(R"({"model":"m"})", true);
  CHECK(bench.run().back().error == TransportError::none);
}

TEST_CASE("a stream is cut after the pieces that were asked for") {
  SimProviderModel model = plain_model();
  SimFault cut = fault_of(SimFaultKind::cut);
  cut.after_pieces = 3;
  model.answers = {cut};
  Bench bench(model);
  bench.start(R"({"model":"m","stream":true})");
  const std::vector<TransportEvent> events = bench.run();
  CHECK(events.back().error == TransportError::cut);
  std::size_t whole = 0;
  const std::string body = body_of(events);
  for (std::size_t at = body.find("\"token"); at != std::string::npos;
       at = body.find("\"token", at + 1)) {
    ++whole;
  }
  CHECK(whole == 3);
  CHECK_FALSE(body.ends_with("\n\n"));
}

TEST_CASE("a paused attempt gives no more data until it is resumed") {
  Bench bench(plain_model());
  const AttemptId attempt = bench.start(R"({"model":"m","stream":true})");
  std::vector<TransportEvent> events;
  while (events.empty() || events.back().kind != TransportEvent::Kind::data)
    bench.step(events);
  bench.transport.pause(attempt);
  CHECK(bench.transport.next_event() == kNever);
  bench.transport.resume(attempt);
  events = bench.run();
  CHECK(events.back().kind == TransportEvent::Kind::done);
}

TEST_CASE("a fault schedule holds only in its time and for its share of requests") {
  SimProviderModel model = plain_model();
  SimFault outage = fault_of(SimFaultKind::status);
  outage.status = 503;
  outage.from = 10 * kSecond;
  outage.until = 20 * kSecond;
  outage.rate = 0.5;
  model.schedule = {outage};
  SimProvider provider(model, 3);
  int failing = 0;
  for (int i = 0; i < 1000; ++i) {
    CHECK(provider.plan(9 * kSecond).kind == SimFaultKind::none);
    CHECK(provider.plan(20 * kSecond).kind == SimFaultKind::none);
    if (provider.plan(15 * kSecond).kind == SimFaultKind::status) ++failing;
  }
  CHECK(failing > 440);
  CHECK(failing < 560);
}

TEST_CASE("distributions have the middle that they were given and replay by seed") {
  Random random(1);
  const Distribution lognormal{Distribution::Kind::lognormal, 900, 0.5};
  int below = 0;
  for (int i = 0; i < 2000; ++i)
    below += lognormal.sample(random) < 900 ? 1 : 0;
  CHECK(below > 900);
  CHECK(below < 1100);
  Nanos sum = 0;
  for (int i = 0; i < 2000; ++i)
    sum += exponential_gap(10, random);
  CHECK(sum / 2000 > 90 * kMillisecond);
  CHECK(sum / 2000 < 110 * kMillisecond);
  Random first(5);
  Random second(5);
  CHECK(lognormal.sample_ms(first) == lognormal.sample_ms(second));
  CHECK(stream_seed(1, 0) != stream_seed(1, 1));
}

}  // namespace holysheep
