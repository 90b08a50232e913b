// Reads HTTP/1.1 requests from bytes: a head, and a body by length or in chunks. Bytes of the next
// request are kept for later. Pure; one parser for each connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/headers.h"

namespace holysheep {

struct MockRequest {
  std::string method;
  std::string path;  // with its query
  Headers headers;
  std::string body;
  bool keep_alive = true;

  // The credential without its scheme: Authorization, api-key or x-api-key; "" if none came.
  std::string_view credential() const;
};

class MockRequestParser {
 public:
  enum class State {
    incomplete,  // more bytes are needed
    go_on,       // the head asks for "100 Continue"; once
    complete,    // take() gives the request
    failed,      // status() says what to answer; the connection is of no further use
  };

  void feed(std::string_view bytes) { input_.append(bytes); }
  State advance();
  MockRequest take();
  int status() const { return status_; }
  // Nothing of a next request has arrived.
  bool idle() const { return input_.empty() && phase_ == Phase::head; }
  // Gives memory back between requests.
  void shrink();

 private:
  enum class Phase : unsigned char {
    head,
    length,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer,
    done
  };
  State fail(int status);
  bool read_head(std::string_view head);
  bool choose_framing();
  State read_body();
  bool take_line(std::string_view* line);

  std::string input_;
  std::size_t scanned_ = 0;  // of input_: where the search for the head's end goes on
  std::size_t wanted_ = 0;   // bytes of the body or of the chunk still to come
  MockRequest request_;
  Phase phase_ = Phase::head;
  bool expects_continue_ = false;
  int status_ = 0;
};

}  // namespace holysheep
