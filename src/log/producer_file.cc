#include "log/producer_file.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "log/segment.h"

namespace anabranch::log {
namespace {

constexpr std::string_view name_ending = ".producers";
constexpr size_t files_kept = 2;

std::string file_name(model::Offset base_offset) { return fmt::format("{:020}{}", base_offset, name_ending); }

// The base offset of such a file; the digits are those of a segment's name.
std::optional<model::Offset> base_offset_of(const std::string& name) {
  if (!name.ends_with(name_ending)) return std::nullopt;
  return parse_segment_name(name.substr(0, name.size() - name_ending.size()) + ".log");
}

}  // namespace

Status write_producers(io::FileSystem& files, const io::Path& folder, model::Offset base_offset,
                       const ProducerTable& table) {
  TRY(files.write_atomically(folder / file_name(base_offset), table.encode()));
  std::vector<model::Offset> there;
  for (const io::FolderEntry& entry : TRY(files.list(folder))) {
    if (const auto offset = base_offset_of(entry.name)) there.push_back(*offset);
  }
  std::sort(there.begin(), there.end());
  for (size_t i = 0; i + files_kept < there.size(); ++i) TRY(files.remove(folder / file_name(there[i])));
  return {};
}

Result<std::optional<SavedProducers>> read_producers(io::FileSystem& files, const io::Path& folder,
                                                     const ProducerTable::Limits& limits,
                                                     model::Offset front) {
  std::set<model::Offset> segments;
  std::set<model::Offset, std::greater<>> tables;
  for (const io::FolderEntry& entry : TRY(files.list(folder))) {
    if (const auto offset = parse_segment_name(entry.name)) segments.insert(*offset);
    if (const auto offset = base_offset_of(entry.name)) tables.insert(*offset);
  }
  for (const model::Offset offset : tables) {
    if (offset < front || !segments.contains(offset)) continue;
    const std::string bytes = TRY(files.read_file(folder / file_name(offset)));
    // Nothing at all is what a person puts there to begin anew.
    auto table = bytes.empty() ? ProducerTable(limits) : ProducerTable::decode(bytes, limits);
    if (table) return SavedProducers{offset, std::move(*table)};
  }
  return std::nullopt;
}

}  // namespace anabranch::log
