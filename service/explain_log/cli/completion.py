"""Completion scripts for bash, zsh and fish, written from the table of options.

Written here and not by shtab: a first word may be a subcommand or a log file, which it cannot express.
"""

from __future__ import annotations

from explain_log.cli import ANSWERED, streams
from explain_log.cli.options import COMMANDS, EXPLAIN, Command, Option
from explain_log.errors import InputError
from explain_log.render.words import Words

SHELLS = ("bash", "zsh", "fish")
_TERMS = "COLUMNS=1000 explain-log term --color never 2>/dev/null | cut -d' ' -f1"


def completion(shell: str, language: str) -> int:
    """Prints the completion script of a shell. Raises InputError for an unknown one."""
    words = Words(language)
    if shell not in SHELLS:
        allowed = ", ".join(SHELLS)
        raise InputError(words("error.bad_value", name="SHELL", value=repr(shell), allowed=allowed))
    script = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}[shell]
    streams.write(script(words))
    return ANSWERED


def _subcommands() -> list[Command]:
    return [command for command in COMMANDS.values() if command is not EXPLAIN]


def _names() -> list[str]:
    return [command.name for command in _subcommands()]


def bash_script(_: Words) -> str:
    """The script for bash, which shows no descriptions."""
    values, options = [], []
    for command in COMMANDS.values():
        flags = [option.flag for option in command.options] + ["--help"]
        options.append(f'    "{command.name}") options="{" ".join(flags)}" ;;')
        values += [
            f'    "{command.name} {option.flag}") words="{" ".join(option.choices)}" ;;'
            for option in command.options
            if option.kind != "flag"
        ]
    return _BASH.format(
        names="|".join(_names()),
        values="\n".join(values),
        options="\n".join(options),
        commands=" ".join(_names()),
        shells=" ".join(SHELLS),
        terms=_TERMS,
    )


_BASH = """\
# bash completion of explain-log
_explain_log() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local command="" place=0 word words options
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
      {names}) command=$word; break ;;
      -*) ;;
      *) place=1 ;;
    esac
  done
  COMPREPLY=()
  case "$command $before" in
{values}
  esac
  case "$command" in
{options}
  esac
  if [[ -n ${{words+x}} ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ $command == completion ]]; then
    COMPREPLY=($(compgen -W "{shells}" -- "$current"))
  elif [[ $command == term ]]; then
    COMPREPLY=($(compgen -W "$({terms})" -- "$current"))
  elif [[ -z $command ]]; then
    compopt -o filenames 2>/dev/null
    [[ $place == 0 ]] && COMPREPLY=($(compgen -W "{commands}" -- "$current"))
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
  fi
}}
complete -F _explain_log explain-log
"""


def zsh_script(words: Words) -> str:
    """The script for zsh."""
    cases = []
    for command in COMMANDS.values():
        specs = [_zsh_option(option, words) for option in command.options] + ["'--help'"]
        cases.append(f"    ('{command.name}') _arguments {' '.join([*specs, *_zsh_words(command)])} ;;")
    described = " ".join(f"'{command.name}:{words(f'command.{command.name}')}'" for command in _subcommands())
    return _ZSH.format(names="|".join(_names()), described=described, cases="\n".join(cases), terms=_TERMS)


def _zsh_option(option: Option, words: Words) -> str:
    text = words(f"option.{option.name}")
    if option.kind == "flag":
        return f"'{option.flag}[{text}]'"
    values = f"({' '.join(option.choices)})" if option.choices else ""
    return f"'{option.flag}[{text}]:{option.placeholder or option.name}:{values}'"


def _zsh_words(command: Command) -> list[str]:
    """What may stand after the command, which is itself the first word."""
    special = {"": ["'1: :_explain_log_first'", "'*:FILE:_files'"]}
    own = {"term": ["'2:NAME:_explain_log_terms'"], "completion": [f"'2:SHELL:({' '.join(SHELLS)})'"]}
    return special.get(command.name) or ["'1: :'", *own.get(command.name, [])]


_ZSH = """\
#compdef explain-log
_explain_log_first() {{
  local -a commands=({described})
  _describe command commands
  _files
}}
_explain_log_terms() {{
  local -a terms=(${{(f)"$({terms})"}})
  compadd -a terms
}}
_explain_log() {{
  local command= word
  for word in ${{words[2,CURRENT-1]}}; do
    case $word in ({names}) command=$word; break ;; esac
  done
  case $command in
{cases}
  esac
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _explain_log "$@"; else compdef _explain_log explain-log; fi
"""


def fish_script(words: Words) -> str:
    """The script for fish."""
    seen = f"__fish_seen_subcommand_from {' '.join(_names())}"
    lines = ["# fish completion of explain-log", f"complete -c explain-log -n 'not {seen}' -F"]
    for command in _subcommands():
        text = words(f"command.{command.name}")
        lines.append(f"complete -c explain-log -n __fish_use_subcommand -a {command.name} -d '{text}'")
        lines.append(f"complete -c explain-log -n '__fish_seen_subcommand_from {command.name}' -f")
    for command in COMMANDS.values():
        when = f"__fish_seen_subcommand_from {command.name}" if command.name else f"not {seen}"
        lines += [_fish_option(option, when, words) for option in command.options]
    lines.append(f"complete -c explain-log -n '__fish_seen_subcommand_from completion' -a '{' '.join(SHELLS)}'")
    lines.append(f'complete -c explain-log -n "__fish_seen_subcommand_from term" -a "({_TERMS})"')
    return "\n".join(lines) + "\n"


def _fish_option(option: Option, when: str, words: Words) -> str:
    takes = "" if option.kind == "flag" else f" -x -a '{' '.join(option.choices)}'" if option.choices else " -x"
    text = words(f"option.{option.name}")
    return f"complete -c explain-log -n '{when}' -l {option.flag[2:]}{takes} -d '{text}'"
