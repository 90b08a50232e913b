#include "bindings/cli/monitor_reader.h"

#include <cstdlib>

#include "bindings/cli/configuration.h"
#include "bindings/cli/json.h"
#include "bindings/cli/terminal.h"
#include "bindings/cli/unix_socket.h"

namespace holysheep::cli {
namespace {

constexpr int kTimeoutMs = 5000;
constexpr std::string_view kUnix = "unix:";

// A file's first line, or the variable's value; "" for none.
bool read_token(const Arguments& arguments, std::string* token) {
  if (const auto path = arguments.value("--token-file")) {
    const auto content = read_or_complain(*path);
    if (!content) return false;
    *token = content->substr(0, content->find_first_of("\r\n"));
    return true;
  }
  const char* variable = std::getenv("HOLYSHEEP_MONITOR_TOKEN");
  if (variable != nullptr) *token = variable;
  return true;
}

}  // namespace

std::vector<Option> monitor_options() {
  return {{"--token-file", "PATH", "the monitor's token; without it: $HOLYSHEEP_MONITOR_TOKEN"}};
}

bool MonitorReader::open(const Arguments& arguments) {
  address_ = arguments.words().empty() ? std::string(kMonitorAddress) : arguments.words()[0];
  std::string token;
  if (!read_token(arguments, &token)) return false;
  if (address_.rfind(kUnix, 0) == 0) {
    token_ = std::move(token);
    return true;
  }
  std::string url = address_;
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  std::string config = R"({"version": 1, "isolated": true, "retry": {"max_attempts": 1},)"
                       R"( "max_wait_ms": 0, "endpoints": [{"name": "monitor",)"
                       R"( "allow_insecure": true, "url": )" +
                       quote(url);
  config += token.empty() ? R"(, "auth": "none"}]})" : ", \"api_key\": " + quote(token) + "}]}";
  client_ = open_client(config);
  return client_ != nullptr;
}

MonitorReader::Answer MonitorReader::get(std::string_view path) const {
  if (client_ == nullptr) {
    UnixAnswer read = get_over_unix_socket(address_.substr(kUnix.size()), path, token_, kTimeoutMs);
    return {read.http_status, std::move(read.body), std::move(read.error)};
  }
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.method = "GET";
  request.path = path.data();
  request.path_size = path.size();
  request.timeout_ms = kTimeoutMs;
  holysheep_batch* made = nullptr;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  const holysheep_status status = holysheep_call(client_.get(), &request, &made, &error);
  const Batch batch(made);
  Answer answer;
  if (status != HOLYSHEEP_OK) answer.error = error.message;
  const std::size_t count = holysheep_batch_count(batch.get());
  if (count == 0) return answer;
  holysheep_event done = HOLYSHEEP_EVENT_INIT;
  holysheep_batch_event(batch.get(), count - 1, &done);
  answer.http_status = done.http_status;
  answer.body.assign(done.data, done.data_size);
  return answer;
}

bool MonitorReader::get(std::string_view path, int also, Answer* answer) const {
  *answer = get(path);
  if (answer->http_status == 200 || answer->http_status == also) return true;
  if (answer->http_status == 401) {
    complain("the monitor at " + address_ + " wants a token: --token-file PATH");
  } else if (answer->http_status == 0) {
    complain("nothing answers at " + address_ + " (" + answer->error +
             "); is \"monitor\": {\"listen\": \"" + address_ + "\"} set in the program?");
  } else {
    complain("the monitor at " + address_ + " answered with HTTP status " +
             std::to_string(answer->http_status) + ": " + answer->body);
  }
  return false;
}

}  // namespace holysheep::cli
