#include "log/producer_table.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace anabranch::log {
namespace {

constexpr std::string_view table_magic =
    "\x89"
    "ANABPRD";
constexpr uint32_t table_format_version = 1;

// Items of a batch's extension.
constexpr uint8_t key_item = 1;
constexpr uint8_t producer_item = 2;
constexpr uint8_t part_of_key_item = 3;
constexpr uint8_t part_of_producer_item = 4;

std::string quoted(std::string_view id) { return fmt::format("\"{}\"", id); }

std::unexpected<Error> fail_other_content(const std::string& what) {
  return fail(Code::conflict, what + " came with other content before",
              "give each request a key or number of its own; repeat one only with the bytes that it had");
}

}  // namespace

// ---- entries ----

ProducerTable::Recent& ProducerTable::Recent::operator=(const Recent& other) {
  if (this == &other) return *this;
  entries = other.entries;
  by_id.clear();
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) by_id[entry->id] = entry;
  return *this;
}

const ProducerTable::Entry* ProducerTable::Recent::find(std::string_view id) const {
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : &*found->second;
}

// The entry of an id, made when it is not there; the one that was heard of last.
ProducerTable::Entry& ProducerTable::Recent::touch(std::string_view id) {
  if (const auto found = by_id.find(id); found != by_id.end()) {
    entries.splice(entries.end(), entries, found->second);
    return entries.back();
  }
  entries.push_back({std::string(id), 0, {}});
  by_id[entries.back().id] = std::prev(entries.end());
  return entries.back();
}

void ProducerTable::Recent::forget(size_t entries_max, int64_t before_us) {
  while (!entries.empty() &&
         (entries.size() > entries_max || entries.front().answers.back().ingested_at_us < before_us)) {
    by_id.erase(entries.front().id);
    entries.pop_front();
  }
}

const ProducerTable::Entry* ProducerTable::known(const Recent& recent, std::string_view id,
                                                 int64_t now_us) const {
  const Entry* entry = recent.find(id);
  return entry && entry->answers.back().ingested_at_us >= now_us - limits_.kept_us ? entry : nullptr;
}

// Of a key, or of one part of a request: a producer's requests need not have a part in each partition, so
// that they are kept one by one. No id begins with a zero byte.
std::string ProducerTable::key_of(const Producer& producer) {
  if (!producer.is_part) return producer.id;
  std::string key(1, '\0');
  if (producer.sequence) key += fmt::to_string(*producer.sequence);
  key += '\0';
  return key + producer.id;
}

// ---- judging ----

Result<std::optional<Answer>> ProducerTable::judge(const Producer& producer, const ProducerTable& group,
                                                   int64_t now_us) const {
  const std::string numbered =
      producer.sequence ? fmt::format("sequence {} of producer {}", *producer.sequence, quoted(producer.id))
                        : "the idempotency key " + quoted(producer.id);
  if (!producer.sequence || producer.is_part) {
    for (const ProducerTable* table : {&group, this}) {
      const Entry* entry = known(table->keys_, key_of(producer), now_us);
      if (!entry) continue;
      const Answer& answer = entry->answers.back();
      if (answer.fingerprint != producer.fingerprint) return fail_other_content(numbered);
      return answer;
    }
    return std::nullopt;
  }
  const uint64_t number = *producer.sequence;
  const Entry* in_group = known(group.producers_, producer.id, now_us);
  const Entry* before = known(producers_, producer.id, now_us);
  const Entry* newest = in_group ? in_group : before;
  const uint64_t due = newest ? newest->last + 1 : 0;
  if (number == due) return std::nullopt;
  if (number > due) {
    return fail(Code::conflict,
                fmt::format("sequence {} of producer {} comes where {} is expected", number,
                            quoted(producer.id), due),
                newest ? "send what is missing first, in order"
                       : "a producer begins with 0; this one is not known, or was forgotten: use a new id");
  }
  for (const Entry* entry : {in_group, before}) {
    if (!entry || number > entry->last || entry->last - number >= entry->answers.size()) continue;
    const Answer& answer = entry->answers[entry->answers.size() - 1 - (entry->last - number)];
    if (answer.fingerprint != producer.fingerprint) return fail_other_content(numbered);
    return answer;
  }
  return fail(
      Code::conflict,
      fmt::format("sequence {} of producer {} is stored already, and its answer is no longer kept; {} "
                  "is expected",
                  number, quoted(producer.id), due),
      "go on with the number that is expected");
}

void ProducerTable::add(const Producer& producer, const Answer& answer) {
  if (!producer.sequence || producer.is_part) {
    keys_.touch(key_of(producer)).answers = {answer};
    keys_.forget(limits_.keys_max, answer.ingested_at_us - limits_.kept_us);
    return;
  }
  Entry& entry = producers_.touch(producer.id);
  // Forgotten in between, and begun anew: what it had is another run's.
  if (*producer.sequence != entry.last + 1) entry.answers.clear();
  entry.last = *producer.sequence;
  if (entry.answers.size() == answers_a_producer) entry.answers.erase(entry.answers.begin());
  entry.answers.push_back(answer);
  producers_.forget(limits_.producers_max, answer.ingested_at_us - limits_.kept_us);
}

