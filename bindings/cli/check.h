// The connection test: one tiny chat call to each endpoint, all at the same time.
#pragma once

#include <string>
#include <vector>

#include "bindings/cli/interrupt.h"
#include "holysheep.h"

namespace holysheep::cli {

struct CheckResult {
  std::string endpoint;
  std::string model;
  holysheep_status status = HOLYSHEEP_E_CANCELLED;
  int http_status = 0;
  double took_ms = 0;
  std::string message;  // of a failure
};

// In the order of the configuration. An empty model: the first that the endpoint declares, else the
// document's. An interrupt cancels those that still run.
std::vector<CheckResult> check_endpoints(holysheep_client* client, const std::string& model,
                                         const Interrupt& interrupt);
// One line each; true if all passed.
bool print_checks(const std::vector<CheckResult>& results);

}  // namespace holysheep::cli
