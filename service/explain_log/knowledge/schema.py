"""The formats of knowledge/, as pydantic models: what an entry of each kind must hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from explain_log.knowledge.forms import check_field_type, split_form

Severity = Literal["info", "notice", "warning", "error"]
Level = Literal["trace", "debug", "info", "warn", "error"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*(\.[a-z0-9_]+)*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Entry(BaseModel):
    """Base of all entries: unknown keys are errors, so that a typo is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Entry):
    """One text in both languages."""

    zh: Text
    en: Text


class StatementEntry(Entry):
    """One statement that a program prints, in all its wordings."""

    id: Name
    family: Literal["llama.cpp", "ollama", "gin", "other"]
    topic: Name
    forms: list[Text] = []
    msg: list[Text] = []
    fields: dict[str, str] = {}
    samples: list[Text]
    near_misses: list[Text] = []
    level: Level | None = None
    severity: Severity = "info"
    since: str | None = None
    until: str | None = None
    fact: str | None = None
    facts: dict[str, str] = {}
    term: Name | None = None
    meaning: Bilingual | None = None
    source: Text
    detail: bool = True
    fallback: bool = False
    last_line: Text | None = None

    @model_validator(mode="after")
    def _laws(self) -> StatementEntry:
        wordings = [*self.forms, *self.msg]
        if not wordings:
            raise ValueError("neither forms nor msg")
        if len(self.samples) != len(wordings):
            raise ValueError(f"{len(wordings)} wordings but {len(self.samples)} samples")
        if self.detail and self.meaning is None:
            raise ValueError("no meaning (or say detail = false)")
        for wording in wordings:
            split_form(wording)
        for name, spec in self.fields.items():
            kind, _, unit = spec.partition(" ")
            check_field_type(name, kind, unit)
        named = self.field_names()
        if self.fact and any(self.fact_field(wording) is None for wording in wordings):
            raise ValueError("fact without a field")
        if unknown := set(self.facts) - named:
            raise ValueError(f"facts of fields that no wording has: {sorted(unknown)}")
        return self

    def fact_field(self, wording: str) -> str | None:
        """The field that `fact` is about: the one of its own name, else the last one of the wording."""
        names = [part[0] for part in split_form(wording) if isinstance(part, tuple)] or list(self.fields)
        own = (self.fact or "").rpartition(".")[2]
        return own if own in names else names[-1] if names else None

    def field_names(self) -> set[str]:
        """The names of all fields of all wordings and attributes."""
        in_wordings = {
            part[0] for wording in (*self.forms, *self.msg) for part in split_form(wording) if isinstance(part, tuple)
        }
        return in_wordings | set(self.fields)


class TermNames(Entry):
    """What a text may call a term; the first is the one shown."""

    zh: list[Text] = Field(min_length=1)
    en: list[Text] = Field(min_length=1)


class Misreading(Entry):
    """A wrong claim about a term as people make it, the phrases by which to find it, and what is right."""

    says: Bilingual
    about: TermNames
    wrong: TermNames
    right: TermNames | None = None
    correction: Bilingual


class VersionNotes(Entry):
    """In which versions a name or a meaning changed: the same notes in both languages."""

    zh: list[Text] = Field(min_length=1)
    en: list[Text] = Field(min_length=1)

    @model_validator(mode="after")
    def _as_many(self) -> VersionNotes:
        if len(self.zh) != len(self.en):
            raise ValueError("notes on versions in one language only")
        return self


class TermEntry(Entry):
    """One glossary entry. unit: a name of unit_names.toml."""

    id: Name
    names: TermNames
    short: Bilingual
    text: Bilingual
    unit: str | None = None
    formula: str | None = None
    see: list[Name] = []
    versions: VersionNotes | None = None
    misreading: list[Misreading] = []
    source: Text


class VariantText(Entry):
    """A text in both languages, plain or in named variants."""

    zh: Text | dict[str, Text]
    en: Text | dict[str, Text]

    @model_validator(mode="after")
    def _same_variants(self) -> VariantText:
        if isinstance(self.zh, dict) != isinstance(self.en, dict):
            raise ValueError("variants in one language only")
        if isinstance(self.zh, dict) and isinstance(self.en, dict) and set(self.zh) != set(self.en):
            raise ValueError(f"variants differ: {sorted(self.zh)} and {sorted(self.en)}")
        return self


class AdviceEntry(Entry):
    """Something to do about a finding, with how to check it, how to undo it and where it works."""

    id: Name
    rank: int = 50  # the lower, the earlier it is offered
    needs: list[str] = []
    versions: str
    product: Literal["ollama", "llama.cpp"]
    setting: str | None = None
    value: str | None = None
    command: Text
    action: VariantText
    effect: VariantText
    check: Bilingual
    undo: Bilingual


class FindingEntry(Entry):
    """The texts of one finding id."""

    id: Name
    severity: Severity
    section: Literal[
        "summary", "placement", "context", "memory", "load_time", "requests", "benign", "advice", "unknown"
    ]
    benign: bool = False
    formula: str | None = None
    terms: list[Name] = []
    title: VariantText
    detail: VariantText
    say: VariantText | None = None  # how the explanation says it; without it the explanation leaves it out
    advice: list[AdviceEntry] = []


class SettingEntry(Entry):
    """A setting of Ollama or llama.cpp: where it works and what it takes."""

    id: Text
    product: Literal["ollama", "llama.cpp"]
    kind: Literal["environment", "option", "flag"]
    versions: str
    default: str | None = None
    values: str | None = None
    short: Bilingual
    source: Text
