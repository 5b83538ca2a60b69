/** Shells that sbx completes for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell reads to complete `sbx`: it asks the hidden command `sbx __complete` for names, a line each, `name TAB about`. */
export const SHELL_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# sbx completion for bash. Load it with: source <(sbx completion bash)
_sbx() {
  local cur words cword line value
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n =: cur words cword
  else
    cur="\${COMP_WORDS[COMP_CWORD]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ":files" ]; then
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$cur")
      compopt -o filenames 2>/dev/null
      continue
    fi
    value="\${line%%$'\\t'*}"
    COMPREPLY+=("$value")
    case "$value" in *:) compopt -o nospace 2>/dev/null ;; esac
  done < <(sbx __complete -- "\${words[@]:1:cword}" 2>/dev/null)
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _sbx sbx
`,
  zsh: `#compdef sbx
# sbx completion for zsh. Load it with: source <(sbx completion zsh)
_sbx() {
  local line value about
  local -a names
  local files=0
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then files=1; continue; fi
    value="\${line%%$'\\t'*}"
    about="\${line#*$'\\t'}"
    names+=("\${value//:/\\\\:}:$about")
  done < <(sbx __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#names} )) && _describe 'sbx' names
  (( files )) && _files
  return 0
}
if [ "$funcstack[1]" = "_sbx" ]; then _sbx; else compdef _sbx sbx; fi
`,
  fish: `# sbx completion for fish. Load it with: sbx completion fish | source
function __sbx_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in (sbx __complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c sbx -f -a '(__sbx_complete)'
`,
};
