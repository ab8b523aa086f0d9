#include <fmt/format.h>

#include "app/commands/commands.h"

namespace anabranch::app {

int run_completion(const std::string& shell) {
  constexpr const char* commands =
      "init check apply diff drop copy ingest up build query explain verify status tasks cancel secret demo "
      "completion";
  if (shell == "bash") {
    fmt::print(R"sh(_anabranch() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{}" -- "$current"))
    return
  fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$(anabranch "$command" --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u)" -- "$current")); return ;;
  esac
  case "$command" in
    build | verify | explain)
      COMPREPLY=($(compgen -W "$(cd models 2>/dev/null && find silver gold -name '*.sql' 2>/dev/null | sed 's/\.sql$//; s#/#.#')" -- "$current")) ;;
    ingest)
      if [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "$(ls streams 2>/dev/null | sed 's/\.yml$//')" -- "$current"))
      else
        COMPREPLY=($(compgen -f -- "$current"))
      fi ;;
    copy) COMPREPLY=($(compgen -W "$(ls sources 2>/dev/null | sed 's/\.yml$//')" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}}
complete -F _anabranch anabranch
)sh",
               commands);
    return 0;
  }
  fmt::print(R"sh(#compdef anabranch
_anabranch() {{
  local -a commands
  commands=({})
  if (( CURRENT == 2 )); then
    compadd -- $commands
    return
  fi
  if [[ $words[CURRENT] == -* ]]; then
    compadd -- ${{(f)"$(anabranch $words[2] --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u)"}}
    return
  fi
  case $words[2] in
    build|verify|explain) compadd -- ${{(f)"$(cd models 2>/dev/null && find silver gold -name '*.sql' 2>/dev/null | sed 's/\.sql$//; s#/#.#')"}} ;;
    copy) compadd -- sources/*.yml(N:t:r) ;;
    ingest) if (( CURRENT == 3 )); then compadd -- streams/*.yml(N:t:r); else _files; fi ;;
    *) _files ;;
  esac
}}
compdef _anabranch anabranch
)sh",
             commands);
  return 0;
}

}  // namespace anabranch::app
