// A call of a simulation: what is asked, and what came of it as its caller saw it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/queue.h"
#include "core/request.h"
#include "core/sim/trace_hash.h"

namespace holysheep {

struct SimCallInput {
  Delivery delivery = Delivery::whole;
  std::string method = "POST";
  std::string path = "/chat/completions";
  std::string body = R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})";
  std::string headers;          // further lines
  std::int64_t timeout_ms = 0;  // as in RequestInput
  std::string options;
  Nanos read_time = 0;  // until a piece of a stream has been read and its credit given back
  bool reads = true;    // false: never
};

struct SimCall {
  CallId id = 0;
  bool accepted = false;
  Delivery delivery = Delivery::whole;
  std::string model;     // as asked
  bool streams = false;  // whether the body asks for a stream
  bool plain = true;     // no options that narrow where it may go
  Nanos submitted = 0;
  Nanos deadline = kNever;   // of `total`
  Nanos cancelled = kNever;  // when the caller asked for that
  Nanos read_time = 0;
  bool reads = true;
  std::vector<std::size_t> attempts;  // places in SimTransport::attempts()

  // As the caller saw it.
  Nanos first_piece = kNever;
  Nanos done = kNever;
  Status status = Status::ok;
  int http_status = 0;
  int attempts_reported = 0;
  std::uint32_t flags = 0;
  std::int64_t retry_after_ms = -1;
  std::string message;  // of a failure
  std::string data;     // of DONE, if texts are kept
  std::string text;     // the pieces of a stream, if texts are kept
  std::size_t pieces = 0;
  std::size_t restarts = 0;
  TraceHash read;  // of what a reader got
  std::shared_ptr<const CallReport> report;

  bool active() const { return accepted && done == kNever; }
};

}  // namespace holysheep
