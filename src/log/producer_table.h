#pragma once
// Which batches of which producers are stored already, so that a repeat is answered and not stored again.

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "log/batch.h"
#include "model/offsets.h"

namespace anabranch::log {

/// What a producer was told about a batch, as far as the log knows it.
struct Answer {
  model::OffsetRange range;
  uint32_t rejects = 0;
  int64_t ingested_at_us = 0;
  uint32_t fingerprint = 0;
  bool operator==(const Answer&) const = default;
};

/// The producers and the keys that came last. Parts of requests (Producer::is_part) are kept as keys. A value
/// without locks: guarded by whoever holds it. Memory is bounded by the limits: about 0.5 KB a producer and
/// 0.2 KB a key. What was longest not heard of is forgotten first, so the same batches give the same table in
/// whatever way they are read.
class ProducerTable {
 public:
  struct Limits {
    size_t producers_max = 10'000;
    size_t keys_max = 100'000;
    int64_t kept_us = int64_t{24} * 3600 * 1'000'000;  // since a producer or key was last heard of
  };
  /// Of each producer: requests that may be on their way at once and still get their first answer again.
  static constexpr size_t answers_a_producer = 8;

  explicit ProducerTable(const Limits& limits) : limits_(limits) {}
  ProducerTable() : ProducerTable(Limits{}) {}

  /// What a batch is, seen from here: nothing when it is due (new), or the answer that it got before.
  /// conflict: a gap (an earlier batch is missing, the message says which is expected), a repeat whose answer
  /// is no longer known, or another content under the same key or number.
  /// `group`: what is not durable yet but comes before it.
  Result<std::optional<Answer>> judge(const Producer& producer, const ProducerTable& group,
                                      int64_t now_us) const;
  /// A batch was stored. Times never go back.
  void add(const Producer& producer, const Answer& answer);

  /// Whether anything is known of a producer, or of a key.
  bool knows(const Producer& producer, int64_t now_us) const;
  /// What the part of a request got, or what came with a key; nothing where it is not known (any more).
  std::optional<Answer> find(const Producer& producer, int64_t now_us) const;

  /// The number that a producer's next batch has; 0 for one that is not known (any more).
  uint64_t next_sequence(std::string_view id, int64_t now_us) const;

  size_t producers() const { return producers_.entries.size(); }
  size_t keys() const { return keys_.entries.size(); }
  bool is_empty() const { return producers() + keys() == 0; }

  /// For a file, see FORMAT.md. corrupt when the bytes are no table.
  std::string encode() const;
  static Result<ProducerTable> decode(std::string_view bytes, const Limits& limits);

 private:
  struct Entry {
    std::string id;
    uint64_t last = 0;            // of a producer: the number of the last of `answers`
    std::vector<Answer> answers;  // in order; a key has one
  };
  // In the order in which they were last heard of, the longest ago first.
  struct Recent {
    std::list<Entry> entries;
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_id;  // views into the entries

    Recent() = default;
    Recent(const Recent& other) { *this = other; }
    Recent& operator=(const Recent& other);
    Recent(Recent&&) = default;  // lists keep their nodes
    Recent& operator=(Recent&&) = default;
    const Entry* find(std::string_view id) const;
    Entry& touch(std::string_view id);
    void forget(size_t entries_max, int64_t before_us);
  };

  const Entry* known(const Recent& recent, std::string_view id, int64_t now_us) const;
  static std::string key_of(const Producer& producer);
  static void put_entries(std::string& out, const Recent& recent);

  Limits limits_;
  Recent producers_;
  Recent keys_;
};

/// The extension of a batch (FORMAT.md): empty without a producer.
std::string encode_extension(const std::optional<Producer>& producer);
/// corrupt when it breaks off. Items of other kinds are skipped.
Result<std::optional<Producer>> parse_extension(std::string_view bytes);

}  // namespace anabranch::log
