// SQL in, rows or errors out: runs the text files of this folder on a whole platform. README.md says what may
// stand in them.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

using Lines = std::vector<std::string>;

/// A keyword line, what stands below it, and what is expected (below "----"), up to an empty line.
struct Block {
  int line = 0;
  std::string keyword;
  std::string rest;
  Lines body;
  Lines expected;
};

Lines split(const std::string& text, const std::string& separator) {
  Lines parts;
  size_t from = 0;
  for (size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, from)) {
    parts.push_back(text.substr(from, at - from));
    from = at + separator.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

Lines words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::string joined(const Lines& lines, const std::string& separator) {
  std::string text;
  for (const std::string& line : lines) text += (&line == &lines.front() ? "" : separator) + line;
  return text;
}

std::vector<Block> read_blocks(const io::Path& file) {
  std::vector<Block> blocks;
  std::ifstream stream(file);
  bool is_inside = false;
  bool is_expected = false;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (!is_inside && (line.empty() || line[0] == '#')) continue;
    if (line.empty()) {
      is_inside = false;
    } else if (!is_inside) {
      const size_t space = std::min(line.find(' '), line.size());
      blocks.push_back(
          {number, line.substr(0, space), line.substr(std::min(space + 1, line.size())), {}, {}});
      is_inside = true;
      is_expected = false;
    } else if (line == "----") {
      is_expected = true;
    } else {
      (is_expected ? blocks.back().expected : blocks.back().body).push_back(line);
    }
  }
  return blocks;
}

/// A value as the files write it.
std::string shown(const std::optional<std::string>& value) {
  if (!value) return "NULL";
  return value->empty() ? "(empty)" : *value;
}

class SqlText : public ::testing::TestWithParam<std::string> {
 protected:
  void run(const io::Path& file) {
    file_ = file.string();
    test::write_text(folder_.path() / "anabranch.yml", "name: sql_test\n");
    const auto blocks = read_blocks(file);
    ASSERT_FALSE(blocks.empty()) << file_;
    for (const Block& block : blocks) {
      block_ = &block;
      run(block);
      if (HasFatalFailure()) return;
    }
  }

 private:
  void run(const Block& block) {
    const std::map<std::string, void (SqlText::*)(const Block&)> keywords = {
        {"stream", &SqlText::declare_stream}, {"table", &SqlText::declare_table},
        {"model", &SqlText::declare_model},   {"copy", &SqlText::copy},
        {"start", &SqlText::start},           {"ingest", &SqlText::ingest},
        {"build", &SqlText::build},           {"query", &SqlText::query},
        {"error", &SqlText::error},           {"again", &SqlText::again},
        {"changed", &SqlText::changed},       {"class", &SqlText::view_class},
        {"recorded", &SqlText::recorded},     {"verify", &SqlText::verify}};
    const auto found = keywords.find(block.keyword);
    if (found == keywords.end()) return stop(fmt::format("there is no statement {}", block.keyword));
    const std::set<std::string> may_come_first = {"stream", "table", "model", "copy", "start"};
    if (!platform_ && !may_come_first.contains(block.keyword))
      return stop(fmt::format("{} before the first start", block.keyword));
    (this->*found->second)(block);
  }

  void complain(const std::string& message) { ADD_FAILURE_AT(file_.c_str(), block_->line) << message; }
  void stop(const std::string& message) { GTEST_FAIL_AT(file_.c_str(), block_->line) << message; }

  // ---- the project ----

  struct Column {
    std::string name;
    std::string type;
    bool is_required = false;
  };
  // "id bigint required, k varchar"; the type may have spaces and, without a space behind, commas.
  static std::vector<Column> columns(const std::string& declared) {
    std::vector<Column> all;
    for (const std::string& text : split(declared, ", ")) {
      const size_t space = text.find(' ');
      Column column{text.substr(0, space), text.substr(space + 1), text.ends_with(" required")};
      if (column.is_required) column.type.resize(column.type.size() - std::string_view(" required").size());
      all.push_back(std::move(column));
    }
    return all;
  }

  void declare_stream(const Block& block) {
    const size_t space = block.rest.find(' ');
    std::string yaml = "fields:\n";
    for (const Column& column : columns(block.rest.substr(space + 1))) {
      yaml += fmt::format("  - {{name: '{}', type: '{}', required: {}}}\n", column.name, column.type,
                          column.is_required);
    }
    test::write_text(folder_.path() / "streams" / (block.rest.substr(0, space) + ".yml"),
                     yaml + joined(block.body, "\n") + "\n");
  }

