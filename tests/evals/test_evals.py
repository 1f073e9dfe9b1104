"""The evaluation runs without a model: every character gets the figures that its character calls for."""

import json

import pytest
from evals.cases import cases
from evals.command import main
from evals.measure import baseline
from evals.scripted import CHARACTERS, NAMES, ScriptedOllama
from evals.table import markdown, row_of

CASES = cases()


class TestCases:
    def test_the_findings_that_must_be_mentioned_are_there(self):
        """Each is a finding of that log, in the rules' text too: the baseline mentions all."""
        for case in CASES:
            assert baseline(case).mentioned == len(case.must) > 0, case.id

    def test_both_languages_and_questions(self):
        """Every case is asked in both languages, some as a question."""
        by_language = {
            language: {c.id.rpartition(".")[0] for c in CASES if c.language == language} for language in ("zh", "en")
        }
        assert by_language["zh"] == by_language["en"]
        assert 0 < sum(c.question is not None for c in CASES) < len(CASES)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The table of all characters over a few cases, as the command writes it."""
    folder = tmp_path_factory.mktemp("evals")
    arguments = ["--scripted", "--case", "eight_gpus", "--case", "why_slow"]
    status = main([*arguments, "--json", str(folder / "t.json"), "--markdown", str(folder / "t.md")])
    rows = {row["model"]: row for row in json.loads((folder / "t.json").read_text(encoding="utf-8"))}
    text = (folder / "t.md").read_text(encoding="utf-8")
    return status, rows, text


class TestScripted:
    def test_every_character_has_a_row(self, rows):
        """The rules first, then each character; as Markdown and as JSON."""
        status, found, text = rows
        assert status == 0
        assert list(found) == ["rules", *NAMES]
        assert [line.split(" | ")[0].strip("| ") for line in text.splitlines()[2:]] == list(found)

    def test_the_baseline(self, rows):
        """All of the rules' text passes, mentions all, in one language, for no tokens."""
        row = rows[1]["rules"]
        assert (row["pass_share"], row["coverage"], row["language_purity"]) == (1, 1, 1)
        assert (row["prompt_tokens"], row["unusable"]) == (0, 0)

    def test_characters_differ_as_they_should(self, rows):
        """Numbers, language, refusals and repairs show where they belong."""
        found = rows[1]
        assert found["honest"]["pass_share"] > 0.9
        assert found["careless"]["pass_share"] < found["honest"]["pass_share"]
        assert found["careless"]["repaired"] > 0
        assert found["mixing"]["language_purity"] < found["honest"]["language_purity"]
        assert found["refusing"]["unusable"] == found["refusing"]["cases"]
        assert found["refusing"]["pass_share"] is None
        assert found["verbose"]["output_tokens"] > found["honest"]["output_tokens"]
        assert found["rambling"]["coverage"] == found["honest"]["coverage"]
        assert found["breaking-off"]["coverage"] < found["honest"]["coverage"]
        assert found["slow"]["first_statement_seconds"] > 0.1  # what the server waits before each answer


class TestCommand:
    def test_a_model_on_a_server(self, capsys):
        """A named model is measured on the host that is given; one that is not there makes the status 1."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            arguments = ["--host", server.url, "--case", "why_slow", "--language", "en", "--repeat", "2"]
            assert main(["--model", "scripted:8b", *arguments]) == 0
            assert "| scripted:8b | 2 | 0 |" in capsys.readouterr().out
            assert main(["--model", "absent:1b", *arguments]) == 1
            assert "ollama pull absent:1b" in capsys.readouterr().err

    def test_no_case(self, capsys):
        """Status 2 and one line."""
        assert main(["--case", "nothing"]) == 2
        assert "--list" in capsys.readouterr().err

    def test_list(self, capsys):
        """The ids."""
        assert main(["--list", "--language", "zh"]) == 0
        assert capsys.readouterr().out.split() == [c.id for c in CASES if c.language == "zh"]

    def test_nothing_measured(self):
        """A row without a case has no shares."""
        assert "| none | 0 | 0 | 0 | – | – | – |" in markdown([row_of("none", [])])
