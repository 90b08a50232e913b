// Widths count UTF-8 characters, not bytes; wide characters are not worth a table of their own
// here.
#include "bindings/cli/table.h"

#include <algorithm>

namespace holysheep::cli {
namespace {

constexpr std::size_t kGap = 2;

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string cut(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  std::size_t seen = 0;
  while (end < text.size()) {
    if (starts_character(text[end]) && seen++ == characters) break;
    ++end;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

std::string Table::text(int columns) const {
  const std::size_t most = columns > 0 ? static_cast<std::size_t>(columns) : std::string::npos;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width(columns_[i].title);
    for (const std::vector<Cell>& row : rows_) {
      if (i < row.size()) widest = std::max(widest, width(row[i].text));
    }
    widths.push_back(widest);
  }
  std::string lines;
  const auto add_line = [&](const std::vector<Cell>& row) {
    std::string line;
    std::size_t used = 0;
    for (std::size_t i = 0; i < columns_.size() && i < row.size() && used < most; ++i) {
      const std::string shown = cut(row[i].text, most - used);
      const std::size_t taken = width(shown);
      const bool last = i + 1 == std::min(columns_.size(), row.size());
      const std::size_t room = std::min(widths[i], most - used);
      const std::string padding(room > taken ? room - taken : 0, ' ');
      const std::string painted = paint(Stream::output, row[i].colour, shown);
      line += columns_[i].right ? padding + painted : painted + (last ? "" : padding);
      if (!last) line += std::string(kGap, ' ');
      used += room + kGap;
    }
    lines += line + "\n";
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_)
    titles.push_back({column.title, Colour::bold});
  add_line(titles);
  for (const std::vector<Cell>& row : rows_)
    add_line(row);
  return lines;
}

}  // namespace holysheep::cli