  void declare_table(const Block& block) {
    const size_t space = block.rest.find(' ');
    const std::string name = block.rest.substr(0, space);
    std::string header;
    if (space != std::string::npos) {
      std::string types;
      for (const Column& column : columns(block.rest.substr(space + 1))) {
        types += fmt::format("{}{}: '{}'", types.empty() ? "" : ", ", column.name, column.type);
        headers_[name] += (headers_[name].empty() ? "" : ",") + column.name;
      }
      tables_ += fmt::format("  {0}: {{path: data/{0}.csv, columns: {{{1}}}}}\n", name, types);
      test::write_text(folder_.path() / "sources" / "reference.yml", "kind: files\ntables:\n" + tables_);
    }
    test::write_text(folder_.path() / "data" / (name + ".csv"),
                     headers_[name] + "\n" + joined(block.body, "\n") + "\n");
  }

  void declare_model(const Block& block) {
    test::write_text(folder_.path() / "models" / (joined(split(block.rest, "."), "/") + ".sql"),
                     joined(block.body, "\n") + "\n");
  }

  // ---- the platform ----

  void open() {
    platform_.reset();
    speed::SpeedLayer::Options options;
    // Small steps and early compaction, so that a few events meet all of the machinery.
    options.tick_rows_max = 3;
    options.replay_rows_max = 5;
    options.compaction_rows = 6;
    options.tick_interval_us = 100;
    auto opened = test::open_platform(folder_.path(), options);
    if (!opened) return stop(opened.error().describe());
    platform_ = std::move(*opened);
    is_started_ = false;
  }

  void start(const Block&) {
    if (!platform_ || is_started_) open();
    if (HasFatalFailure()) return;
    if (const Status started = platform_->start(); !started) return stop(started.error().describe());
    is_started_ = true;
  }

  void copy(const Block&) {
    if (!platform_) open();
    if (HasFatalFailure()) return;
    if (const auto copied = platform_->copy({}); !copied) return stop(copied.error().describe());
    asked_.clear();
  }

  void ingest(const Block& block) {
    const Lines parts = words(block.rest);
    auto* stream = platform_ && !parts.empty() ? platform_->stream(parts[0]) : nullptr;
    if (!stream) return stop("there is no such stream; is the project started?");
    int64_t quarantined = 0;
    auto format = ingest::BodyFormat::ndjson;
    for (size_t i = 1; i < parts.size(); ++i) {
      if (parts[i] == "csv") format = ingest::BodyFormat::csv;
      if (parts[i] == "quarantined") quarantined = std::stoll(parts.at(i + 1));
    }
    const auto accepted = stream->accept_and_wait(format, joined(block.body, "\n") + "\n");
    if (!accepted) return stop(accepted.error().describe());
    if (accepted->quarantined != quarantined)
      complain(fmt::format("{} were quarantined, {} accepted", accepted->quarantined, accepted->accepted));
    asked_.clear();
  }

  void build(const Block& block) {
    if (const auto built = platform_->build(words(block.rest), "test"); !built)
      return stop(built.error().describe());
    const auto runs = platform_->catalog().builds(1);
    if (!runs || runs->empty() || !runs->front().end) return stop("the catalogue has no build");
    Lines warnings;
    for (const auto& warning : runs->front().end->warnings)
      warnings.push_back(warning.view + "\t" + warning.message);
    bool is_same = warnings.size() == block.expected.size();
    for (size_t i = 0; is_same && i < warnings.size(); ++i) {
      const Lines expected = split(block.expected[i], "\t");
      is_same = warnings[i].starts_with(expected.at(0) + "\t") &&
                warnings[i].find(expected.back()) != std::string::npos;
    }
    if (!is_same) complain(fmt::format("the build warns\n{}", joined(warnings, "\n")));
  }

  Result<serve::Answer> answer(const std::string& sql) {
    serve::ReadOptions options;
    for (const std::string& name : platform_->stream_names()) {
      options.min_offsets[name] = platform_->stream(name)->log().durable_offsets();
    }
    return platform_->queries().query(sql, options);
  }

  // ---- what is asked ----

  void query(const Block& block) {
    if (!is_started_) return stop("the project is not started");
    asked_.push_back(block);
    const auto got = answer(joined(block.body, "\n"));
    if (!got)
      return complain(fmt::format("error {} {}:{}\n{}", to_string(got.error().code),
                                  got.error().place.value_or(Place{}).line,
                                  got.error().place.value_or(Place{}).column, got.error().describe()));
    Lines rows;
    for (size_t row = 0; row < got->rows.row_count(); ++row) {
      Lines values;
      for (size_t column = 0; column < got->rows.columns().size(); ++column)
        values.push_back(shown(got->rows.text(row, column)));
      rows.push_back(joined(values, "\t"));
    }
    Lines expected = block.expected;
    if (block.rest == "sorted") {
      std::sort(rows.begin(), rows.end());
      std::sort(expected.begin(), expected.end());
    }
    if (rows != expected)
      complain(fmt::format("{}\ngives\n{}\nbut expected is\n{}", joined(block.body, "\n"), joined(rows, "\n"),
                           joined(expected, "\n")));
  }

