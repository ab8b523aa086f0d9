#include "history/stream.h"

#include <fmt/format.h>

namespace anabranch::history {

model::Offset StreamPartition::durable_end() const {
  const auto offsets = stream.log->durable_offsets();
  return offsets.at(static_cast<size_t>(number));
}

std::string StreamPartition::describe() const {
  return stream.log->partition_count() == 1 ? stream.name.text()
                                            : fmt::format("{}, partition {}", stream.name.text(), number);
}

std::vector<StreamPartition> partitions_of(const Stream& stream) {
  std::vector<StreamPartition> partitions;
  for (model::Partition number = 0; number < stream.log->partition_count(); ++number)
    partitions.push_back({stream, number});
  return partitions;
}

std::vector<model::Offset> Archive::ends() const {
  std::vector<model::Offset> ends;
  for (const ArchivedPartition& partition : partitions) ends.push_back(partition.end);
  return ends;
}

std::vector<std::string> Archive::files() const {
  std::vector<std::string> files;
  for (const ArchivedPartition& partition : partitions)
    files.insert(files.end(), partition.files.begin(), partition.files.end());
  return files;
}

std::unexpected<Error> fail_nowhere(const StreamPartition& partition, model::OffsetRange missing) {
  return fail(Code::unavailable,
              fmt::format("{}: the events at offsets {} to {} are no longer in the log, and its archive does "
                          "not have them or cannot be read",
                          partition.describe(), missing.first, missing.end - 1),
              fmt::format("restore lake/bronze/{} from a backup, then restart or build",
                          partition.stream.bare_name()));
}

}  // namespace anabranch::history
