#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace anabranch::front {

/// What taking over the files of a project would change, or has changed. A plain record.
struct ProjectPlan {
  enum class Kind { view, stream, table, setting };
  enum class Change {
    added,
    changed,
    recomputed,  // not written otherwise, but something that it reads is
    removed,     // no longer there for anybody; what is stored stays
  };
  struct Item {
    Kind kind = Kind::view;
    std::string name;
    Change change = Change::added;
    bool is_breaking = false;        // who reads it may have to change: it, a column or a type goes
    bool needs_restart = false;      // takes effect when the server is started again
    bool is_computed = false;        // from events, not taken from a build that there is
    int64_t events = 0;              // that computing it goes through
    std::vector<std::string> notes;  // "column revenue: DOUBLE becomes DECIMAL(10,2)"
  };
  std::vector<Item> items;              // by kind and name
  std::vector<std::string> files;       // of the project that differ, relative to its root
  int64_t events = 0;                   // that all of it goes through
  std::optional<int64_t> estimated_ms;  // by the builds before; nothing when there is none to go by
  bool is_applied = false;
  std::string build_id;  // of the build that it took; empty: none
  std::vector<std::string> warnings;
  bool is_whole = true;  // false: notes, events and times are not for who asks, and not there

  bool is_breaking() const {
    for (const Item& item : items) {
      if (item.is_breaking) return true;
    }
    return false;
  }
};

/// What is asked of apply.
struct ApplyRequest {
  bool is_dry_run = false;
  bool is_undo = false;  // back to what was taken over before the last time
};

}  // namespace anabranch::front
