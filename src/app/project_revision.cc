#include "app/project_revision.h"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "io/process.h"

namespace anabranch::app {
namespace {

Result<io::Path> find_git() {
  const char* folders = std::getenv("PATH");
  std::string_view left = folders ? folders : "/usr/local/bin:/usr/bin:/bin";
  while (!left.empty()) {
    const size_t colon = left.find(':');
    const std::string_view folder = left.substr(0, colon);
    left.remove_prefix(colon == std::string_view::npos ? left.size() : colon + 1);
    const io::Path program = io::Path(folder) / "git";
    if (!folder.empty() && io::local_file_system().exists(program).value_or(false)) return program;
  }
  return fail(Code::bad_input, "the program git is not there", "install it: --from reads the files from it");
}

// Its standard output, to the byte but for the last line, which has an end in any case.
Result<std::string> ask_git(const io::Path& git, const io::Path& root, std::vector<std::string> arguments,
                            std::string input = {}) {
  arguments.insert(arguments.begin(), {"-C", root.string()});
  const auto process = TRY(io::start_process(git, arguments, std::move(input)));
  std::string printed;
  const auto exit = TRY(process->run([&](std::string_view line) { (printed += line) += '\n'; }));
  if (exit.is_success()) return printed;
  std::string why = exit.errors;
  while (why.ends_with('\n')) why.pop_back();
  return fail(Code::bad_input, fmt::format("git {} failed: {}", arguments[2], why));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> project_files_of_tree(std::string_view printed) {
  std::vector<std::pair<std::string, std::string>> files;
  // "100644 blob 9daeafb9864cf43055ae93beb0afd6c7d144bfa4\tmodels/gold/daily.sql\0"
  while (!printed.empty()) {
    const size_t end = printed.find('\0');
    if (end == std::string_view::npos) break;
    const std::string_view entry = printed.substr(0, end);
    printed.remove_prefix(end + 1);
    const size_t tab = entry.find('\t');
    const size_t object = entry.rfind(' ', tab);
    if (tab == std::string_view::npos || object == std::string_view::npos) continue;
    const bool is_file = entry.starts_with("100");  // neither a link nor a repository of its own
    const std::string_view path = entry.substr(tab + 1);
    if (is_file && is_project_text(path))
      files.emplace_back(path, entry.substr(object + 1, tab - object - 1));
  }
  return files;
}

Result<std::vector<std::string>> texts_of_batch(std::string_view printed, size_t count) {
  std::vector<std::string> texts;
  // "<object> blob <size>\n<bytes>\n"
  for (size_t i = 0; i < count; ++i) {
    const size_t line_end = printed.find('\n');
    const std::string_view line = printed.substr(0, line_end);
    const size_t space = line.rfind(' ');
    size_t size = 0;
    const bool is_whole =
        line_end != std::string_view::npos && space != std::string_view::npos &&
        std::from_chars(line.data() + space + 1, line.data() + line.size(), size).ec == std::errc() &&
        printed.size() > line_end + 1 + size;
    if (!is_whole) return fail(Code::internal, fmt::format("git printed something else: {}", line));
    texts.emplace_back(printed.substr(line_end + 1, size));
    printed.remove_prefix(line_end + 1 + size + 1);
  }
  return texts;
}

Result<ProjectTexts> read_project_at(const io::Path& root, const std::string& revision) {
  const io::Path git = TRY(find_git());
  const auto commit =
      ask_git(git, root, {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  if (!commit) {
    // Where there is a repository it is the revision that is not there; --quiet leaves out why.
    TRY(ask_git(git, root, {"rev-parse", "--git-dir"}));
    return fail(Code::bad_input, fmt::format("there is no revision {} in the repository", revision),
                "git log --all lists them; a checkout of its newest revision alone has no other");
  }
  const std::string id = commit->substr(0, commit->find('\n'));
  const auto files = project_files_of_tree(TRY(ask_git(git, root, {"ls-tree", "-r", "-z", id})));
  std::string objects;
  for (const auto& [path, object] : files) (objects += object) += '\n';
  auto texts = TRY(texts_of_batch(
      files.empty() ? std::string() : TRY(ask_git(git, root, {"cat-file", "--batch"}, std::move(objects))),
      files.size()));
  ProjectTexts project;
  for (size_t i = 0; i < files.size(); ++i) project[files[i].first] = std::move(texts[i]);
  if (!project.contains("anabranch.yml"))
    return fail(Code::bad_input, fmt::format("there is no anabranch.yml at {}", revision),
                "the project's folder is new, or was another one then");
  return project;
}

}  // namespace anabranch::app
