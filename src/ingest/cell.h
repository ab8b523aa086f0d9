#pragma once
// Where values go when they have been read.

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

#include "model/column_batch.h"

namespace anabranch::ingest {

/// Room for texts that do not stand in the payload as they are. A text stays where it is put.
class TextArena {
 public:
  explicit TextArena(std::deque<std::string>& chunks) : chunks_(&chunks) {}

  std::string_view keep(std::string_view text) {
    if (chunks_->empty() || chunks_->back().capacity() - chunks_->back().size() < text.size()) {
      chunks_->emplace_back().reserve(std::max(text.size(), chunk_bytes));
    }
    std::string& chunk = chunks_->back();
    const size_t at = chunk.size();
    chunk.append(text);  // never past the capacity, so nothing moves
    return std::string_view(chunk).substr(at);
  }

 private:
  static constexpr size_t chunk_bytes = 16 * 1024;
  std::deque<std::string>* chunks_;
};

/// One row of a column that is being filled; by default nowhere: the value is only checked.
struct Cell {
  model::Column* column = nullptr;
  size_t row = 0;
  TextArena* arena = nullptr;

  template <typename T>
  void put(T value) const {
    if (column == nullptr) return;
    std::memcpy(column->fixed.data() + row * sizeof(T), &value, sizeof(T));
    column->valid[row] = 1;
  }
  /// `lasts`: the text lives as long as the column.
  void put_text(std::string_view text, bool lasts) const {
    if (column == nullptr) return;
    column->texts[row] = lasts ? text : arena->keep(text);
    column->valid[row] = 1;
  }
};

/// One row of all columns of a schema; by default nowhere.
struct Row {
  model::Column* columns = nullptr;
  size_t row = 0;
  TextArena* arena = nullptr;

  bool is_checked_only() const { return columns == nullptr; }
  Cell cell(size_t field) const { return columns == nullptr ? Cell{} : Cell{columns + field, row, arena}; }
};

}  // namespace anabranch::ingest
