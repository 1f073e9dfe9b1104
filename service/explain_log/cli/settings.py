"""Settles each option: the command line first, then the environment, then config.toml, then its default."""

from __future__ import annotations

import os
from typing import Any

from explain_log.cli.arguments import Arguments
from explain_log.cli.language import language_of
from explain_log.cli.options import Option, configured_options
from explain_log.cli.values import Value, checked, nearest
from explain_log.errors import InputError
from explain_log.folders import config_folder
from explain_log.render.words import Words


class Settings:
    """The settled values of a command's options. `language` is zh or en."""

    def __init__(self, values: dict[str, Value], given: set[str]) -> None:
        self._values = values
        self.given = given
        self.language = language_of(str(values.get("lang") or "auto"))

    def text(self, name: str) -> str:
        """A choice or a text; "" where it is not set."""
        value = self._values.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int | None:
        """A whole number, or None where it is not set."""
        value = self._values.get(name)
        return value if isinstance(value, int) else None

    def amount(self, name: str) -> int:
        """A whole number that has a default."""
        value = self.number(name)
        assert value is not None, name
        return value

    def flag(self, name: str) -> bool:
        """Whether a flag is set."""
        return bool(self._values.get(name))


def settle(arguments: Arguments) -> Settings:
    """The values that hold for a command line. Raises InputError for one that cannot be."""
    words = Words(first_language(arguments))
    config = _Config()
    values = {option.name: _value(option, arguments, config, words) for option in arguments.command.options}
    if "model" in arguments.values and "no_llm" not in arguments.values:
        values["no_llm"] = False  # naming a model outweighs a no_llm that is only configured
    return Settings(values, set(arguments.values))


def first_language(arguments: Arguments | None = None) -> str:
    """The language for errors: as far as it is known before everything is settled."""
    given = str(arguments.values.get("lang", "")) if arguments else ""
    choice = given or os.environ.get("EXPLAIN_LOG_LANG")
    return language_of(choice if choice in ("zh", "en") else "auto")


def _value(option: Option, arguments: Arguments, config: _Config, words: Words) -> Value:
    if option.name in arguments.values:
        return arguments.values[option.name]
    if option.configured:
        from_environment = os.environ.get(option.variable)
        if from_environment:
            return checked(option, from_environment, option.variable, words)
        from_config = config.values().get(option.name)
        if from_config is not None:
            return checked(option, from_config, f"{config.path}: {option.name}", words)
    return option.default


class _Config:
    """config.toml, read when it is first asked for; most people have none, and then nothing is imported."""

    def __init__(self) -> None:
        self._values: dict[str, Any] | None = None
        self.path = config_path()

    def values(self) -> dict[str, Any]:
        if self._values is None:
            self._values = self._read() if os.path.exists(self.path) else {}
        return self._values

    def _read(self) -> dict[str, Any]:
        import tomllib

        try:
            with open(self.path, "rb") as file:
                values = tomllib.load(file)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError("error.config_unreadable", file=self.path, reason=reason) from error
        known = configured_options()
        for key, value in values.items():
            if key not in known and not isinstance(value, dict):  # tables belong to other doors
                allowed = nearest(key, list(known)) or ", ".join(sorted(known))
                raise InputError("error.config_key", file=self.path, key=key, allowed=allowed)
        return values


def config_path() -> str:
    """Where config.toml would be."""
    return os.path.join(config_folder(), "config.toml")
