// Ctrl-C and SIGTERM as something to wait for: the first one ends the command in good order (calls
// are cancelled, counts printed), a second one kills the process as usual.
#pragma once

#include "bindings/cli/handle.h"

namespace holysheep::cli {

// One at a time. The library's threads block signals, so that the handler runs on ours.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool happened() const;
  // Waits for the signal, for an event of the queue (may be null) or for timeout_ms (-1: no limit).
  // A signal ends one wait, also if it came before; from then on happened() says so.
  void wait(holysheep_queue* queue, int timeout_ms) const;
};

constexpr int kInterruptedStatus = 130;  // 128 + SIGINT, as shells say it

}  // namespace holysheep::cli
