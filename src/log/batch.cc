#include "log/batch.h"

#include "base/bytes.h"

namespace anabranch::log {

void put_record(std::string& payload, std::string_view record) { put_bytes(payload, record); }

std::optional<std::vector<std::string_view>> split_records(std::string_view payload) {
  std::vector<std::string_view> records;
  ByteReader reader(payload);
  while (!reader.rest().empty()) {
    records.push_back(reader.get_bytes());
    if (!reader.ok()) return std::nullopt;
  }
  return records;
}

}  // namespace anabranch::log
