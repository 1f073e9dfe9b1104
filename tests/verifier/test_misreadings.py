"""Misreadings in wordings of their own: the wrong ones are found, the right ones are not."""

import tomllib
from pathlib import Path

import pytest

from explain_log.knowledge import load
from explain_log.narration.verifier.terms import misreadings

CASES = tomllib.loads((Path(__file__).parent / "misreadings.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_wording(case):
    """A wrong claim is found by what it says alone, and a true sentence about the same thing is not."""
    found = misreadings(case["text"], case.get("cites", []), case["language"], load())
    assert bool(found) is case["misread"], [objection.names for objection in found]
