// One answer, ready to be sent: its head, its shared body, and how its connection ends. Pure; the
// time comes in as an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/mock/mock_body.h"
#include "core/mock/mock_question.h"
#include "core/mock/mock_request.h"
#include "core/mock/mock_script.h"

namespace holysheep {

struct MockResponse {
  std::string head;  // with its blank line; or garbage
  std::shared_ptr<const MockBody> body;
  std::size_t stop = kNoStop;  // how many bytes of head and body are sent
  int status = 0;              // 0: the client will not see one
  MockEnding ending = MockEnding::keep;
  MockDelay latency;
  MockDelay first_token;
  MockDelay token;
  Nanos drip = 0;
  Nanos comment = 0;

  std::size_t size() const { return head.size() + (body ? body->bytes.size() : 0); }
  std::size_t sent_size() const { return stop < size() ? stop : size(); }
};

// What differs between two answers from one reply.
struct MockResponseFacts {
  std::string_view endpoint;
  const std::vector<std::string>* models = nullptr;
  std::uint64_t number = 0;   // of the request, for x-request-id
  Nanos unix = 0;             // for Date
  std::string limit_headers;  // "Name: value\r\n" lines
};

class MockResponder {
 public:
  // `reply` must live as long as the responder, or until forget().
  MockResponse respond(const MockReply& reply, const MockRequest& request,
                       const MockQuestion& question, const MockResponseFacts& facts);
  // Drops the bodies that were made.
  void forget() { bodies_.clear(); }

 private:
  std::shared_ptr<const MockBody> body_of(const MockReply& reply, const MockRequest& request,
                                          const MockQuestion& question,
                                          const MockResponseFacts& facts);

  std::map<std::string, std::shared_ptr<const MockBody>> bodies_;
};

// "429 Too Many Requests" and a body for a request that could not even be read.
MockResponse mock_refusal(int status);

}  // namespace holysheep
