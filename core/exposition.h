// Writes metrics as text: Prometheus 0.0.4 or OpenMetrics 1.0. Knows the formats and nothing of
// what is measured; names, types and help texts come from metric_table.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/duration.h"
#include "core/latency_histogram.h"
#include "core/metric_table.h"

namespace holysheep {

enum class ExpositionFormat : std::uint8_t { prometheus, openmetrics };
// By an HTTP request's Accept header: OpenMetrics only for those who name it and do not want it
// less than plain text.
ExpositionFormat exposition_format(std::string_view accept);
std::string_view content_type(ExpositionFormat format);

class Exposition {
 public:
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;

  explicit Exposition(ExpositionFormat format) : format_(format) {}

  // Begins a family; its samples follow.
  void family(Metric metric);
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, std::int64_t value);
  void sample(Labels labels, double value);
  // 1e-9 of the family's unit: seconds from nanoseconds, dollars from nano-dollars; exact.
  void sample_nano(Labels labels, std::int64_t billionths);
  void histogram(Labels labels, const LatencyHistogram& histogram);

  std::string take();

 private:
  void begin(std::string_view suffix, Labels labels, Label last = {});
  void name(std::string_view suffix);

  ExpositionFormat format_;
  const MetricRow* row_ = nullptr;
  std::string text_;
};

}  // namespace holysheep
