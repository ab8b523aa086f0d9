#include "log/bulk_record.h"

#include <nlohmann/json.hpp>

#include "log/batch.h"

namespace anabranch::log {

Result<std::string> bulk_file_name(const std::string& payload) {
  const auto records = split_records(payload);
  if (!records || records->size() != 1) return fail(Code::corrupt, "the batch does not name a bulk file");
  const auto record = nlohmann::json::parse((*records)[0], nullptr, false);
  if (record.is_object() && record.contains("file") && record["file"].is_string()) {
    const auto name = record["file"].get<std::string>();
    if (!name.empty() && name != "." && name != ".." && name.find('/') == name.npos) return name;
  }
  return fail(Code::corrupt, "the record of a bulk batch names no file");
}

}  // namespace anabranch::log
