#pragma once
// Checkpoints of Delta logs: one Parquet file with the actions that make a table what it is at a version, as
// https://github.com/delta-io/delta/blob/master/PROTOCOL.md#checkpoints has it for reader version 1.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace anabranch::lake {

/// "00000000000000000010.checkpoint.parquet"
std::string checkpoint_name(int64_t version);

/// The file of a checkpoint that another program may have written in parts.
struct CheckpointName {
  int64_t version = 0;
  int part = 1;
  int parts = 1;
};
/// Nothing for other names, and for checkpoints of later readers (with a UUID).
std::optional<CheckpointName> parse_checkpoint_name(std::string_view name);

/// The bytes of a checkpoint with these actions, each a JSON object. An engine of its own makes them, in
/// memory. Any thread.
Result<std::string> write_checkpoint(const std::vector<std::string>& actions);

/// The actions in such bytes, which may be those of several objects, each action a JSON object without what
/// is null. Any thread. corrupt: none, or damaged.
Result<std::vector<std::string>> read_checkpoint(std::vector<std::string> parts);

}  // namespace anabranch::lake
