// One fake endpoint's mind: checks key and model, keeps the limits, takes the next reply of the
// script. No sockets and no clock: the pool's thread asks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/duration.h"
#include "core/mock/mock_limiter.h"
#include "core/mock/mock_response.h"
#include "core/mock/mock_script.h"
#include "core/random.h"

namespace holysheep {

// Quotas by group, key and model; shared by the endpoints of a pool.
using MockQuotas = std::map<std::string, MockQuota>;

class MockEndpoint {
 public:
  MockEndpoint(MockEndpointScript script, std::uint64_t seed, MockQuotas& quotas);

  const MockEndpointScript& script() const { return script_; }
  // Begins the new script's replies anew; the quotas go on.
  void replace(MockEndpointScript script);
  // `now.mono` counts from the pool's opening. *quota is released by the caller when the answer is
  // over; null: nothing to release.
  MockResponse answer(const MockRequest& request, const MockQuestion& question, const Now& now,
                      std::uint64_t number, MockQuota** quota);
  Nanos draw(const MockDelay& delay);

 private:
  const MockReply& choose();
  MockResponse refuse(MockError error, MockErrorFacts facts, const MockRequest& request,
                      const MockQuestion& question, const MockResponseFacts& response_facts);

  MockEndpointScript script_;
  Random delays_;
  Random failures_;
  MockQuotas& quotas_;
  MockResponder responder_;
  std::size_t next_reply_ = 0;
  std::int64_t repeated_ = 0;  // how often the reply at next_reply_ has been given
};

}  // namespace holysheep
