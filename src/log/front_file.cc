#include "log/front_file.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace anabranch::log {
namespace {

constexpr std::string_view file_name = "front";
constexpr std::string_view magic =
    "\x89"
    "ANABFRT";
constexpr uint32_t format_version = 1;
constexpr model::Offset no_table = -1;
constexpr size_t file_bytes = 52;

}  // namespace

Status write_front(io::FileSystem& files, const io::Path& folder, model::Partition partition,
                   const Front& front) {
  std::string bytes(magic);
  put(bytes, format_version);
  put(bytes, partition);
  put(bytes, front.offset);
  put(bytes, front.position);
  put(bytes, front.last_ingested_at_us);
  put(bytes, front.producers_from.value_or(no_table));
  put(bytes, crc32c(bytes));
  return files.write_atomically(folder / file_name, bytes);
}

Result<Front> read_front(io::FileSystem& files, const io::Path& folder, model::Partition partition) {
  const io::Path path = folder / file_name;
  if (!TRY(files.exists(path))) return Front{};
  const std::string bytes = TRY(files.read_file(path));
  const auto broken = [&](std::string_view what) {
    return fail(Code::corrupt, fmt::format("{} is damaged: {}", path.string(), what),
                "restore this file from a backup of the log folder and start again; nothing was changed");
  };
  ByteReader reader(bytes);
  if (reader.get_bytes(magic.size()) != magic) return broken("it does not say where a log begins");
  if (const auto version = reader.get<uint32_t>(); version != format_version && reader.ok()) {
    return fail(Code::refused,
                fmt::format("{}: format version {} is unknown; this program reads version {}", path.string(),
                            version, format_version),
                "start the version that wrote it, or a newer one");
  }
  Front front;
  const auto of_partition = reader.get<model::Partition>();
  front.offset = reader.get<model::Offset>();
  front.position = reader.get<uint64_t>();
  front.last_ingested_at_us = reader.get<int64_t>();
  if (const auto from = reader.get<model::Offset>(); from != no_table) front.producers_from = from;
  const std::string_view summed = std::string_view(bytes).substr(0, bytes.size() - reader.rest().size());
  if (reader.get<uint32_t>() != crc32c(summed) || !reader.ok() || bytes.size() != file_bytes)
    return broken("its checksum is wrong");
  if (of_partition != partition) return broken(fmt::format("it belongs to partition {}", of_partition));
  return front;
}

}  // namespace anabranch::log
