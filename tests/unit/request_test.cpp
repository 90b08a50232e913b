// What make_request refuses, what it finds in a body, and what it splices in.
#include "core/request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "core/json.h"

using namespace holysheep;

namespace {

std::shared_ptr<const Config> config_of(const std::string& members) {
  auto config = parse_config("{\"version\":1" + members + "}", Environment());
  REQUIRE(config.ok());
  return config.value();
}

const Config& plain() {
  static const std::shared_ptr<const Config>* config = new std::shared_ptr<const Config>(config_of(
      R"(,"api_key":"sk-0123456789","endpoints":["primary",
         {"name":"eu","url":"https://backup1.holysheep.ai/v1","labels":{"region":"eu"}}])"));
  return **config;
}

RequestInput with_body(std::string_view body) {
  RequestInput input;
  input.body = body;
  input.has_body = true;
  return input;
}

Request make(const RequestInput& input, const Config& config = plain()) {
  auto request = make_request(input, config);
  if (!request.ok()) FAIL(request.error().message);
  return std::move(request).value();
}

// The whole message, or "" if the request is good.
std::string refusal(const RequestInput& input, Status status = Status::request,
                    const Config& config = plain()) {
  const auto request = make_request(input, config);
  if (request.ok()) return {};
  CHECK(request.error().status == status);
  return request.error().message;
}

bool begins(const std::string& text, const std::string& with) {
  return text.substr(0, with.size()) == with;
}

constexpr std::string_view kChat = R"({"model":"gpt-4.1","messages":[]})";
constexpr std::string_view kStreamed = R"({"model":"gpt-4.1","stream":true,"messages":[]})";

}  // namespace

TEST_CASE("a plain chat request is taken as it is") {
  const Request request = make(with_body(kChat));
  CHECK(request.method == "POST");
  CHECK(request.path == "/chat/completions");
  CHECK(*request.body == kChat);
  CHECK(request.content_type == "application/json");
  CHECK(request.model == "gpt-4.1");
  CHECK(kChat.substr(request.model_begin, request.model_end - request.model_begin) ==
        "\"gpt-4.1\"");
  CHECK(request.choices == 1);
  CHECK(request.dialect.kind == DialectKind::chat);
  CHECK(request.replay == Replay::free);
  CHECK(request.total == -1);
  CHECK_FALSE(request.own_credential);
  CHECK_FALSE(request.body_streams);
}

TEST_CASE("methods and paths that could send the request elsewhere are refused") {
  struct Row {
    std::string method;
    std::string path;
    std::string message;
  };
  const std::vector<Row> rows = {
      {"GET", "/models", ""},
      {"GET", "/models?limit=1&x=%2e%2e", ""},
      {"DELETE", "/files/file-1", ""},
      {"G T", "/models", "method: expected an HTTP method"},
      {"GET\r\nX: 1", "/models", "method: expected an HTTP method"},
      {"", "/models", "method: expected an HTTP method"},
      {"CONNECT", "/models", "method: CONNECT and TRACE"},
      {"trace", "/models", "method: CONNECT and TRACE"},
      {"GET", "", "path: expected a path that begins with /"},
      {"GET", "models", "path: expected a path that begins with /"},
      {"GET", "https://evil.example/v1", "path: expected a path below the endpoint's base URL"},
      {"GET", "//evil.example/v1", "path: begins with two slashes"},
      {"GET", "/a b", "path: holds a character that must be percent-encoded"},
      {"GET", "/a\nb", "path: holds a character that must be percent-encoded"},
      {"GET", "/a\\b", "path: holds a character that must be percent-encoded"},
      {"GET", "/a#b", "path: has a fragment"},
      {"GET", "/../admin", "path: has a . or .. segment"},
      {"GET", "/a/%2E%2e/b", "path: has a . or .. segment"},
      {"GET", "/a/.%2e", "path: has a . or .. segment"},
      {"GET", "/" + std::string(9000, 'a'), "path: is longer than 8192 bytes"},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.path);
    RequestInput input;
    input.method = row.method;
    input.path = row.path;
    const std::string message = refusal(input);
    CHECK(message.substr(0, row.message.size()) == row.message);
    CHECK(message.empty() == row.message.empty());
  }
}

