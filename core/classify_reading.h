// What classify reads of one answer, and what it decided from it: shared by its two halves.
#pragma once

#include <optional>

#include "core/classify.h"
#include "core/classify_rules.h"
#include "core/error_body.h"
#include "core/limit_text.h"
#include "core/retry_after.h"

namespace holysheep {

struct Decision {
  Verdict verdict = Verdict::ok;
  std::string_view name;
  const Rule* rule = nullptr;  // null: the status decided
  bool whole_credential = false;
};

// All that was read of one answer. Views point into the outcome and into `body`.
struct Reading {
  ErrorBody body;
  RetryHeaders headers;
  FoldedText text;  // of the message
  int status = 0;   // of an in-band error: what its typed fields name, or 0

  explicit Reading(const Outcome& outcome);
  // The limit that is used up, as headers tell it; read when asked for: mostly the message says it.
  const std::optional<LimitHeader>& exhausted() const;

 private:
  const Headers* limit_headers_ = nullptr;  // null: there are none
  mutable bool limits_read_ = false;
  mutable std::optional<LimitHeader> exhausted_;
};

// The limit's dimension and numbers, and whether this request or this tier can ever be within it.
void fill_limit(const Reading& reading, const Decision& decision, Classification& result);
// When to come back, for the verdicts that pass.
void fill_hint(const Reading& reading, const Decision& decision, Classification& result);
// The numbers of a context that is too small.
void fill_context(const Reading& reading, Classification& result);

}  // namespace holysheep
