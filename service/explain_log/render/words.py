"""The words of the command line and of the pages, in the reader's language (knowledge/messages.toml)."""

from __future__ import annotations

from explain_log.errors import InputError
from explain_log.knowledge import message


class Words:
    """The texts of one language: `words("findings.heading")`, `words("findings.load", load=3)`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key such as `page.findings`, its placeholders filled with the values."""
        text = message(key, self.language)
        return text.format(**values) if values else text

    def told(self, error: InputError) -> str:
        """What an error says; where one of its values is an error or standard input, in this language too."""
        return self(error.key, **{name: self._value(value) for name, value in error.values.items()})

    def _value(self, value: object) -> object:
        if isinstance(value, InputError):
            return self.told(value)
        english = message("headline.standard_input", "en")
        return self("headline.standard_input") if value == english else value