TEST_CASE("header lines are cut apart, and those that would break the request are refused") {
  RequestInput input = with_body(kChat);
  input.headers = "X-Trace:  abc \r\n\nOpenAI-Beta: a:b\n";
  const Request request = make(input);
  CHECK(request.headers == std::vector<std::string>{"X-Trace: abc", "OpenAI-Beta: a:b"});

  const std::vector<std::pair<std::string, std::string>> rows = {
      {"X-A", "headers: line 1: expected \"Name: value\""},
      {"X-A: 1\nX B: sk-hush", "headers: line 2: expected \"Name: value\""},
      {" folded: x", "headers: line 1: expected \"Name: value\""},
      {"X-A: sk-hush\rX-B: 1", "headers: line 1: X-A: holds a control character"},
      {std::string("X-A: sk-hush\0", 13), "headers: line 1: X-A: holds a control character"},
      {"X-A: ", "headers: line 1: X-A: has no value"},
      {"Host: evil", "headers: line 1: Host: cannot be set: it is made from the endpoint's URL"},
      {"content-length: 3", "headers: line 1: content-length: cannot be set"},
      {"Transfer-Encoding: chunked", "headers: line 1: Transfer-Encoding: cannot be set"},
      {"Expect: 100-continue", "headers: line 1: Expect: cannot be set"},
      {"Connection: close", "headers: line 1: Connection: cannot be set"},
      {"Proxy-Authorization: x", "headers: line 1: Proxy-Authorization: cannot be set"},
      {"X-A: " + std::string(70000, 'x'), "headers: are longer than 64 KiB"},
  };
  for (const auto& [lines, message] : rows) {
    INFO(lines.substr(0, 80));
    input.headers = lines;
    const std::string found = refusal(input);
    CHECK(begins(found, message));
    CHECK(found.find("sk-hush") == std::string::npos);
  }
}

TEST_CASE("a credential of the caller's own is noticed") {
  for (const char* line : {"Authorization: Bearer x", "authorization: x", "API-Key: x",
                           "x-api-key: x", "Ocp-Apim-Subscription-Key: x"}) {
    RequestInput input = with_body(kChat);
    input.headers = line;
    CHECK(make(input).own_credential);
  }
}

TEST_CASE("the content type comes from its field or from a header, and is checked") {
  RequestInput input = with_body("--b\r\n\r\nnot json\r\n--b--");
  input.path = "/audio/transcriptions";
  input.content_type = "multipart/form-data; boundary=b";
  const Request request = make(input);
  CHECK(*request.body == input.body);
  CHECK(request.content_type == input.content_type);
  CHECK(request.model.empty());

  input.content_type = {};
  input.headers = "content-type: multipart/form-data; boundary=b";
  CHECK(make(input).content_type == "multipart/form-data; boundary=b");
  CHECK(make(input).headers.empty());
  input.content_type = "text/plain";
  CHECK(refusal(input) == "headers: line 1: content-type: is given twice");
  input.headers = {};
  for (const char* bad : {"text", "/x", "text/", "a b/c", "text/plain\r\nX: 1"}) {
    input.content_type = bad;
    CHECK(begins(refusal(input), "content_type: expected a media type"));
  }
}

TEST_CASE("bytes of a body that is no JSON pass untouched") {
  const std::string bytes("\x00\xff\x01{", 4);
  RequestInput input = with_body(bytes);
  input.path = "/uploads";
  input.content_type = "application/octet-stream";
  CHECK(*make(input).body == bytes);
}

TEST_CASE("a JSON body is checked, and a fault is placed by line and column") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"{\"model\":\"m\",\n \"messages\":[1,]}",
       "body: not valid JSON: line 2, column 16: expected a JSON value"},
      {"", "body: not valid JSON: line 1, column 1: expected a JSON value"},
      {"{\"model\":\"\xff\"}", "body: not valid JSON: line 1, column 11: expected UTF-8"},
      {"[1]", "body: expected a JSON object"},
      {"\"text\"", "body: expected a JSON object"},
      {R"({"model":7})", "body.model: expected a string"},
      {R"({"model":null})", "body.model: expected a string"},
      {R"({"model":""})", "body.model: is empty"},
      {R"({"model":"a","model":"b"})", "body.model: is given twice"},
      {R"({"stream":false,"stream":true})", "body.stream: is given twice"},
      {"{\"model\":\"" + std::string(600, 'm') + "\"}", "body.model: is longer than 512 bytes"},
  };
  for (const auto& [body, message] : rows) {
    INFO(body.substr(0, 80));
    CHECK(refusal(with_body(body)) == message);
  }
  RequestInput missing;
  CHECK(refusal(missing) == "body: is missing");
  RequestInput other = with_body("[1,2]");
  other.path = "/custom";
  CHECK(refusal(other).empty());
  other.content_type = "application/vnd.x+json; charset=utf-8";
  other.body = "[1,";
  CHECK(begins(refusal(other), "body: not valid JSON"));
}

