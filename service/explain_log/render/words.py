"""The words of the command line and of the pages, in the reader's language (knowledge/messages.toml)."""

from __future__ import annotations

from explain_log.knowledge import load


class Words:
    """The texts of one language: `words("findings.heading")`, `words("findings.load", load=3)`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._table = load().table("messages")

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key such as `page.findings`, its placeholders filled with the values."""
        entry = self._table
        for step in key.split("."):
            entry = entry[step]
        text: str = entry[self.language]
        return text.format(**values) if values else text

    def get(self, key: str) -> str | None:
        """The text of a key, or None where there is none."""
        try:
            return self(key)
        except KeyError:
            return None
