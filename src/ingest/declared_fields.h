#pragma once
// The fields that a stream declares, as the readers of events look for them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingest/value_parser.h"
#include "model/schema.h"

namespace anabranch::ingest {

class DeclaredFields {
 public:
  explicit DeclaredFields(const model::Schema& schema);
  DeclaredFields(const DeclaredFields&) = delete;
  DeclaredFields& operator=(const DeclaredFields&) = delete;

  size_t size() const { return schema_.fields.size(); }
  const model::Schema& schema() const { return schema_; }
  const std::string& name(size_t index) const { return schema_.fields[index].name; }
  bool is_required(size_t index) const { return schema_.fields[index].required; }
  /// The fields that must not be absent.
  const std::vector<size_t>& required() const { return required_; }
  const ValueParser& parser(size_t index) const { return parsers_[index]; }
  /// No quotes or backslashes: the name stands in JSON as it is.
  bool is_plain(size_t index) const { return is_plain_[index] != 0; }

  /// By its name, or one that it had before.
  std::optional<size_t> find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return std::nullopt;
    return found->second;
  }

  /// Why an undeclared name cannot be that of a field, by itself; empty when it can.
  std::string objection(std::string_view name) const;

 private:
  model::Schema schema_;
  std::vector<ValueParser> parsers_;
  std::vector<uint8_t> is_plain_;
  std::vector<size_t> required_;
  std::unordered_map<std::string_view, size_t> by_name_;  // into schema_
  std::unordered_map<std::string, size_t> by_folded_name_;
};

/// Why a name cannot become that of a column by drift; empty when it can. Delta tables refuse some
/// characters, and a column that the lake cannot hold would stop every build.
std::string column_objection(std::string_view name);

}  // namespace anabranch::ingest
