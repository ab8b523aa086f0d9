#pragma once
// One function a command. Each prints its own output and errors and returns the exit code: 0 done, 1 failed
// (a verify mismatch too, or nothing but quarantined events), 2 wrong usage or a broken project.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::app {

struct CommonOptions {
  std::string project;  // folder; empty: the current one or the nearest above it
  std::string target;   // of the project; empty: its default one
  bool is_json = false;
};

struct InitOptions {
  std::string folder;
  std::string example;
};
int run_init(const InitOptions& options);
/// The files of an example that is part of the program.
Status write_example_project(const std::string& example, const io::Path& folder);

int run_check(const CommonOptions& common);
int run_copy(const CommonOptions& common, const std::vector<std::string>& sources);

struct IngestOptions {
  std::string stream;
  std::string file;       // "-": standard input
  std::string format;     // empty: by the file's name
  bool is_again = false;  // also what an earlier run took in
};
int run_ingest(const CommonOptions& common, const IngestOptions& options);

struct UpOptions {
  std::string host;  // empty: as the project says
  int port = -1;     // -1: as the project says
  bool is_insecure = false;
  bool watches = false;             // takes files over when they are saved
  bool has_engine_process = false;  // the engine runs in a process of its own
};
int run_up(const CommonOptions& common, const UpOptions& options);

struct ApplyOptions {
  bool is_dry_run = false;
  bool is_undo = false;
};
int run_apply(const CommonOptions& common, const ApplyOptions& options);

struct DiffOptions {
  std::string from;  // a revision of git; empty: what runs
  bool is_markdown = false;
  bool has_exit_code = false;  // 1 when something differs, 2 for any error
  int sample = 5;
};
int run_diff(const CommonOptions& common, const DiffOptions& options);

struct DropOptions {
  std::vector<std::string> names;  // none: what could be dropped is listed
  bool is_dry_run = false;
  bool is_sure = false;  // nobody is asked
};
int run_drop(const CommonOptions& common, const DropOptions& options);

int run_build(const CommonOptions& common, const std::vector<std::string>& views);

struct QueryOptions {
  std::string sql;
  std::string format = "table";
  std::string output;
};
int run_query(const CommonOptions& common, const QueryOptions& options);

int run_explain(const CommonOptions& common, const std::string& view);
int run_verify(const CommonOptions& common, const std::vector<std::string>& views, bool is_sample);
int run_status(const CommonOptions& common);

struct DemoOptions {
  std::string folder = "anabranch-demo";
  std::string rate = "3000";  // events a second, or "max"
  int port = 8080;
  bool is_once = false;
};
int run_demo(const CommonOptions& common, const DemoOptions& options);

/// Builds, copies, imports and verifies that run on the project's server.
int run_tasks(const CommonOptions& common);
int run_cancel(const CommonOptions& common, const std::string& task);

struct SecretOptions {
  std::string name;
};
/// The value comes from standard input, or is asked for on a terminal: never from the command line, which
/// others can see.
int run_secret_set(const CommonOptions& common, const SecretOptions& options);
int run_secret_list(const CommonOptions& common);
int run_secret_remove(const CommonOptions& common, const SecretOptions& options);

int run_completion(const std::string& shell);

// Shared by the commands.

/// The project's folder; prints the error when there is none.
Result<io::Path> project_root(const CommonOptions& common);
/// Prints an error (as JSON when asked) and gives the exit code for it.
int fail_command(const CommonOptions& common, const Error& error);
/// Percent-encoding for a part of a path.
std::string url_part(const std::string& text);

/// Waits for SIGINT or SIGTERM; a SIGHUP meanwhile is told, on this thread. block_signals() first, before any
/// thread is started.
void block_signals();
int wait_for_signal(const std::function<void()>& on_hangup);

}  // namespace anabranch::app