TEST_CASE("a body above the limit is refused before anything else is read") {
  const auto config =
      config_of(R"(,"api_key":"sk-0123456789","limits":{"request_bytes_max":1024})");
  const std::string body = "{\"x\":\"" + std::string(2000, 'a') + "\"}";
  CHECK(refusal(with_body(body), Status::limit, *config) ==
        "body: has 2008 bytes; limits.request_bytes_max allows 1024");
}

TEST_CASE("a stream that the body and the caller do not agree on is refused both ways") {
  CHECK(begins(refusal(with_body(kStreamed)),
               "body.stream: is true, but the answer is asked for as a whole"));
  for (const Delivery delivery : {Delivery::events, Delivery::bytes}) {
    RequestInput input = with_body(kChat);
    input.delivery = delivery;
    CHECK(begins(refusal(input),
                 "body.stream: is not true, but the answer is asked for as a stream"));
    input.body = kStreamed;
    CHECK(make(input).body_streams);
  }
  // What an unknown path streams is its own business.
  RequestInput speech = with_body(R"({"model":"tts","input":"hi"})");
  speech.path = "/audio/speech";
  speech.delivery = Delivery::bytes;
  CHECK(refusal(speech).empty());
}

TEST_CASE("the model is found at the top level only, unescaped") {
  const std::string body = R"({"messages":[{"model":"inner"}],"metadata":{"model":1}, )"
                           R"("model" : "openai\/gpt-\u0034" })";
  const Request request = make(with_body(body));
  CHECK(request.model == "openai/gpt-4");
  CHECK(body.substr(request.model_begin, request.model_end - request.model_begin) ==
        R"("openai\/gpt-\u0034")");
  CHECK(make(with_body(R"({"m\u006fdel":"m"})")).model == "m");
}

TEST_CASE("another model is spliced in, and nothing else changes") {
  const std::string body = R"({ "model" : "a", "n": 1e0, "messages":[ {"content":"\u00e9"} ] })";
  const Request request = make(with_body(body));
  CHECK(body_for_model(request, "a") == request.body);
  CHECK(*body_for_model(request, "b\"c") ==
        R"({ "model" : "b\"c", "n": 1e0, "messages":[ {"content":"\u00e9"} ] })");
  const Request without = make(with_body(R"({"messages":[]})"));
  CHECK(body_for_model(without, "b") == without.body);
  RequestInput get;
  get.method = "GET";
  get.path = "/models";
  CHECK(body_for_model(make(get), "b") == nullptr);
}

TEST_CASE("n and an array of prompts say how many answers come") {
  const auto choices = [](std::string_view path, std::string_view body) {
    RequestInput input = with_body(body);
    input.path = path;
    return make(input).choices;
  };
  CHECK(choices("/chat/completions", R"({"n":3})") == 3);
  CHECK(choices("/chat/completions", R"({"n":0})") == 1);
  CHECK(choices("/chat/completions", R"({"n":"3"})") == 1);
  CHECK(choices("/chat/completions", R"({"n":99999999999})") == 1);
  CHECK(choices("/completions", R"({"prompt":["a","b"],"n":2})") == 4);
  CHECK(choices("/completions", R"({"prompt":"a"})") == 1);
  CHECK(choices("/completions", R"({"prompt":[1,2,3]})") == 1);
  CHECK(choices("/completions", R"({"prompt":[[1,2],[3]]})") == 2);
}

