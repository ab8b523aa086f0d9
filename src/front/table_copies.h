#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "security/caller.h"

namespace anabranch::front {

struct TableInfo {
  std::string name;  // without "bronze."
  int64_t version = 0;
  int64_t pinned_version = 0;       // 0: none yet
  std::optional<int64_t> rows = 0;  // nothing: not for who asks
  int64_t copied_at_us = 0;
  bool is_in_place = false;  // the pinned version is read from its file
};

struct TableCopied {
  std::string name;
  int64_t version = 0;
  std::optional<int64_t> rows = 0;  // nothing: not for who asks
  bool has_changed = false;
};

/// not_found.
Error no_such_source(const std::string& name);

/// A port of the platform, the same for every door: tables and their copies. What a caller may see and order
/// is decided below it (GuardedTableCopies); what cannot be asked is unavailable. Any thread may call.
class TableCopies {
 public:
  virtual ~TableCopies() = default;

  /// Those that there are for the caller; the number of rows for who sees them all.
  virtual Result<std::vector<TableInfo>> tables(const security::Caller& caller) = 0;
  /// Copies the tables of these sources (all when empty). Blocks. Who asks must have the right to copy each
  /// table (refused); those that it sees are in the answer. not_found for a source of which it sees no table.
  virtual Result<std::vector<TableCopied>> copy(const security::Caller& caller,
                                                const std::vector<std::string>& sources) = 0;
  /// Whether copy() would begin.
  virtual Status may_copy(const security::Caller& caller, const std::vector<std::string>& sources) const = 0;
};

}  // namespace anabranch::front
