// Columns of text, for terminals and for pipes: cells are padded to the widest of their column.
#pragma once

#include <string>
#include <vector>

#include "bindings/cli/terminal.h"

namespace holysheep::cli {

struct Cell {
  std::string text;
  Colour colour = Colour::none;
};

struct Column {
  std::string title;
  bool right = false;  // numbers stand to the right
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::size_t size() const { return rows_.size(); }
  // One line a row, each ended by a newline, the titles first. Lines are cut at `columns`
  // characters (0: never), so that a table that is drawn again in place never wraps.
  std::string text(int columns = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace holysheep::cli
