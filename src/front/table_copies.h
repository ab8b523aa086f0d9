#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "security/policy.h"

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
  int64_t rows = 0;
  bool has_changed = false;
};

/// A port of the platform, the same for every door: tables and their copies. Any thread may call.
class TableCopies {
 public:
  explicit TableCopies(std::shared_ptr<const security::Policy> policy) : policy_(std::move(policy)) {}
  virtual ~TableCopies() = default;
  TableCopies(const TableCopies&) = delete;
  TableCopies& operator=(const TableCopies&) = delete;

  /// Those that there are for the caller; the number of rows for who sees them all.
  std::vector<TableInfo> tables(const security::Caller& caller);
  /// Copies the tables of these sources (all when empty). Blocks.
  virtual Result<std::vector<TableCopied>> copy(const std::vector<std::string>& sources) = 0;

 protected:
  virtual std::vector<TableInfo> table_infos() = 0;

 private:
  const std::shared_ptr<const security::Policy> policy_;
};

}  // namespace anabranch::front
