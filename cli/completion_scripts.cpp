// What makes each shell ask `parked __complete`.

#include "complete.h"

namespace parked::cli {

namespace {

constexpr std::string_view kBash = R"sh(# bash completion of parked: parked completion bash
_parked() {
  local glued=() token last= value prefix cur
  # bash breaks words at = and :, parked does not.
  for token in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#glued[@]} -gt 0 && ( $token == [=:] || $last == [=:] ) ]]; then
      glued[-1]+=$token
    else
      glued+=("$token")
    fi
    last=$token
  done
  cur=${COMP_WORDS[COMP_CWORD]}
  [[ $cur == [=:] ]] && cur=
  prefix=${glued[-1]%"$cur"}
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$cur")
    else
      COMPREPLY+=("${value#"$prefix"}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${glued[@]}" 2>/dev/null)
}
complete -F _parked parked
)sh";

constexpr std::string_view kZsh = R"sh(#compdef parked
# zsh completion of parked: parked completion zsh > "${fpath[1]}/_parked"
_parked() {
  local -a described
  local line files=
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    fi
  done < <("$words[1]" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#described )) && _describe -V 'parked' described
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _parked ]]; then
  _parked "$@"
else
  compdef _parked parked
fi
)sh";

constexpr std::string_view kFish =
    R"sh(# fish completion of parked: parked completion fish > ~/.config/fish/completions/parked.fish
function __parked_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    for line in ($before[1] __complete $before[2..-1] "$current" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c parked -f -a '(__parked_complete)'
)sh";

}  // namespace

std::string_view completionScript(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

}  // namespace parked::cli
