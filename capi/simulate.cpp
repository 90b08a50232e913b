// The simulator behind the C ABI.

#include "core/sim/simulate.h"

#include <string_view>
#include <utility>

#include "capi/error.h"
#include "capi/text.h"

using holysheep::fail;
using holysheep::Status;

holysheep_status holysheep_simulate(const char* scenario, size_t scenario_size, uint64_t seed,
                                    holysheep_text** text, holysheep_error* error) {
  return holysheep::guarded(error, [&]() -> holysheep_status {
    if (text == nullptr) return fail(error, Status::invalid_argument, "text: NULL");
    *text = nullptr;
    std::string_view given;
    if (!holysheep::read_view(scenario, scenario_size, &given)) {
      return fail(error, Status::invalid_argument, holysheep::view_fault("scenario", scenario));
    }
    auto report = holysheep::simulate(given, seed);
    if (!report) return fail(error, report.error());
    return holysheep::make_text(std::move(report).value(), text);
  });
}
