#pragma once
// The SelectReader that everybody uses: DuckDB's parser, by way of src/sql.

#include "project/select_reader.h"

namespace anabranch::project {

/// Stateless; any thread.
class SqlSelectReader final : public SelectReader {
 public:
  Result<ReadSelect> read(std::string_view sql) override;
};

}  // namespace anabranch::project
