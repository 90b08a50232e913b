#include "core/exposition.h"

#include <array>
#include <charconv>

#include "core/headers.h"
#include "core/json_scan.h"

namespace holysheep {
namespace {

template <typename Number>
void append_number(std::string& text, Number number) {
  std::array<char, 32> buffer;
  text.append(buffer.data(),
              std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

// Billionths as a decimal without trailing zeros: exact, and no locale.
void append_nano(std::string& text, std::int64_t billionths) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  auto magnitude = static_cast<std::uint64_t>(billionths);
  if (billionths < 0) {
    text += '-';
    magnitude = 0 - magnitude;
  }
  append_number(text, magnitude / kBillion);
  std::uint64_t fraction = magnitude % kBillion;
  if (fraction == 0) return;
  std::array<char, 10> digits{'.'};
  std::size_t size = 1;
  for (std::uint64_t unit = kBillion / 10; fraction > 0; unit /= 10) {
    digits[size++] = static_cast<char>('0' + fraction / unit);
    fraction %= unit;
  }
  text.append(digits.data(), size);
}

// Both formats: backslash, quote and newline. Text that is not UTF-8 would spoil the whole scrape.
void append_escaped(std::string& text, std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    const char c = value[at];
    if (c == '\\' || c == '"') {
      text += '\\';
      text += c;
      ++at;
    } else if (c == '\n') {
      text += "\\n";
      ++at;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      text += c;
      ++at;
    } else if (const std::size_t size = utf8_size(value, at)) {
      text.append(value, at, size);
      at += size;
    } else {
      text += '?';
      ++at;
    }
  }
}

// "0.01", "2.5", "300": the same in both formats, but that OpenMetrics wants a fraction.
void append_bound(std::string& text, std::int64_t bound_ms, ExpositionFormat format) {
  append_nano(text, from_ms(bound_ms));
  if (format == ExpositionFormat::openmetrics && bound_ms % 1000 == 0) text += ".0";
}

// The weight of a media range that an Accept header gives to `type`: -1: it does not name it.
// Thousandths; malformed weights count as 1.
int weight_of(std::string_view accept, std::string_view type) {
  int best = -1;
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string_view range = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    const std::size_t begin = range.find_first_not_of(" \t");
    if (begin == std::string_view::npos) continue;
    range.remove_prefix(begin);
    std::string_view name = range.substr(0, range.find(';'));
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t'))
      name.remove_suffix(1);
    if (!equals_ignore_case(name, type)) continue;
    int weight = 1000;
    const std::size_t q = range.find("q=");
    if (q != std::string_view::npos) {
      double given = 1;
      const std::string_view number = range.substr(q + 2);
      std::from_chars(number.data(), number.data() + number.size(), given);
      if (!(given >= 0 && given <= 1)) given = 1;
      weight = static_cast<int>(given * 1000);
    }
    best = weight > best ? weight : best;
  }
  return best;
}

}  // namespace

ExpositionFormat exposition_format(std::string_view accept) {
  const int openmetrics = weight_of(accept, "application/openmetrics-text");
  return openmetrics > 0 && openmetrics >= weight_of(accept, "text/plain")
             ? ExpositionFormat::openmetrics
             : ExpositionFormat::prometheus;
}

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

// OpenMetrics names a counter's family without "_total", which its samples bear.
void Exposition::family(Metric metric) {
  row_ = &metric_row(metric);
  std::string_view name = row_->name;
  if (format_ == ExpositionFormat::openmetrics && row_->type == MetricType::counter) {
    name.remove_suffix(std::string_view("_total").size());
  }
  text_.append("# HELP ").append(name).append(" ").append(row_->help).append("\n# TYPE ");
  text_.append(name).append(" ").append(name_of(row_->type)).append("\n");
}

void Exposition::begin(std::string_view suffix, Labels labels, Label last) {
  text_.append(row_->name).append(suffix);
  char separator = '{';
  const auto write = [&](const Label& label) {
    text_ += separator;
    text_.append(label.first).append("=\"");
    append_escaped(text_, label.second);
    text_ += '"';
    separator = ',';
  };
  for (const Label& label : labels)
    write(label);
  if (!last.first.empty()) write(last);
  if (separator == ',') text_ += '}';
  text_ += ' ';
}

void Exposition::sample(Labels labels, std::uint64_t value) {
  begin("", labels);
  append_number(text_, value);
  text_ += '\n';
}

void Exposition::sample(Labels labels, std::int64_t value) {
  begin("", labels);
  append_number(text_, value);
  text_ += '\n';
}

void Exposition::sample(Labels labels, double value) {
  begin("", labels);
  append_number(text_, value);
  text_ += '\n';
}

void Exposition::sample_nano(Labels labels, std::int64_t billionths) {
  begin("", labels);
  append_nano(text_, billionths);
  text_ += '\n';
}

void Exposition::histogram(Labels labels, const LatencyHistogram& histogram) {
  // The count is read first: a record that comes meanwhile may show in the buckets only, and the
  // last bucket must not be less than one before it.
  std::uint64_t count = histogram.count();
  std::string bound;
  std::uint64_t cumulative = 0;
  const auto& bounds = LatencyHistogram::kBoundsMs;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    cumulative += histogram.bucket(i);
    bound.clear();
    append_bound(bound, bounds[i], format_);
    begin("_bucket", labels, {"le", bound});
    append_number(text_, cumulative);
    text_ += '\n';
  }
  if (count < cumulative) count = cumulative;
  begin("_bucket", labels, {"le", "+Inf"});
  append_number(text_, count);
  text_ += '\n';
  begin("_sum", labels);
  append_nano(text_, histogram.sum());
  text_ += '\n';
  begin("_count", labels);
  append_number(text_, count);
  text_ += '\n';
}

std::string Exposition::take() {
  if (format_ == ExpositionFormat::openmetrics) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace holysheep
