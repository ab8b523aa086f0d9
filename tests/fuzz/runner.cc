#include "tests/fuzz/runner.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/fuzz/constructs.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/project_files.h"
#include "tests/fuzz/subject.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::fuzz {
namespace {

class Run {
 public:
  Run(const Case& of, Coverage* coverage) : case_(of), coverage_(coverage), oracle_(of), views_(of.views) {
    folder_ = temporary_.path();
    if (case_.has_odd_folder) folder_ = folder_ / "id=99" / "a[1]";
    std::filesystem::create_directories(folder_);
    subject_ = case_.has_processes ? in_processes(folder_) : in_this_process(folder_, case_.tick_rows);
    for (const Table& table : case_.tables) newest_[table.name] = 0;
  }

  std::optional<Failure> run(bool& invalid) {
    for (const Table& table : case_.tables) oracle_.pin_table(table.name, 0);
    if (!write_project(case_, folder_, oracle_) || !oracle_.set_views(views_)) {
      invalid = true;
      return std::nullopt;
    }
    for (const View& view : views_) {
      if (!oracle_.ask(view.name, false).error.empty() && !view.can_overflow) {
        invalid = true;  // a slip of the generator
        return std::nullopt;
      }
    }
    if (const Status started = subject_->start(true); !started) return failure(started, "the start");
    is_classes_known_ = false;
    if (auto failure = check("the start")) return failure;
    for (step_ = 0; step_ < case_.steps.size(); ++step_) {
      const Step& step = case_.steps[step_];
      if (auto failure = this->step(step)) {
        invalid = is_nonsense_;
        return is_nonsense_ ? std::nullopt : failure;
      }
      if (coverage_) coverage_->add("step", step.name());
      if (auto failure = check(step.name())) return failure;
    }
    if (coverage_) coverage_->add_case(case_, compared_);
    return std::nullopt;
  }

 private:
  std::optional<Failure> failure(const Status& status, const std::string& what) const {
    return Failure{"step", "", step_, what + ": " + status.error().describe()};
  }

  void pin_newest() {
    oracle_.pin_fields();
    for (const auto& [table, version] : newest_) oracle_.pin_table(table, version);
  }

  // Plain DuckDB itself does not take the case, as it may be after something was left out of it.
  std::optional<Failure> nonsense() {
    is_nonsense_ = true;
    return Failure{"nonsense", "", step_, "plain DuckDB does not take the views"};
  }

  std::optional<Failure> restart() {
    if (!has_build_) pin_newest();
    if (!oracle_.set_views(views_)) return nonsense();
    if (const Status started = subject_->start(false); !started)
      return failure(started, "the start after " + case_.steps[step_].name());
    is_classes_known_ = false;
    return std::nullopt;
  }

  std::optional<Failure> step(const Step& step) {
    switch (step.kind) {
      case Step::Kind::events:
      case Step::Kind::bulk:
        return take_in(step);
      case Step::Kind::build_all: {
        if (const Status built = subject_->build({}); !built) return failure(built, "the build");
        has_build_ = true;
        pin_newest();
        if (!oracle_.set_views(views_)) return nonsense();
        return std::nullopt;
      }
      case Step::Kind::build_some: {
        std::vector<std::string> views;
        for (const std::string& name : step.views) {
          if (std::any_of(views_.begin(), views_.end(), [&](const View& view) { return view.name == name; }))
            views.push_back(name);
        }
        if (views.empty()) return std::nullopt;
        if (const Status built = subject_->build(views); !built) return failure(built, "the build");
        has_build_ = true;
        return std::nullopt;
      }
      case Step::Kind::copy:
        for (const Table& table : case_.tables) {
          if (table.name != step.table) continue;
          if (const Status written = write_table(table, step.version, folder_, oracle_); !written)
            return failure(written, "a table's file");
          newest_[table.name] = step.version;
        }
        if (const Status copied = subject_->copy(); !copied) return failure(copied, "the copy");
        return std::nullopt;
      case Step::Kind::stop:
        if (const Status stopped = subject_->stop(); !stopped) return failure(stopped, "the end");
        return restart();
      case Step::Kind::kill:
        return kill(step);
      case Step::Kind::change: {
        if (const Status stopped = subject_->stop(); !stopped) return failure(stopped, "the end");
        for (const View& model : step.models) {
          const auto old = std::find_if(views_.begin(), views_.end(),
                                        [&](const View& view) { return view.name == model.name; });
          if (old == views_.end()) {
            views_.push_back(model);
          } else {
            *old = model;
          }
          write_model(model, folder_);
        }
        return restart();
      }
    }
    return std::nullopt;
  }

  std::optional<Failure> kill(const Step& step) {
    const auto before = subject_->newest_build();
    if (!before) return Failure{"step", "", step_, before.error().describe()};
    if (const Status killed = subject_->kill(step.is_in_flight, static_cast<int>(step_ * 7 % 40)); !killed)
      return failure(killed, "the kill");
    if (!step.is_in_flight) return restart();
    // Whether its build was published is what the program says; it must then be right either way.
    if (const Status started = subject_->start(false); !started)
      return failure(started, "the start after a kill");
    const auto after = subject_->newest_build();
    if (!after) return Failure{"step", "", step_, after.error().describe()};
    const bool is_published = *after != *before;
    if (is_published && coverage_) coverage_->add("meeting", "build published by a killed server");
    if (is_published || !has_build_) pin_newest();
    has_build_ = has_build_ || is_published;
    is_classes_known_ = false;
    if (!oracle_.set_views(views_)) return nonsense();
    return std::nullopt;
  }

