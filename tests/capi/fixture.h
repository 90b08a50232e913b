// The C ABI as a C programmer uses it, wrapped just enough for tests: a mock pool, a client that is
// pointed at it, and calls that end as values. Only capi headers; simdjson reads the JSON.
#pragma once

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holysheep.h"
#include "holysheep_mock.h"

namespace capi_test {

// No call of a test takes longer than this in real time; what hangs fails here.
constexpr std::int64_t kPatienceMs = 20'000;

inline std::string chat(std::string_view model = "gpt-4.1", bool stream = false) {
  return R"({"model":")" + std::string(model) + R"(",)" + (stream ? R"("stream":true,)" : "") +
         R"("messages":[{"role":"user","content":"a prompt nobody may log"}]})";
}

// A parsed JSON text that owns itself.
class Json {
 public:
  explicit Json(std::string text) : text_(std::move(text)) {
    REQUIRE(parser_.parse(text_).get(root_) == simdjson::SUCCESS);
  }
  simdjson::dom::element at(std::string_view pointer) const {
    simdjson::dom::element found;
    INFO(pointer << " in " << text_);
    REQUIRE(root_.at_pointer(pointer).get(found) == simdjson::SUCCESS);
    return found;
  }
  std::string text(std::string_view pointer) const {
    std::string_view found;
    if (at(pointer).get(found) != simdjson::SUCCESS) return {};
    return std::string(found);
  }
  std::int64_t number(std::string_view pointer) const {
    std::int64_t found = -1;
    REQUIRE(at(pointer).get(found) == simdjson::SUCCESS);
    return found;
  }
  std::size_t size(std::string_view pointer) const {
    simdjson::dom::array array;
    REQUIRE(at(pointer).get(array) == simdjson::SUCCESS);
    return array.size();
  }
  const std::string& source() const { return text_; }

 private:
  std::string text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

inline std::string take(holysheep_text* text) {
  std::string copy(holysheep_text_data(text), holysheep_text_size(text));
  holysheep_text_free(text);
  return copy;
}

class Mock {
 public:
  explicit Mock(const std::string& script) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const holysheep_status status =
        holysheep_mock_open(script.data(), script.size(), &mock_, &error);
    INFO(error.message);
    REQUIRE(status == HOLYSHEEP_OK);
  }
  ~Mock() { holysheep_mock_free(mock_); }
  Mock(const Mock&) = delete;
  Mock& operator=(const Mock&) = delete;

  // The client configuration, with `more` members (",\"policy\":…") put into it.
  std::string config(std::string_view more = {}) const {
    holysheep_text* text = nullptr;
    REQUIRE(holysheep_mock_config(mock_, &text) == HOLYSHEEP_OK);
    std::string config = take(text);
    config.insert(config.size() - 1, more);
    return config;
  }
  std::int64_t count(std::string_view endpoint = {}) const {
    return holysheep_mock_count(mock_, endpoint.data(), endpoint.size());
  }
  void await(std::string_view endpoint, std::int64_t count) const {
    REQUIRE(holysheep_mock_await(mock_, endpoint.data(), endpoint.size(), count, kPatienceMs) ==
            HOLYSHEEP_OK);
  }
  void set(std::string_view endpoint, std::string_view script) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_mock_set(mock_, endpoint.data(), endpoint.size(), script.data(),
                                           script.size(), &error);
    INFO(error.message);
    REQUIRE(status == HOLYSHEEP_OK);
  }
  Json requests() const {
    holysheep_text* text = nullptr;
    REQUIRE(holysheep_mock_requests(mock_, &text) == HOLYSHEEP_OK);
    return Json(take(text));
  }

 private:
  holysheep_mock* mock_ = nullptr;
};

// Three endpoints; `primary` etc. are their scripts without the name.
inline std::string three(std::string_view primary, std::string_view backup_1 = "{}",
                         std::string_view backup_2 = "{}") {
  const auto named = [](std::string_view name, std::string_view script) {
    std::string object(script);
    object.insert(1, R"("name":")" + std::string(name) + "\"" + (object == "{}" ? "" : ","));
    return object;
  };
  return R"({"version":1,"endpoints":[)" + named("primary", primary) + "," +
         named("backup-1", backup_1) + "," + named("backup-2", backup_2) + "]}";
}

struct Piece {
  std::string name;
  std::string data;
};

struct Outcome {
  holysheep_status status = HOLYSHEEP_OK;
  int http_status = 0;
  std::uint32_t flags = 0;
  int attempts = 0;
  std::int64_t retry_after_ms = -1;
  std::string body;
  std::string message;
  std::string meta;
  std::vector<Piece> pieces;
  int headers = 0;
  int restarts = 0;
  int dones = 0;

  std::string endpoint() const { return Json(meta).text("/endpoint"); }
  // "primary:429,backup-1:200"
  std::string route() const {
    const Json json(meta);
    std::string text;
    for (std::size_t i = 0; i < json.size("/trace"); ++i) {
      const std::string line = "/trace/" + std::to_string(i);
      text +=
          (i > 0 ? "," : "") + json.text(line + "/endpoint") + ":" + json.text(line + "/verdict");
    }
    return text;
  }
  std::string content() const {
    std::string text;
    for (const Piece& piece : pieces) {
      simdjson::dom::parser parser;
      simdjson::dom::element root;
      std::string_view delta;
      if (parser.parse(piece.data).get(root) == simdjson::SUCCESS &&
          root.at_pointer("/choices/0/delta/content").get(delta) == simdjson::SUCCESS) {
        text += delta;
      }
    }
    return text;
  }
};

