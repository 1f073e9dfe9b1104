"""Completion scripts, written by shtab from argparse's parsers.

A first word may be a subcommand or a log file, which shtab cannot express. The hooks for that are its own: a
function of ours that completes FILE (bash), and a preamble or a line after it (zsh, fish).
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from explain_log.cli import ANSWERED, streams
from explain_log.cli.arguments import add_options
from explain_log.cli.options import COMMANDS, EXPLAIN
from explain_log.errors import InputError
from explain_log.render.words import Words

SHELLS = ("bash", "zsh", "fish")

_TERMS = "COLUMNS=1000 explain-log term --color never 2>/dev/null | cut -d' ' -f1"
_NAMES = [name for name in COMMANDS if name]

_BASH = f"""\
_explain_log_files() {{
  [[ $COMP_CWORD == 1 ]] && compgen -W "{" ".join(_NAMES)}" -- "$1"
  compgen -f -- "$1"
}}
_explain_log_terms() {{
  compgen -W "$({_TERMS})" -- "$1"
}}
"""

# Behind a subcommand shtab's function goes on; before it, or with a file, the first word may be either.
_ZSH = f"""\
_explain_log_options=("${{_shtab_explain_log_options[@]}}")
functions[_explain_log_subcommand]=$functions[_shtab_explain_log]
_shtab_explain_log() {{
  local word
  for word in ${{words[2,CURRENT-1]}}; do
    case $word in ({"|".join(_NAMES)}) _explain_log_subcommand "$@"; return ;; esac
  done
  _arguments -s $_explain_log_options '1: :_explain_log_first' '*:FILE:_files'
}}
_explain_log_first() {{
  _shtab_explain_log_commands
  _files
}}
_explain_log_terms() {{
  local -a terms=(${{(f)"$({_TERMS})"}})
  compadd -a terms
}}
"""

_BEFORE = {"bash": _BASH, "zsh": _ZSH}
_AFTER = {"fish": "complete -c explain-log -n _shtab_explain_log_using -F\n"}

_FILES = {"bash": "_explain_log_files"}
_CHAT_FILES = {"bash": "_shtab_compgen_files", "zsh": "_files", "fish": "(__fish_complete_path)"}
_GLOSSARY = {"bash": "_explain_log_terms", "zsh": "_explain_log_terms", "fish": f"({_TERMS})"}


def completion(shell: str, language: str) -> int:
    """Prints the completion script of a shell. Raises InputError for an unknown one."""
    if shell not in SHELLS:
        raise InputError("error.bad_value", name="SHELL", value=repr(shell), allowed=", ".join(SHELLS))
    import shtab

    parser = _parser(Words(language), files=shell == "bash")
    script = shtab.complete(parser, shell, preamble=_BEFORE.get(shell, ""))
    streams.write(f"{script}\n{_AFTER.get(shell, '')}")
    return ANSWERED


def _parser(words: Words, *, files: bool) -> ArgumentParser:
    """All commands as one parser. files: whether the files stand before the subcommands, as bash needs it."""
    parser = ArgumentParser(streams.NAME, add_help=False)
    add_options(parser, EXPLAIN, words)
    if files:
        _complete(parser.add_argument("files", nargs="*"), _FILES)
    subcommands = parser.add_subparsers()
    for name in _NAMES:
        subcommand = subcommands.add_parser(name, help=words(f"command.{name}"), add_help=False)
        add_options(subcommand, COMMANDS[name], words)
        if name == "term":
            _complete(subcommand.add_argument("name", metavar="NAME"), _GLOSSARY)
        elif name == "chat":
            _complete(subcommand.add_argument("files", nargs="*", metavar="FILE"), _CHAT_FILES)
        elif COMMANDS[name].actions:
            subcommand.add_argument("action", metavar="ACTION", choices=COMMANDS[name].actions)
        elif name == "completion":
            subcommand.add_argument("shell", metavar="SHELL", choices=SHELLS)
    return parser


def _complete(action: Any, by: dict[str, str]) -> None:
    """Says by which function of which shell a word is completed; shtab looks for this attribute."""
    action.complete = by
