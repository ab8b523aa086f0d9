// The command line.

#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "app/child.h"
#include "app/commands/commands.h"
#include "io/file_system.h"

namespace {

using namespace anabranch::app;

int run(int argc, char** argv) {
  CLI::App app{"Anabranch: history and the last second in one right answer", "anabranch"};
  app.set_version_flag("--version", ANABRANCH_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  CommonOptions common;
  const auto command = [&](const char* name, const char* description, bool prints_results) {
    CLI::App* sub = app.add_subcommand(name, description);
    sub->add_option("--project", common.project,
                    "The project's folder (default: the current one or the nearest above it)");
    sub->add_option("--target", common.target, "One of the project's targets (default: default_target)")
        ->envname("ANABRANCH_TARGET");
    if (prints_results) sub->add_flag("--json", common.is_json, "Print JSON, for programs");
    return sub;
  };

  InitOptions init;
  CLI::App* init_command = app.add_subcommand("init", "Make a new project");
  init_command->add_option("dir", init.folder, "Folder to make")->required();
  init_command->add_option("--example", init.example, "Begin with an example: flights");

  CLI::App* check_command = command("check", "Read all files of the project and report every mistake", true);

  std::vector<std::string> sources;
  CLI::App* copy_command = command("copy", "Copy the tables of sources", true);
  copy_command->add_option("source", sources, "Sources (default: all)");

  IngestOptions ingest;
  CLI::App* ingest_command = command("ingest", "Take events in from a file", true);
  ingest_command->add_option("stream", ingest.stream, "Stream")->required();
  ingest_command->add_option("file", ingest.file, "File, or - for standard input")->required();
  ingest_command
      ->add_option("--format", ingest.format,
                   "ndjson, json, csv, tsv or parquet (default: by the file's name)")
      ->check(CLI::IsMember({"ndjson", "json", "csv", "tsv", "parquet"}));

  ingest_command->add_flag("--again", ingest.is_again, "Also what an earlier run of the same file took in");

  UpOptions up;
  CLI::App* up_command = command("up", "Start the server", false);
  up_command->add_option("--host", up.host, "Address to listen on (default 127.0.0.1)");
  up_command->add_option("--port", up.port, "Port (default 8080)")->check(CLI::Range(0, 65535));
  up_command->add_flag("--insecure", up.is_insecure, "Let others reach it although there is no login");

  up_command
      ->add_flag("--engine-process,!--no-engine-process", up.has_engine_process,
                 "Run the engine in a process of its own, which may end without harm")
      ->envname("ANABRANCH_ENGINE_PROCESS");
  up_command->add_flag("--watch", up.watches, "Apply the project's files when they change");

  ApplyOptions apply;
  CLI::App* apply_command = command("apply", "Take over the project's files as they are now", true);
  apply_command->add_flag("--dry-run", apply.is_dry_run, "Only show what would change");
  apply_command->add_flag("--undo", apply.is_undo, "Go back to what was taken over before the last time");

  DiffOptions diff;
  CLI::App* diff_command =
      command("diff", "Show what the project's files change, down to the rows of views", true);
  diff_command->add_option("--from", diff.from,
                           "Compare with the files at this revision of git (default: with what runs)");
  diff_command->add_flag("--markdown", diff.is_markdown, "Print Markdown, for a comment on a pull request");
  diff_command->add_flag("--exit-code", diff.has_exit_code,
                         "Exit with 1 when something differs, with 2 after an error");
  diff_command->add_option("--sample", diff.sample, "Rows to show of each view and side (default 5)")
      ->check(CLI::Range(0, 100));

  DropOptions drop;
  CLI::App* drop_command =
      command("drop", "Remove for ever what is stored of names that the project no longer has", true);
  drop_command->add_option("name", drop.names,
                           "Streams, tables and views (none: list what could be dropped)");
  drop_command->add_flag("--dry-run", drop.is_dry_run, "Only show what would be removed");
  drop_command->add_flag("--yes", drop.is_sure, "Do not ask");

  std::vector<std::string> build_views;
  CLI::App* build_command = command("build", "Recompute views from all events", true);
  build_command->add_option("view", build_views, "Views (default: all)");

  QueryOptions query;
  CLI::App* query_command = command("query", "Run one SELECT", true);
  query_command->add_option("sql", query.sql, "The SELECT")->required();
  query_command->add_option("--format", query.format, "table, csv, json, arrow or parquet")
      ->check(CLI::IsMember({"table", "csv", "json", "arrow", "parquet"}));
  query_command->add_option("-o,--output", query.output, "File to write to (default: standard output)");

  std::string explained;
  CLI::App* explain_command = command("explain", "Show how a view is kept up to date, and why not", true);
  explain_command->add_option("view", explained, "View")->required();

  std::vector<std::string> verify_views;
  CLI::App* verify_command = command("verify", "Compare views with a recompute over all events", true);
  verify_command->add_option("view", verify_views, "Views (default: all)");
  bool is_verify_sample = false;
  verify_command->add_flag("--sample", is_verify_sample, "Compare one in 64 of the keys of each view");

  CLI::App* status_command = command("status", "Show streams, tables, views and builds", true);

  CLI::App* tasks_command = command("tasks", "List builds, copies, imports and verifies that run", true);
  std::string cancelled;
  CLI::App* cancel_command = command("cancel", "End one of them", true);
  cancel_command->add_option("task", cancelled, "Its id")->required();

  DemoOptions demo;
  CLI::App* demo_command = app.add_subcommand("demo", "Eleven months of flights as history, December live");
  demo_command->add_option("--dir", demo.folder, "Folder for the demo's project");
  demo_command->add_option("--rate", demo.rate, "Events a second, or max");
  demo_command->add_option("--port", demo.port, "Port")->check(CLI::Range(0, 65535));
  demo_command->add_flag("--once", demo.is_once, "Stop at the end; exit code 0 only if every view verified");
  demo_command->add_flag("--json", common.is_json, "Print the summary as JSON");

  SecretOptions secret;
  CLI::App* secret_command = app.add_subcommand("secret", "Values that a project names and nobody sees");
  secret_command->require_subcommand(1);
  const auto about_secrets = [&](const char* name, const char* description, bool has_name) {
    CLI::App* sub = secret_command->add_subcommand(name, description);
    sub->add_option("--project", common.project,
                    "The project's folder (default: the current one or the nearest above it)");
    sub->add_option("--target", common.target, "One of the project's targets (default: default_target)")
        ->envname("ANABRANCH_TARGET");
    sub->add_flag("--json", common.is_json, "Print JSON, for programs");
    if (has_name) sub->add_option("name", secret.name, "Its name, as in ${secret:NAME}")->required();
    return sub;
  };
  CLI::App* secret_set_command = about_secrets("set", "Give a secret its value, from standard input", true);
  CLI::App* secret_list_command = about_secrets("list", "List the names of secrets", false);
  CLI::App* secret_remove_command = about_secrets("remove", "Remove a secret", true);

  std::string shell;
  CLI::App* completion_command = app.add_subcommand("completion", "Print shell completion");
  completion_command->add_option("shell", shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (*init_command) return run_init(init);
  if (*check_command) return run_check(common);
  if (*copy_command) return run_copy(common, sources);
  if (*ingest_command) return run_ingest(common, ingest);
  if (*up_command) return run_up(common, up);
  if (*apply_command) return run_apply(common, apply);
  if (*diff_command) return run_diff(common, diff);
  if (*drop_command) return run_drop(common, drop);
  if (*build_command) return run_build(common, build_views);
  if (*query_command) return run_query(common, query);
  if (*explain_command) return run_explain(common, explained);
  if (*verify_command) return run_verify(common, verify_views, is_verify_sample);
  if (*status_command) return run_status(common);
  if (*tasks_command) return run_tasks(common);
  if (*cancel_command) return run_cancel(common, cancelled);
  if (*secret_set_command) return run_secret_set(common, secret);
  if (*secret_list_command) return run_secret_list(common);
  if (*secret_remove_command) return run_secret_remove(common, secret);
  if (*demo_command) return run_demo(common, demo);
  return run_completion(shell);
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("anabranch"));  // standard output belongs to results
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  if (argc == 3 && std::string(argv[1]) == "child") return child_main(argv[2]);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {} (this is a mistake in anabranch itself)\n", error.what());
    return 1;
  }
}