inline void add(holysheep_batch* batch, std::size_t index, Outcome& outcome) {
  holysheep_event event = HOLYSHEEP_EVENT_INIT;
  REQUIRE(holysheep_batch_event(batch, index, &event) == HOLYSHEEP_OK);
  const std::string data(event.data, event.data_size);
  const std::string name(event.name, event.name_size);
  REQUIRE(outcome.dones == 0);
  switch (event.kind) {
    case HOLYSHEEP_EVENT_HEADERS:
      ++outcome.headers;
      return;
    case HOLYSHEEP_EVENT_DATA:
      outcome.pieces.push_back({name, data});
      return;
    case HOLYSHEEP_EVENT_RESTARTED:
      ++outcome.restarts;
      outcome.pieces.clear();
      return;
    case HOLYSHEEP_EVENT_DONE: {
      ++outcome.dones;
      outcome.status = event.status;
      outcome.http_status = event.http_status;
      outcome.flags = event.flags;
      outcome.attempts = event.attempts;
      outcome.retry_after_ms = event.retry_after_ms;
      outcome.body = data;
      outcome.message = name;
      const char* meta = nullptr;
      std::size_t size = 0;
      REQUIRE(holysheep_batch_meta(batch, index, &meta, &size) == HOLYSHEEP_OK);
      outcome.meta.assign(meta, size);
      return;
    }
    default:
      FAIL("an event of kind " << event.kind);
  }
}

class Client {
 public:
  explicit Client(const std::string& config) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    const auto status = holysheep_client_open(config.data(), config.size(), &client_, &error);
    INFO(error.message);
    REQUIRE(status == HOLYSHEEP_OK);
    REQUIRE(holysheep_queue_new(&queue_) == HOLYSHEEP_OK);
  }
  // Waits for its engine's end, so that no test finds the descriptors of the one before.
  ~Client() {
    holysheep_client_close(client_);
    holysheep_client_join(client_, kPatienceMs);
    holysheep_client_free(client_);
    holysheep_queue_free(queue_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  holysheep_client* get() const { return client_; }
  holysheep_queue* queue() const { return queue_; }

  static holysheep_request request(const std::string& body, std::string_view options = {}) {
    holysheep_request request = HOLYSHEEP_REQUEST_INIT;
    request.body = body.data();
    request.body_size = body.size();
    if (body.find(R"("stream":true)") != std::string::npos) {
      request.stream = HOLYSHEEP_STREAM_EVENTS;
    }
    if (!options.empty()) {
      request.options = options.data();
      request.options_size = options.size();
    }
    return request;
  }

  // Submits and reads until DONE; gives credit back as it reads.
  Outcome call(const holysheep_request& request) { return wait(submit(request)); }
  Outcome call(const std::string& body = chat(), std::string_view options = {}) {
    return call(request(body, options));
  }
  // The error of a request that must not be accepted.
  holysheep_error refused(const holysheep_request& request) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    holysheep_request_id id = 0;
    REQUIRE(holysheep_submit(client_, queue_, &request, &id, &error) != HOLYSHEEP_OK);
    REQUIRE(id == 0);
    return error;
  }
  holysheep_request_id submit(const holysheep_request& request) {
    holysheep_error error = HOLYSHEEP_ERROR_INIT;
    holysheep_request_id id = 0;
    const auto status = holysheep_submit(client_, queue_, &request, &id, &error);
    INFO(error.message);
    REQUIRE(status == HOLYSHEEP_OK);
    return id;
  }
  Outcome wait(holysheep_request_id id) {
    for (;;) {
      for (auto each = outcomes_.begin(); each != outcomes_.end(); ++each) {
        if (each->first != id || each->second.dones == 0) continue;
        Outcome found = std::move(each->second);
        outcomes_.erase(each);
        return found;
      }
      REQUIRE(drain(kPatienceMs));
    }
  }
  // Takes what is there; false if nothing came in time.
  bool drain(std::int64_t timeout_ms, bool give_credit = true) {
    holysheep_batch* batch = nullptr;
    if (holysheep_queue_drain(queue_, 0, timeout_ms, &batch) != HOLYSHEEP_OK) return false;
    for (std::size_t i = 0; i < holysheep_batch_count(batch); ++i) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      holysheep_batch_event(batch, i, &event);
      add(batch, i, of(event.request));
      if (give_credit && event.kind == HOLYSHEEP_EVENT_DATA) {
        holysheep_credit(client_, event.request, event.data_size);
      }
    }
    holysheep_batch_free(batch);
    return true;
  }
  Outcome& of(holysheep_request_id id) {
    for (auto& each : outcomes_) {
      if (each.first == id) return each.second;
    }
    outcomes_.emplace_back(id, Outcome());
    return outcomes_.back().second;
  }
  Json status() const {
    holysheep_text* text = nullptr;
    REQUIRE(holysheep_client_status(client_, &text) == HOLYSHEEP_OK);
    return Json(take(text));
  }
  std::string status_of(int endpoint) const {
    return status().text("/endpoints/" + std::to_string(endpoint) + "/status");
  }
  void advance(std::int64_t ms) {
    REQUIRE(holysheep_mock_clock_advance(client_, ms) == HOLYSHEEP_OK);
  }

 private:
  holysheep_client* client_ = nullptr;
  holysheep_queue* queue_ = nullptr;
  std::vector<std::pair<holysheep_request_id, Outcome>> outcomes_;
};

}  // namespace capi_test
