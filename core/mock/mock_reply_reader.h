// Reads one reply of a mock script.
#pragma once

#include <cstdint>
#include <memory>

#include "core/json.h"
#include "core/mock/mock_script.h"
#include "core/mock/mock_strict_reader.h"

namespace holysheep {

class MockReplyReader {
 public:
  explicit MockReplyReader(MockStrictReader& strict) : strict_(strict) {}

  // `usual` is the endpoint's family. *out is set unless there was a complaint.
  void reply(const JsonValue& value, MockFamily usual, std::shared_ptr<const MockReply>& out);
  void family(const JsonValue& value, MockFamily& out);

 private:
  bool absent(const JsonValue& value) const { return !value.exists() || !strict_.ok(); }
  void delay(const JsonValue& value, MockDelay& out);
  void headers(const JsonValue& value, MockReply& out);
  void body(const JsonValue& value, MockReply& out);
  void stop(const JsonValue& cut, const JsonValue& stall, MockReply& out);
  void in_band_error(const JsonValue& value, MockReply& out);
  void garbage(const JsonValue& value, MockReply& out);
  void events(const JsonValue& value, MockReply& out);
  void close(const JsonValue& value, MockReply& out);
  void failure(const JsonValue& reply, MockFamily usual, MockReply& out);
  void shape(const JsonValue& value, MockReply& out);

  MockStrictReader& strict_;
};

}  // namespace holysheep
