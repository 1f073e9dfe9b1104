"""All options and subcommands, as one table: the command line, the environment and config.toml read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["choice", "flag", "text", "count", "port", "timeouts"]


@dataclass(eq=False)
class Option:
    """An option. name: as in config.toml, `fail_on` for `--fail-on`.

    configured: also read from EXPLAIN_LOG_FAIL_ON and from config.toml.
    """

    name: str
    kind: Kind
    default: str | int | bool | None = None
    choices: tuple[str, ...] = ()
    placeholder: str = ""
    configured: bool = True

    @property
    def flag(self) -> str:
        """As it is written on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As it is written in the environment."""
        return "EXPLAIN_LOG_" + self.name.upper()


@dataclass(eq=False)
class Command:
    """A subcommand ("" explains). word: what stands after it, least and most: how many of them."""

    name: str
    options: tuple[Option, ...]
    word: str = ""
    least: int = 0
    most: int | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """What the first word may be, where there is a choice of few: `list|show|purge`."""
        return tuple(self.word.split("|")) if "|" in self.word else ()


LANG = Option("lang", "choice", "auto", ("auto", "zh", "en"))
COLOR = Option("color", "choice", "auto", ("auto", "always", "never"))
FORMAT = Option("format", "choice", "text", ("text", "json", "markdown", "html", "sarif", "svg", "png"))
SHORT_FORMAT = Option("format", "choice", "text", ("text", "json"), configured=False)
TERM_FORMAT = Option("format", "choice", "text", ("text", "json", "markdown"), configured=False)

MODEL = (
    Option("model", "text", placeholder="NAME"),
    Option("no_llm", "flag", default=False),
    Option("ollama_host", "text", placeholder="URL"),
    Option("allow_remote", "flag", default=False),
    Option("keep_alive", "text", placeholder="TIME"),
    Option("timeout", "timeouts", placeholder="first=SECONDS,…"),
)
PART = (
    Option("since", "text", placeholder="TIME", configured=False),
    Option("until", "text", placeholder="TIME", configured=False),
    Option("load", "count", placeholder="N", configured=False),
)

DATABASE = Option("database", "text", placeholder="URL")
SERVICE = (
    Option("host", "text", "127.0.0.1", placeholder="ADDRESS"),
    Option("port", "port", 8377, placeholder="N"),
    DATABASE,
    Option("no_store", "flag", default=False),
    Option("keep_days", "count", 30, placeholder="N"),
    Option("keep_mib", "count", 2048, placeholder="N"),
    Option("hosts", "text", placeholder="NAME,…"),
    Option("insecure", "flag", default=False),
    Option("rate", "text", placeholder="N/minute"),
    Option("body_mib", "count", 64, placeholder="N"),
    Option("workers", "count", placeholder="N"),
    Option("model_slots", "count", 1, placeholder="N"),
)

EXPLAIN = Command(
    "",
    (
        LANG,
        FORMAT,
        *MODEL,
        Option("parallel", "count", placeholder="N"),
        Option("no_cache", "flag", default=False),
        Option("dry_run", "flag", default=False, configured=False),
        Option("question", "text", placeholder="TEXT", configured=False),
        *PART,
        Option("fail_on", "choice", "never", ("error", "warning", "never")),
        COLOR,
    ),
    word="FILE",
)
COMMANDS = {
    command.name: command
    for command in (
        EXPLAIN,
        Command("chat", (LANG, *MODEL, *PART, COLOR), "FILE", 1),
        Command("cache", (LANG, SHORT_FORMAT), "list|show|purge", 1, 2),
        Command(
            "verify",
            (LANG, TERM_FORMAT, Option("log", "text", placeholder="FILE", configured=False), COLOR),
            "ANSWER",
            1,
            1,
        ),
        Command("term", (LANG, TERM_FORMAT, COLOR), "NAME", 0, 1),
        Command("line", (LANG, SHORT_FORMAT, COLOR), "TEXT", 1, 1),
        Command("statements", (LANG, SHORT_FORMAT), "SEARCH"),
        Command("serve", (LANG, *SERVICE, *MODEL, Option("no_cache", "flag", default=False)), "", 0, 0),
        Command("keys", (LANG, SHORT_FORMAT, DATABASE), "create|list|revoke", 1, 2),
        Command("bot", (LANG,), "NAME", 1, 1),
        Command("completion", (LANG,), "SHELL", 1, 1),
    )
}


def configured_options() -> dict[str, Option]:
    """The options that config.toml may set, by their names in it."""
    return {option.name: option for command in COMMANDS.values() for option in command.options if option.configured}
