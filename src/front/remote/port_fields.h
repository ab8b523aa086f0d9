#pragma once
// What the records of the ports are as bytes (base/wire.h): one definition a record, for both directions.
// Files of this folder include it, and nobody else. What a record gets is sent as soon as the number of its
// fields here is raised, which the compiler asks for. Function objects are not sent: what they do is the
// call's own.

#include "base/wire.h"
#include "front/builds.h"
#include "front/table_copies.h"
#include "serve/reads.h"

namespace anabranch::wire {

// ---- what is true everywhere ----

template <>
struct LastOf<Code> {
  static constexpr Code value = Code::internal;
};
template <>
struct Fields<Place> : AllFields<3> {};
template <>
struct Fields<Error> : AllFields<4> {};
template <>
struct Fields<security::Caller> : AllFields<2> {};
template <>
struct Fields<model::RelationColumn> : AllFields<2> {};

// ---- Builds ----

template <>
struct Fields<front::RunningBuild> : AllFields<5> {};
template <>
struct Fields<front::PublishedBuild> : AllFields<3> {};
template <>
struct Fields<front::ModelInfo> : AllFields<5> {};
template <>
struct Fields<front::RunningTask> : AllFields<6> {};
template <>
struct Fields<front::Storage> : AllFields<7> {};
template <>
struct Fields<front::Fault> : AllFields<2> {};
template <>
struct Fields<front::LastVerdict> : AllFields<2> {};

template <>
struct LastOf<catalog::BuildState> {
  static constexpr catalog::BuildState value = catalog::BuildState::abandoned;
};
template <>
struct LastOf<catalog::VerdictRecord::Result> {
  static constexpr catalog::VerdictRecord::Result value = catalog::VerdictRecord::Result::failed;
};
template <>
struct Fields<catalog::BuildStart> : AllFields<5> {};
template <>
struct Fields<catalog::BuildWarning> : AllFields<2> {};
template <>
struct Fields<catalog::BuildEnd> : AllFields<6> {};
template <>
struct Fields<catalog::BuildRun> : AllFields<3> {};
template <>
struct Fields<catalog::VerdictRecord> : AllFields<10> {};
template <>
struct Fields<catalog::KeyedAnswer> : AllFields<4> {};

template <>
struct LastOf<front::ProjectPlan::Kind> {
  static constexpr front::ProjectPlan::Kind value = front::ProjectPlan::Kind::setting;
};
template <>
struct LastOf<front::ProjectPlan::Change> {
  static constexpr front::ProjectPlan::Change value = front::ProjectPlan::Change::removed;
};
template <>
struct Fields<front::ApplyRequest> : AllFields<2> {};
template <>
struct Fields<front::ProjectPlan::Item> : AllFields<8> {};
template <>
struct Fields<front::ProjectPlan> : AllFields<8> {};

template <>
struct Fields<front::DiffRequest> : AllFields<3> {};
template <>
struct Fields<front::ProjectDiff::Retyped> : AllFields<3> {};
template <>
struct Fields<front::ProjectDiff::Row> : AllFields<3> {};
template <>
struct Fields<front::ProjectDiff::View> : AllFields<13> {};
template <>
struct Fields<front::ProjectDiff> : AllFields<3> {};

template <>
struct LastOf<front::Droppable::Kind> {
  static constexpr front::Droppable::Kind value = front::Droppable::Kind::view;
};
template <>
struct Fields<front::DropRequest> : AllFields<2> {};
template <>
struct Fields<front::Droppable> : AllFields<5> {};
template <>
struct Fields<front::ProjectDrop> : AllFields<2> {};

template <>
struct LastOf<quality::Verdict::Outcome> {
  static constexpr quality::Verdict::Outcome value = quality::Verdict::Outcome::failed;
};
template <>
struct Fields<quality::Verifier::Request> {
  static void of(auto& visit, auto& request) { visit(request.views, request.is_sample); }
};
template <>
struct Fields<quality::VerifyProgress> : AllFields<4> {};
template <>
struct Fields<quality::Difference> : AllFields<3> {};
template <>
struct Fields<quality::Verdict> : AllFields<11> {};

// ---- TableCopies ----

template <>
struct Fields<front::TableInfo> : AllFields<6> {};
template <>
struct Fields<front::TableCopied> : AllFields<4> {};

// ---- Reads ----

template <>
struct LastOf<serve::RowFormat> {
  static constexpr serve::RowFormat value = serve::RowFormat::parquet;
};
template <>
struct LastOf<sql::Numbers> {
  static constexpr sql::Numbers value = sql::Numbers::string;
};
template <>
struct Fields<serve::RowTerms> {
  static void of(auto& visit, auto& terms) {
    visit(terms.caller, terms.min_offsets, terms.timeout_us, terms.format, terms.numbers);
  }
};
template <>
struct Fields<serve::QueryRead> : AllFields<2> {};
template <>
struct Fields<serve::ViewRead> : AllFields<3> {};
template <>
struct Fields<serve::RowsHead> : AllFields<4> {};
template <>
struct Fields<serve::RowsEnd> : AllFields<1> {};

template <>
struct LastOf<views::ViewClass> {
  static constexpr views::ViewClass value = views::ViewClass::read_time;
};
template <>
struct LastOf<sql::OrderItem::Nulls> {
  static constexpr sql::OrderItem::Nulls value = sql::OrderItem::Nulls::last;
};
template <>
struct Fields<sql::OrderKey> : AllFields<3> {};
template <>
struct Fields<views::Reason> : AllFields<3> {};
template <>
struct Fields<views::StatePart> : AllFields<7> {};
template <>
struct Fields<views::RowOrder> : AllFields<2> {};
/// Whole, with the reasons for people: the JSON of a plan (views/world.cc) has only what states depend on,
/// since their hashes are made of it.
template <>
struct Fields<views::Plan> : AllFields<18> {};
template <>
struct Fields<serve::ViewRecord> : AllFields<9> {};
template <>
struct Fields<serve::ViewDetail> : AllFields<3> {};
template <>
struct Fields<serve::ViewError> : AllFields<5> {};
template <>
struct Fields<serve::ViewErrors> : AllFields<2> {};
template <>
struct Fields<speed::SpeedLayer::Stats> : AllFields<8> {};
template <>
struct Fields<serve::ReadState> : AllFields<5> {};

}  // namespace anabranch::wire