bool ProducerTable::knows(const Producer& producer, int64_t now_us) const {
  return known(producer.sequence ? producers_ : keys_, producer.id, now_us) != nullptr;
}

std::optional<Answer> ProducerTable::find(const Producer& producer, int64_t now_us) const {
  const Entry* entry = known(keys_, key_of(producer), now_us);
  return entry ? std::optional(entry->answers.back()) : std::nullopt;
}

uint64_t ProducerTable::next_sequence(std::string_view id, int64_t now_us) const {
  const Entry* entry = known(producers_, id, now_us);
  return entry ? entry->last + 1 : 0;
}

// ---- bytes ----

void ProducerTable::put_entries(std::string& out, const Recent& recent) {
  put(out, static_cast<uint32_t>(recent.entries.size()));
  for (const Entry& entry : recent.entries) {
    put_bytes(out, entry.id);
    put(out, entry.last);
    put(out, static_cast<uint32_t>(entry.answers.size()));
    for (const Answer& answer : entry.answers) {
      put(out, answer.range.first);
      put(out, answer.range.end);
      put(out, answer.rejects);
      put(out, answer.ingested_at_us);
      put(out, answer.fingerprint);
    }
  }
}

std::string ProducerTable::encode() const {
  std::string bytes(table_magic);
  put(bytes, table_format_version);
  put_entries(bytes, producers_);
  put_entries(bytes, keys_);
  put(bytes, crc32c(bytes));
  return bytes;
}

Result<ProducerTable> ProducerTable::decode(std::string_view bytes, const Limits& limits) {
  const auto broken = [](std::string_view what) {
    return fail(Code::corrupt, fmt::format("no table of producers: {}", what));
  };
  if (bytes.size() < table_magic.size() + 8 || !bytes.starts_with(table_magic)) return broken("wrong magic");
  const std::string_view summed = bytes.substr(0, bytes.size() - 4);
  if (ByteReader(bytes.substr(summed.size())).get<uint32_t>() != crc32c(summed))
    return broken("wrong checksum");
  ByteReader reader(summed.substr(table_magic.size()));
  if (reader.get<uint32_t>() != table_format_version) return broken("a later version's");
  ProducerTable table(limits);
  for (Recent* recent : {&table.producers_, &table.keys_}) {
    const auto entries = reader.get<uint32_t>();
    for (uint32_t i = 0; i < entries && reader.ok(); ++i) {
      Entry& entry = recent->touch(reader.get_bytes());
      entry.last = reader.get<uint64_t>();
      const auto answers = reader.get<uint32_t>();
      for (uint32_t k = 0; k < answers && reader.ok(); ++k) {
        Answer answer;
        answer.range.first = reader.get<model::Offset>();
        answer.range.end = reader.get<model::Offset>();
        answer.rejects = reader.get<uint32_t>();
        answer.ingested_at_us = reader.get<int64_t>();
        answer.fingerprint = reader.get<uint32_t>();
        entry.answers.push_back(answer);
      }
      if (entry.answers.empty()) return broken("an entry without answers");
    }
  }
  if (!reader.ok() || !reader.rest().empty()) return broken("the entries do not fill it");
  table.producers_.forget(limits.producers_max, INT64_MIN);
  table.keys_.forget(limits.keys_max, INT64_MIN);
  return table;
}

std::string encode_extension(const std::optional<Producer>& producer) {
  std::string bytes;
  if (!producer) return bytes;
  std::string item;
  put(item, producer->fingerprint);
  if (producer->sequence) put(item, *producer->sequence);
  item += producer->id;
  const uint8_t whole = producer->sequence ? producer_item : key_item;
  put(bytes, producer->is_part ? static_cast<uint8_t>(whole + part_of_key_item - key_item) : whole);
  put(bytes, static_cast<uint16_t>(item.size()));
  return bytes + item;
}

Result<std::optional<Producer>> parse_extension(std::string_view bytes) {
  std::optional<Producer> producer;
  ByteReader reader(bytes);
  while (reader.ok() && !reader.rest().empty()) {
    const auto kind = reader.get<uint8_t>();
    const auto size = reader.get<uint16_t>();
    ByteReader item(reader.get_bytes(size));
    if (kind < key_item || kind > part_of_producer_item) continue;
    producer.emplace();
    producer->is_part = kind >= part_of_key_item;
    producer->fingerprint = item.get<uint32_t>();
    if (kind == producer_item || kind == part_of_producer_item) producer->sequence = item.get<uint64_t>();
    producer->id = std::string(item.rest());
    if (!item.ok()) return fail(Code::corrupt, "the producer of a batch breaks off");
  }
  if (!reader.ok()) return fail(Code::corrupt, "the extension of a batch breaks off");
  return producer;
}

}  // namespace anabranch::log
