"""Two ways to the report of a log: the ordinary one, and in bulk."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from explain_log.bulk import How
from explain_log.facts.models import as_json
from explain_log.knowledge import load
from explain_log.lines import Origin, parse_origin
from explain_log.pipeline import _lines, _read, _read_in_bulk, _Reading, _source

SMALL = How(big=1 << 10, huge=1 << 60, chunk=1 << 14, piece=1 << 12, few=1 << 8, head=300, processes=0)
Report = dict[str, object]


def _finished(reading: _Reading, origins: list[Origin]) -> Report:
    report = as_json(reading.report(_source(origins), "en"))
    assert isinstance(report, dict)
    return report


@pytest.fixture
def ordinary() -> Callable[..., Report]:
    """The report of files, line by line."""

    def report(*names: object, span: tuple[str | None, str | None] = (None, None)) -> Report:
        origins = [parse_origin(str(name)) for name in names]
        reading = _Reading(load())
        _read(origins, reading, None, _lines(origins, *span))
        return _finished(reading, origins)

    return report


@pytest.fixture
def in_bulk() -> Callable[..., Report]:
    """The report of files in bulk; `how` with small sizes, so that little text is enough."""

    def report(*names: object, how: How = SMALL, span: tuple[str | None, str | None] = (None, None)) -> Report:
        origins = [parse_origin(str(name)) for name in names]
        reading = _Reading(load())
        _read_in_bulk(origins, reading, None, how, *span)
        return _finished(reading, origins)

    return report


@pytest.fixture
def redaction_samples() -> list[str]:
    """The samples of every rule of knowledge/redaction.toml, filled in, as single lines."""
    filled = runpy.run_path(str(Path(__file__).parents[1] / "redaction" / "fill.py"))["filled"]
    rules = load().table("redaction")["rule"]
    return [filled(text, 1)[0].replace("\n", " ") for rule in rules for text in rule["samples"]]
