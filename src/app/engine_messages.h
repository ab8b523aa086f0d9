#pragma once
// What the server and its engine say to each other beside the calls of the ports (front/remote). Both sides
// use these, so that they cannot differ.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "front/remote/port_fields.h"
#include "front/remote/port_methods.h"
#include "front/remote/ports_host.h"
#include "ingest/event_source.h"
#include "ingest/ingestor.h"
#include "log/event_log.h"
#include "processes/link.h"
#include "project/project.h"

namespace anabranch::app {

/// Of the link between them, the same on both sides.
inline processes::Link::Options engine_link_options() {
  processes::Link::Options options;
  options.handler_threads = front::remote::PortsHost::calls_at_once;
  options.message_bytes_max = size_t{192} << 20;  // a body of events, and what goes with it
  return options;
}

/// What an engine begins with.
struct EngineOpening {
  std::string root;
  std::string target;
  std::string data_folder;     // whole; the server's, which it goes on with whatever the files say later
  bool is_as_applied = false;  // what was taken over last, where something was; else the files as they are
  bool builds_by_itself = false;
};

/// A stream that the server has opened for it.
struct StreamOpened {
  std::string name;
  std::vector<Error> refused;  // as OpenStream
  std::string durable;         // how far it may be read: log::LogExtent, encoded
};
struct StreamsOpened {
  std::vector<StreamOpened> opened;
  std::map<std::string, Error> damaged;
};

/// What intake goes by beside front::remote::EngineState (IntakeTerms), told when it changes.
struct IntakeState {
  std::set<std::string> streams;  // of the project that runs
  std::map<std::string, Error> damaged;
  model::Offsets archived;
  int64_t ingest_limit_events = 0;  // 0: none
};

namespace engine_methods {

using front::remote::Method;

// ---- of the engine ----
/// Reads the project's files; gives its name. bad_input when they have mistakes, which it has printed.
inline constexpr Method<std::string, EngineOpening> load{"engine.load"};
/// Opens the data folder, of which the server has the lock.
inline constexpr Method<void> open{"engine.open"};
/// Replays what was not built; gives the views that are left out.
inline constexpr Method<std::vector<Error>> start{"engine.start"};

// ---- of the server ----
inline constexpr Method<StreamsOpened, std::vector<project::StreamFile>> open_streams{"streams.open"};
/// Gives the newest version.
inline constexpr Method<uint32_t, std::string, std::string> change_schema{"streams.change_schema"};
inline constexpr Method<void, std::string, std::vector<std::string>> set_key{"streams.set_key"};
inline constexpr Method<void, std::string> close_stream{"streams.close"};
inline constexpr Method<ingest::Accepted, std::string, ingest::Arrival> accept{"streams.accept"};
inline constexpr Method<log::Removed, std::string, model::Partition, model::Offset, int64_t> remove_before{
    "streams.remove_before"};
inline constexpr Method<uint64_t, std::string, int64_t> remove_quarantined{"streams.remove_quarantined"};

}  // namespace engine_methods

/// Topics of what is told.
namespace engine_topics {
inline constexpr std::string_view durable = "streams.durable";   // server → engine: stream, point
inline constexpr std::string_view intake = "engine.intake";      // engine → server: IntakeState
inline constexpr std::string_view replayed = "engine.replayed";  // engine → server: the share, a double
}  // namespace engine_topics

}  // namespace anabranch::app

namespace anabranch::wire {

template <>
struct Fields<app::EngineOpening> : AllFields<5> {};
template <>
struct Fields<app::StreamOpened> : AllFields<3> {};
template <>
struct Fields<app::StreamsOpened> : AllFields<2> {};
template <>
struct LastOf<ingest::BodyFormat> {
  static constexpr ingest::BodyFormat value = ingest::BodyFormat::tsv;
};
template <>
struct Fields<ingest::Accepted::Range> : AllFields<3> {};
template <>
struct Fields<ingest::Accepted> : AllFields<4> {};
template <>
struct Fields<ingest::Arrival> : AllFields<7> {};
template <>
struct Fields<app::IntakeState> : AllFields<4> {};
template <>
struct Fields<log::Removed> : AllFields<2> {};
/// What the one who writes its log needs of it; its schema as JSON (model/schema.h).
template <>
struct Fields<project::StreamFile> {
  static void of(auto& visit, auto& stream) {
    std::string schema;
    if constexpr (std::is_const_v<std::remove_reference_t<decltype(stream)>>)
      schema = stream.schema.to_json();
    visit(stream.name, schema, stream.field_places, stream.key, stream.partitions, stream.place);
    if constexpr (!std::is_const_v<std::remove_reference_t<decltype(stream)>>) {
      if (auto read = model::Schema::from_json(schema)) stream.schema = std::move(*read);
    }
  }
};

}  // namespace anabranch::wire