  std::optional<Failure> take_in(const Step& step) {
    const auto stream = std::find_if(case_.streams.begin(), case_.streams.end(),
                                     [&](const Stream& s) { return s.name == step.stream; });
    std::vector<Event> good;
    for (const Event& event : step.events) {
      if (event.rubbish.empty()) good.push_back(event);
    }
    Result<Subject::Accepted> accepted = Subject::Accepted{};
    if (step.kind == Step::Kind::bulk) {
      std::vector<Field> fields;
      for (const Field& field : stream->fields) {
        const bool is_there = std::any_of(
            good.begin(), good.end(), [&](const Event& event) { return event.fields.contains(field.name); });
        if (!field.is_drift && is_there) fields.push_back(field);
      }
      std::vector<std::vector<Value>> rows;
      for (const Event& event : good) {
        std::vector<Value> row;
        for (const Field& field : fields) {
          const auto found = event.fields.find(field.name);
          row.push_back(found == event.fields.end() ? Value{} : found->second);
        }
        rows.push_back(std::move(row));
      }
      if (fields.empty()) return std::nullopt;
      const io::Path file = folder_ / fmt::format("bulk-{}.parquet", step_);
      if (const Status written = oracle_.write_parquet(fields, rows, file); !written)
        return failure(written, "a bulk file");
      accepted = subject_->ingest_file(step.stream, file);
    } else {
      if (step.events.empty()) return std::nullopt;
      accepted = subject_->ingest(step.stream, step.format, body_of(*stream, step));
    }
    if (!accepted) return Failure{"step", "", step_, "events: " + accepted.error().describe()};
    if (accepted->accepted != static_cast<int64_t>(good.size()) ||
        accepted->accepted + accepted->quarantined != static_cast<int64_t>(step.events.size())) {
      return Failure{"step", "", step_,
                     fmt::format("{} of {} events should be accepted, {} were, {} are in quarantine",
                                 good.size(), step.events.size(), accepted->accepted, accepted->quarantined)};
    }
    oracle_.add_events(step.stream, good);
    return std::nullopt;
  }

  // ---- what must hold after every step ----

  std::optional<Failure> check(const std::string& after) {
    if (!is_classes_known_) {
      if (auto failure = check_classes()) return failure;
    }
    for (const View& view : views_) {
      const Answer expected = oracle_.ask(view.name, subject_->is_as_text());
      Answer actual = subject_->ask(view.name, expected.names);
      const std::string different = difference(expected, actual, view);
      if (!different.empty())
        return Failure{"answer", view.name, step_,
                       fmt::format("{} after {}: {}", view.name, after, different)};
      ++compared_;
      if (coverage_ && !expected.rows.empty()) note(view);
      if (coverage_ && !expected.error.empty()) coverage_->add("meeting", "sum without a place");
    }
    return std::nullopt;
  }

  std::optional<Failure> check_classes() {
    const auto classes = subject_->classes();
    if (!classes) return Failure{"step", "", step_, "classes: " + classes.error().describe()};
    is_classes_known_ = true;
    for (const View& view : views_) {
      const auto found = classes->find(view.name);
      const std::string named = found == classes->end() ? "none" : found->second;
      const std::string view_class = named.substr(0, named.find(' '));
      const bool is_maintained = view_class != "none" && view_class != "merged" && view_class != "read_time";
      if (view.must_be_maintained && !is_maintained)
        return Failure{"class", view.name, step_,
                       fmt::format("{} must be maintained, and is {}", view.name, named)};
      classes_[view.name] = view_class;
      if (coverage_) coverage_->add("class", view_class);
    }
    return std::nullopt;
  }

  void note(const View& view) {
    for (const std::string& construct : view.constructs) coverage_->add("construct", construct);
    const std::string& view_class = classes_[view.name];
    if (view.constructs.contains("linear view below") && view_class == "linear")
      coverage_->add("meeting", "linear over linear");
    if (view_class == "merged") coverage_->add("meeting", "merged over another");
    if (!view.plain_where.empty()) coverage_->add("meeting", "event left out of a view");
    if (view.constructs.contains("star")) {
      for (const Stream& stream : case_.streams) {
        for (const Field& field : stream.fields) {
          if (field.is_drift && oracle_.is_visible(stream.name, field.name) &&
              view.reads.contains("bronze." + stream.name))
            coverage_->add("meeting", "drift field seen by views");
        }
      }
    }
  }

  const Case& case_;
  Coverage* const coverage_;
  test::TemporaryFolder temporary_;
  io::Path folder_;
  Oracle oracle_;
  std::unique_ptr<Subject> subject_;
  std::vector<View> views_;
  std::map<std::string, size_t> newest_;  // versions by table
  std::map<std::string, std::string> classes_;
  bool has_build_ = false;
  bool is_nonsense_ = false;
  bool is_classes_known_ = false;
  size_t step_ = 0;
  size_t compared_ = 0;
};

}  // namespace

std::optional<Failure> run(const Case& of, Coverage* coverage, bool& invalid) {
  return Run(of, coverage).run(invalid);
}

}  // namespace anabranch::fuzz
