"""With a model: sentences as they pass, a page that ends whole, and a word why where there is none."""

import io
import sys
from types import ModuleType, SimpleNamespace

import pytest

from explain_log.cli import streams
from explain_log.cli.arguments import parse_arguments
from explain_log.cli.narrated import explain_with_model
from explain_log.cli.settings import settle
from explain_log.errors import ModelUnavailable
from explain_log.lines import Origin
from explain_log.narration.explanation import Explanation, Section, Sentence
from explain_log.pipeline import make_report


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    """Standard output as a terminal; standard error beside it."""
    out, err = Terminal(), io.StringIO()
    for name in ("explain_log.cli.streams", "explain_log.cli.narrated"):
        monkeypatch.setattr(sys.modules[name], "sys", SimpleNamespace(stdout=out, stderr=err))
    monkeypatch.setattr(streams, "width", lambda: 80)
    for name in ("EXPLAIN_LOG_LANG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("LC_ALL", "C")
    return SimpleNamespace(out=out, err=err)


def narrate_by(monkeypatch, narrate) -> None:
    """Puts a model in place that says what the test wants it to."""
    module = ModuleType("explain_log.narration.explain")
    module.narrate = lambda report, options, on_event, keeper: narrate(report, options, on_event)
    monkeypatch.setitem(sys.modules, "explain_log.narration.explain", module)


def explained(seed: str, *arguments: str) -> None:
    report = make_report([Origin(seed)], "en")
    explain_with_model(report, settle(parse_arguments([*arguments, seed], "en")))


async def in_order(report, options, on_event):
    """A model that says one sentence a section, as the narration does."""
    on_event("loading", "waiting for qwen3:8b")
    result = Explanation("en", "model", "qwen3:8b")
    for section in report.explanation.sections:
        sentence = Sentence(f"The model on {section.id}.", [], "model")
        on_event("sentence", (section.id, sentence))
        on_event("rejected", None)
        result.sections.append(Section(section.id, section.heading, [sentence]))
    return result


def test_a_growing_page_ends_as_the_whole_one(monkeypatch, screen, seed):
    """On a terminal sentences are shown one by one; in the end the page is what it would be at once."""
    narrate_by(monkeypatch, in_order)
    explained(seed)
    grown = screen.out.getvalue()
    screen.out.seek(0)
    screen.out.truncate()
    monkeypatch.setattr(screen.out, "isatty", lambda: False)
    explained(seed)
    assert grown == screen.out.getvalue()
    assert "qwen3:8b" in grown


def test_sentences_are_shown_before_the_last_one_is_there(monkeypatch, screen, seed):
    """The first sentence is on the screen while the model still writes."""
    seen = []

    async def narrate(report, options, on_event):
        on_event("sentence", ("summary", Sentence("First of all.", [], "model")))
        seen.append(screen.out.getvalue())
        return Explanation("en", "model", "m", [Section("summary", "What happened", [Sentence("First of all.", [])])])

    narrate_by(monkeypatch, narrate)
    explained(seed)
    assert "First of all." in seen[0]
    assert screen.out.getvalue().count("First of all.") == 1


def test_no_model_is_one_line_and_the_rules(monkeypatch, screen, seed):
    """Without a model the rules' explanation is shown and the reason told."""

    async def narrate(report, options, on_event):
        raise ModelUnavailable("no Ollama\nat all")

    narrate_by(monkeypatch, narrate)
    explained(seed)
    assert screen.err.getvalue() == "explain-log: no model was used: no Ollama at all\n"
    assert "What happened" in screen.out.getvalue()


def test_options_reach_the_model(monkeypatch, screen, seed):
    """Model, host, question and language are handed on; OLLAMA_HOST stands in for the option."""
    asked = []

    async def narrate(report, options, on_event):
        asked.append(options)
        raise ModelUnavailable("x")

    narrate_by(monkeypatch, narrate)
    monkeypatch.setenv("OLLAMA_HOST", "box:1234")
    explained(seed, "--model", "m", "--question", "why?", "--allow-remote")
    explained(seed, "--ollama-host", "http://other:1")
    assert (asked[0].model, asked[0].host, asked[0].question) == ("m", "box:1234", "why?")
    assert (asked[0].allow_remote, asked[1].allow_remote) == (True, False)
    assert (asked[1].model, asked[1].host, asked[1].question) == (None, "http://other:1", None)


def test_problems_come_after_the_page_has_begun(monkeypatch, screen, seed):
    """What went wrong with a section is a line on standard error, not in the page."""

    async def narrate(report, options, on_event):
        on_event("problem", "a section was not written")
        return report.explanation

    narrate_by(monkeypatch, narrate)
    explained(seed)
    assert screen.err.getvalue() == "explain-log: a section was not written\n"


def test_json_is_written_once(monkeypatch, screen, seed):
    """Other formats wait for the end."""
    narrate_by(monkeypatch, in_order)
    explained(seed, "--format", "json")
    assert screen.out.getvalue().startswith("{")