TEST_CASE("usage is asked for by splicing, only where the body does not ask itself") {
  struct Row {
    std::string before;
    std::string after;
    bool added;
  };
  const std::vector<Row> rows = {
      {R"({"model":"m","stream":true})",
       R"({"stream_options":{"include_usage":true},"model":"m","stream":true})", true},
      {R"({ "stream":true,"stream_options":null,"model":"m"})",
       R"({ "stream":true,"stream_options":{"include_usage":true},"model":"m"})", true},
      {R"({"model":"m","stream":true,"stream_options":{ }})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage":true }})", true},
      {R"({"stream":true,"stream_options":{"x":1},"model":"m"})",
       R"({"stream":true,"stream_options":{"include_usage":true,"x":1},"model":"m"})", true},
      {R"({"stream":true,"stream_options":{"include_usage":false},"model":"m"})",
       R"({"stream":true,"stream_options":{"include_usage":true},"model":"m"})", true},
      {R"({"stream":true,"stream_options":{"include_usage":true},"model":"m"})",
       R"({"stream":true,"stream_options":{"include_usage":true},"model":"m"})", false},
  };
  for (const Row& row : rows) {
    INFO(row.before);
    RequestInput input = with_body(row.before);
    input.delivery = Delivery::events;
    CHECK(*make(input).body == row.before);
    CHECK_FALSE(make(input).usage_added);
    input.options = R"({"include_usage":true})";
    const Request request = make(input);
    CHECK(*request.body == row.after);
    CHECK(request.usage_added == row.added);
    CHECK(request.body->substr(request.model_begin, request.model_end - request.model_begin) ==
          "\"m\"");
    std::string replaced = row.after;
    replaced.replace(replaced.find("\"m\""), 3, "\"longer\"");
    CHECK(*body_for_model(request, "longer") == replaced);
    // For a server that does not know it, the caller's own bytes again.
    CHECK(*body_for_model(request, "m", true) == row.before);
    std::string plain = row.before;
    plain.replace(plain.find("\"m\""), 3, "\"longer\"");
    CHECK(*body_for_model(request, "longer", true) == plain);
  }
  RequestInput whole = with_body(kChat);
  whole.options = R"({"include_usage":true})";
  CHECK(*make(whole).body == kChat);
}

TEST_CASE("server state and server-side tools decide the replay class") {
  const auto replay = [](std::string_view path, std::string_view body) {
    RequestInput input = with_body(body);
    input.path = path;
    return make(input).replay;
  };
  CHECK(replay("/responses", R"({"model":"m","input":"hi"})") == Replay::free);
  CHECK(replay("/responses", R"({"previous_response_id":"resp_1"})") == Replay::bound);
  CHECK(replay("/responses", R"({"previous_response_id":null})") == Replay::free);
  CHECK(replay("/responses", R"({"conversation":"conv_1"})") == Replay::bound);
  CHECK(replay("/responses", R"({"store":true})") == Replay::bound);
  CHECK(replay("/responses", R"({"store":false})") == Replay::free);
  CHECK(replay("/responses", R"({"background":true})") == Replay::bound);
  CHECK(replay("/responses", R"({"input":[{"type":"reasoning","encrypted_content" : "gAA"}]})") ==
        Replay::bound);
  CHECK(replay("/responses", R"({"input":"say \"encrypted_content\": x"})") == Replay::free);
  CHECK(replay("/responses", R"({"include":["reasoning.encrypted_content"]})") == Replay::free);
  CHECK(replay("/responses", R"({"tools":[{"type":"function","name":"f"}]})") == Replay::free);
  CHECK(replay("/responses", R"({"tools":[{"name":"f","type":"web_search"}]})") == Replay::once);
  CHECK(replay("/chat/completions", R"({"store":true})") == Replay::bound);
  CHECK(replay("/custom", R"({"a":1})") == Replay::once);
  RequestInput input = with_body(R"({"a":1})");
  input.path = "/custom";
  input.options = R"({"replay":"free"})";
  CHECK(make(input).replay == Replay::free);
  input.options = R"({"replay":"bound"})";
  CHECK(make(input).replay == Replay::bound);
}

