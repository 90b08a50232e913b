#include "core/mock/mock_response.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/calendar.h"
#include "core/json.h"

namespace holysheep {
namespace {

// Load tests ask one or two different things; beyond that the bodies are made anew.
constexpr std::size_t kBodiesMax = 64;
// A fingerprint of bodies that depend on long texts would cost more than making them.
constexpr std::string_view kSeparator = "\x1f";

struct Reason {
  int status;
  std::string_view text;
};

constexpr Reason kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Payload Too Large"},
    {422, "Unprocessable Entity"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

std::string_view reason_of(int status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return "Status";
}

void append_two(std::string& out, int number) {
  out.push_back(static_cast<char>('0' + number / 10));
  out.push_back(static_cast<char>('0' + number % 10));
}

// RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Nanos unix) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t kDaySeconds = kDay / kSecond;
  // 1970-01-01 was a Thursday.
  constexpr std::int64_t kFirstWeekday = 4;
  const std::int64_t days = unix / kDay;
  const auto seconds = static_cast<int>(unix / kSecond % kDaySeconds);
  const CivilDate date = civil_from_days(days);
  std::string out(kDays[static_cast<std::size_t>((days + kFirstWeekday) % 7)]);
  out.append(", ");
  append_two(out, date.day);
  out.append(" ").append(kMonths[static_cast<std::size_t>(date.month - 1)]).append(" ");
  out.append(std::to_string(date.year)).append(" ");
  append_two(out, seconds / 3600);
  out.push_back(':');
  append_two(out, seconds / 60 % 60);
  out.push_back(':');
  append_two(out, seconds % 60);
  return out.append(" GMT");
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

// The head, header by header; what the script says replaces what the mock would have said.
class Head {
 public:
  Head(const MockReply& reply, int status) : reply_(reply) {
    text_.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
    text_.append(reason_of(status)).append("\r\n");
  }

  void add(std::string_view name, std::string_view value) {
    for (const auto& [scripted, unused] : reply_.headers) {
      if (equals_ignore_case(scripted, name)) return;
    }
    append(name, value);
  }

  void add_block(const std::string& lines) {
    Headers(lines).each(
        [this](std::string_view name, std::string_view value) { add(name, value); });
  }

  std::string finish() {
    for (const auto& [name, value] : reply_.headers) {
      if (value) append(name, *value);
    }
    return text_.append("\r\n");
  }

 private:
  void append(std::string_view name, std::string_view value) {
    text_.append(name).append(": ").append(value).append("\r\n");
  }

  const MockReply& reply_;
  std::string text_;
};

std::string status_only_body(int status) {
  JsonWriter writer;
  writer.begin_object().key("error").begin_object();
  writer.member("message",
                std::string_view("The mock answers with status " + std::to_string(status) + "."));
  writer.member("type", "mock_error").key("param").null().key("code").null();
  return writer.end_object().end_object().take();
}

MockFraming framing_of(const MockReply& reply, bool stream) {
  if (reply.framing != MockFraming::automatic) return reply.framing;
  return stream || reply.comment > 0 ? MockFraming::chunked : MockFraming::length;
}

std::string fingerprint(const MockReply& reply, const MockQuestion& question, bool gzip) {
  std::string key = std::to_string(reinterpret_cast<std::uintptr_t>(&reply));
  for (const std::int64_t part :
       {static_cast<std::int64_t>(question.api), static_cast<std::int64_t>(question.stream),
        static_cast<std::int64_t>(question.include_usage), static_cast<std::int64_t>(gzip),
        static_cast<std::int64_t>(question.choices), static_cast<std::int64_t>(question.inputs),
        question.input_tokens}) {
    key.append(kSeparator).append(std::to_string(part));
  }
  return key.append(kSeparator).append(question.model);
}

MockBody make_body(const MockReply& reply, const MockQuestion& question,
                   const MockResponseFacts& facts, bool gzip) {
  const bool success = reply.status >= 200 && reply.status < 300;
  const bool stream = success && !reply.body && reply.stream.value_or(question.stream);
  const MockBodyOptions options{framing_of(reply, stream), gzip, reply.stop};
  if (has_no_body(reply.status)) return make_mock_body("", "", options);
  if (reply.body) return make_mock_body(*reply.body, reply.content_type, options);
  constexpr std::string_view kJson = "application/json";
  if (!success) return make_mock_body(status_only_body(reply.status), kJson, options);
  if (stream) return make_mock_stream(mock_answer_events(reply, question, facts.endpoint), options);
  if (reply.in_band_error) {
    return make_mock_body(mock_fault_json(*reply.in_band_error, question.api), kJson, options);
  }
  if (question.api == MockApi::models && facts.models != nullptr) {
    return make_mock_body(mock_models_json(*facts.models), kJson, options);
  }
  return make_mock_body(mock_answer_json(reply, question, facts.endpoint), kJson, options);
}

std::string make_head(const MockReply& reply, const MockBody& body, const MockRequest& request,
                      const MockResponseFacts& facts) {
  Head head(reply, reply.status);
  head.add("Date", http_date(facts.unix));
  if (!body.content_type.empty()) head.add("Content-Type", body.content_type);
  head.add("x-request-id", "req-mock-" + std::to_string(facts.number));
  if (body.gzip) head.add("Content-Encoding", "gzip");
  if (body.framing == MockFraming::chunked) {
    head.add("Transfer-Encoding", "chunked");
  } else if (body.framing == MockFraming::length && !has_no_body(reply.status)) {
    head.add("Content-Length", std::to_string(body.length));
  }
  if (body.framing == MockFraming::close || !request.keep_alive) head.add("Connection", "close");
  head.add_block(facts.limit_headers);
  return head.finish();
}

}  // namespace

std::shared_ptr<const MockBody> MockResponder::body_of(const MockReply& reply,
                                                       const MockRequest& request,
                                                       const MockQuestion& question,
                                                       const MockResponseFacts& facts) {
  const bool gzip =
      reply.gzip && request.headers.find("accept-encoding").find("gzip") != std::string_view::npos;
  std::string key = fingerprint(reply, question, gzip);
  const auto known = bodies_.find(key);
  if (known != bodies_.end()) return known->second;
  if (bodies_.size() >= kBodiesMax) bodies_.clear();
  auto body = std::make_shared<const MockBody>(make_body(reply, question, facts, gzip));
  bodies_.emplace(std::move(key), body);
  return body;
}

MockResponse MockResponder::respond(const MockReply& reply, const MockRequest& request,
                                    const MockQuestion& question, const MockResponseFacts& facts) {
  MockResponse response;
  response.status = reply.status;
  response.latency = reply.latency;
  response.first_token = reply.first_token;
  response.token = reply.token;
  response.drip = reply.drip;
  response.comment = reply.comment;
  response.ending = request.keep_alive ? reply.ending : MockEnding::fin;
  if (reply.garbage) {
    response.head = *reply.garbage;
    response.status = 0;
    response.ending = reply.ending == MockEnding::keep ? MockEnding::fin : reply.ending;
    return response;
  }
  response.body = body_of(reply, request, question, facts);
  response.head = make_head(reply, *response.body, request, facts);
  if (response.body->framing == MockFraming::close) response.ending = MockEnding::fin;
  const std::size_t head_size = response.head.size();
  if (reply.stop.place == MockPlace::before_headers) {
    response.stop = 0;
    response.status = 0;
  } else if (reply.stop.place == MockPlace::inside_headers) {
    response.stop = head_size / 2;
  } else if (reply.stop.place == MockPlace::after_headers || request.method == "HEAD") {
    response.stop = head_size;
  } else if (response.body->stop != kNoStop) {
    response.stop = head_size + response.body->stop;
  }
  if (reply.stop.place != MockPlace::none) response.ending = reply.stop.ending;
  return response;
}

MockResponse mock_refusal(int status) {
  MockReply reply;
  reply.status = status;
  Head head(reply, status);
  head.add("Content-Length", "0");
  head.add("Connection", "close");
  MockResponse response;
  response.head = head.finish();
  response.status = status;
  response.ending = MockEnding::fin;
  return response;
}

}  // namespace holysheep
