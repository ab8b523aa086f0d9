#pragma once

#include <map>
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
  std::optional<int64_t> rows = 0;  // nothing: not for who asks
  bool has_changed = false;
};

/// not_found.
Error no_such_source(const std::string& name);

/// A port of the platform, the same for every door: tables and their copies. Any thread may call.
class TableCopies {
 public:
  explicit TableCopies(std::shared_ptr<const security::Policy> policy) : policy_(std::move(policy)) {}
  virtual ~TableCopies() = default;
  TableCopies(const TableCopies&) = delete;
  TableCopies& operator=(const TableCopies&) = delete;

  /// Those that there are for the caller; the number of rows for who sees them all.
  std::vector<TableInfo> tables(const security::Caller& caller);
  /// Copies the tables of these sources (all when empty). Blocks. Who asks must have the right to copy each
  /// table (refused); those that it sees are in the answer. not_found for a source of which it sees no table.
  Result<std::vector<TableCopied>> copy(const security::Caller& caller,
                                        const std::vector<std::string>& sources);
  /// Whether copy() would begin.
  Status may_copy(const security::Caller& caller, const std::vector<std::string>& sources) const;

 protected:
  // ---- what the application gives ----
  /// The tables of each source, without "bronze.".
  virtual std::map<std::string, std::vector<std::string>> sources() const = 0;
  virtual Result<std::vector<TableCopied>> copy(const std::vector<std::string>& sources) = 0;
  virtual std::vector<TableInfo> table_infos() = 0;

 private:
  bool shows(const security::Caller& caller, const std::string& table) const;
  bool shows_whole(const security::Caller& caller, const std::string& table) const;
  const std::shared_ptr<const security::Policy> policy_;
};

}  // namespace anabranch::front