TEST_CASE("the time limit of a call is its timeout, else its options', else the client's") {
  RequestInput input = with_body(kChat);
  CHECK(make(input).total == -1);
  input.options = R"({"time_limits":{"total_ms":5}})";
  CHECK(make(input).total == 5 * kMillisecond);
  input.timeout_ms = 7;
  CHECK(make(input).total == 7 * kMillisecond);
  input.timeout_ms = -1;
  CHECK(make(input).total == 0);
  input.timeout_ms = -2;
  CHECK(begins(refusal(input), "timeout_ms: expected -1 (none), 0 (the client's)"));
  input.timeout_ms = 1LL << 62;
  CHECK(begins(refusal(input), "timeout_ms: expected"));
}

TEST_CASE("options are the table's part for calls, strictly") {
  RequestInput input = with_body(kChat);
  input.options =
      R"({"allow":["region:eu"],"endpoint":"eu","replay":"once","fallback_models":["b"],
          "retry":{"max_attempts":2,"rate_limited_counts":true},"max_wait_ms":0,
          "stream_recovery":"buffer","time_limits":{"connect_ms":1,"idle_ms":0},"tag":"t","x-mine":1})";
  const CallOptions options = make(input).options;
  CHECK(options.allow == std::vector<std::string>{"region:eu"});
  CHECK(options.endpoint == "eu");
  CHECK(options.fallback_models == std::vector<std::string>{"b"});
  CHECK(options.max_attempts == 2);
  CHECK(options.rate_limited_counts == true);
  CHECK(options.max_wait == 0);
  CHECK(options.stream_recovery == StreamRecovery::buffer);
  CHECK(options.time_limits.connect == kMillisecond);
  CHECK(options.time_limits.idle == 0);
  CHECK(options.time_limits.first_token == -1);
  CHECK(options.tag == "t");

  struct Row {
    std::string options;
    std::string message;
    Status status = Status::request;
  };
  const std::vector<Row> rows = {
      {"{", "options: not valid JSON: line 1, column 2"},
      {"[]", "options: expected an object, not array"},
      {R"({"alow":["x"]})", R"(options.alow: unknown key; did you mean "allow"?)"},
      {R"({"max_attempts":1})",
       R"(options.max_attempts: unknown key; did you mean "retry.max_attempts"?)"},
      {R"({"retry":{"jitter":true}})", "options.retry.jitter: unknown key"},
      {R"({"api_key":"sk-hush"})", "options.api_key: unknown key"},
      {R"({"tag":7})", "options.tag: expected a string, not integer"},
      {R"({"time_limits":{"total_ms":-1}})",
       "options.time_limits.total_ms: expected an integer from 0 to 2592000000, not -1"},
      {R"({"replay":"frei"})", R"(options.replay: expected "free", "bound" or "once")"},
      {R"({"allow":["region:us"]})",
       "options.allow: no endpoint that the client allows has such a name or label",
       Status::no_route},
      {R"({"endpoint":"ue"})",
       R"(options.endpoint: no endpoint has this name; did you mean "eu"?)"},
      {R"({"endpoint":"primary","allow":["eu"]})",
       "options.endpoint: allow rules this endpoint out", Status::no_route},
  };
  for (const Row& row : rows) {
    INFO(row.options);
    input.options = row.options;
    CHECK(begins(refusal(input, row.status), row.message));
  }
}

TEST_CASE("a call cannot widen what the client allows") {
  const auto config = config_of(R"(,"api_key":"sk-0123456789","allow":["primary"])");
  RequestInput input = with_body(kChat);
  CHECK(refusal(input, Status::request, *config).empty());
  input.options = R"({"allow":["primary","backup-1"]})";
  CHECK(refusal(input, Status::request, *config).empty());
  input.options = R"({"allow":["backup-1"]})";
  CHECK(begins(refusal(input, Status::no_route, *config), "options.allow: no endpoint"));
}

TEST_CASE("a path that names the model needs one in the body") {
  const auto config = config_of(
      R"(,"endpoints":[{"name":"azure","url":"https://a.example/openai","api_key":"sk-0123456789",
          "auth":"api-key","path":"/deployments/{model}{path}",
          "query":{"api-version":"2024-10"}}])");
  CHECK(refusal(with_body(R"({"messages":[]})"), Status::request, *config) ==
        "body.model: is missing; the path of endpoint \"azure\" needs it");
  CHECK(refusal(with_body(kChat), Status::request, *config).empty());
}