  void error(const Block& block) {
    if (!is_started_) return stop("the project is not started");
    asked_.push_back(block);
    const auto got = answer(joined(block.body, "\n"));
    if (got) return complain(fmt::format("{}\nis no error", joined(block.body, "\n")));
    const Place place = got.error().place.value_or(Place{});
    const std::string said = fmt::format("{} {}:{}", to_string(got.error().code), place.line, place.column);
    if (said != block.rest)
      complain(fmt::format("{}\nis error {}, but expected is {}\n{}", joined(block.body, "\n"), said,
                           block.rest, got.error().describe()));
    for (const std::string& part : block.expected) {
      if (got.error().describe().find(part) == std::string::npos)
        complain(fmt::format("\"{}\" is not part of: {}", part, got.error().describe()));
    }
  }

  void again(const Block&) {
    if (asked_.empty()) return stop("nothing was asked since the last ingest, copy or changed");
    const auto asked = asked_;
    for (const Block& block : asked) {
      SCOPED_TRACE(fmt::format("again, in line {}", block_->line));
      run(block);
    }
    asked_ = asked;
  }

  void changed(const Block&) { asked_.clear(); }

  void view_class(const Block& block) {
    const Lines parts = words(block.rest);
    const auto epoch = platform_->speed().epochs().newest();
    const views::Plan* plan = epoch->world->plan(parts.at(0));
    if (!plan) return complain(fmt::format("there is no view {}", parts[0]));
    if (views::to_string(plan->view_class) != parts.at(1))
      complain(fmt::format("{} is {}", parts[0], views::to_string(plan->view_class)));
    if (epoch->unmaintained.contains(parts[0]))
      complain(fmt::format("{} is left out: {}", parts[0], epoch->unmaintained.at(parts[0])));
    for (const std::string& part : block.expected) {
      std::string reasons;
      for (const auto& reason : plan->reasons) reasons += reason.clause + ": " + reason.reason + "\n";
      if (reasons.find(part) == std::string::npos)
        complain(fmt::format("\"{}\" is not part of: {}", part, reasons));
    }
  }

  void recorded(const Block& block) {
    (void)answer("SELECT 1");  // waits until all events are there
    const auto errors = platform_->reads().errors(security::local_caller(), block.rest, 100);
    if (!errors) return complain(errors.error().describe());
    Lines lines;
    for (const auto& error : errors->errors)
      lines.push_back(fmt::format("{}\t{}", error.offset, error.message));
    bool is_same =
        lines.size() == block.expected.size() && errors->total == static_cast<int64_t>(lines.size());
    for (size_t i = 0; is_same && i < lines.size(); ++i) {
      const Lines expected = split(block.expected[i], "\t");
      is_same =
          lines[i].starts_with(expected.at(0) + "\t") && lines[i].find(expected.back()) != std::string::npos;
    }
    if (!is_same) complain(fmt::format("recorded are\n{}", joined(lines, "\n")));
  }

  void verify(const Block&) {
    (void)answer("SELECT 1");
    quality::Verifier::Request all;
    for (const auto& plan : platform_->speed().epochs().newest()->world->plans) {
      if (!plan.is_hidden) all.views.push_back(plan.view);
    }
    if (all.views.empty()) return;
    const auto verdicts = platform_->verifier().verify(all);
    if (!verdicts) return complain(verdicts.error().describe());
    for (const auto& verdict : *verdicts) {
      if (verdict.outcome == quality::Verdict::Outcome::equal) continue;
      complain(fmt::format("{} is {}: {}", verdict.view, quality::to_string(verdict.outcome),
                           test::describe_differences(verdict)));
    }
  }

  test::TemporaryFolder folder_;
  std::string file_;
  const Block* block_ = nullptr;
  std::map<std::string, std::string> headers_;
  std::string tables_;
  std::unique_ptr<app::Platform> platform_;
  bool is_started_ = false;
  std::vector<Block> asked_;  // since the last change of data
};

TEST_P(SqlText, GivesWhatItSays) { run(io::Path(ANABRANCH_SOURCE "/tests/sql") / (GetParam() + ".test")); }

std::vector<std::string> all_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(ANABRANCH_SOURCE "/tests/sql")) {
    if (entry.path().extension() == ".test") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, SqlText, ::testing::ValuesIn(all_files()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace anabranch
