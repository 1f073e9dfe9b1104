"""Parts of a log: one load, a span of time; and what a long log's report leads with."""

import pytest

from explain_log.errors import InputError
from explain_log.lines import parse_origin
from explain_log.pipeline import make_report
from explain_log.render.colours import paint
from explain_log.render.page import make_page
from explain_log.render.text import text_lines
from explain_log.render.words import Words
from explain_log.report import report_json

GOOD, BAD, VOCAB = "good", "bad", "vocab"


def load_lines(kind, hour):
    """One load as a runner prints it, at an hour of a day."""
    time = f"time=2025-02-11T{hour:02}:00:00.000+08:00 level=INFO"
    if kind == VOCAB:
        return [
            "llama_model_loader: loaded meta data with 30 key-value pairs and 724 tensors from /m/x.gguf (version GGUF V3 (latest))",
            "llm_load_print_meta: vocab_only       = 1",
            "llama_model_load: vocab only - skipping tensors",
        ]
    begin = [
        f'{time} source=server.go:380 msg="starting llama server" cmd="/bin/ollama runner --model /m/x{hour}.gguf --ctx-size 8192 --parallel 4"',
        f"llama_model_loader: loaded meta data with 30 key-value pairs and 724 tensors from /m/x{hour}.gguf (version GGUF V3 (latest))",
        f"llama_model_loader: - kv   2:                               general.name str              = Model {hour}",
    ]
    if kind == BAD:
        return [*begin, "llama_model_load: error loading model: unable to allocate CUDA0 buffer", f'{time} source=sched.go:456 msg="error loading llama server" error="llama runner process has terminated: exit status 2"']
    return [
        *begin,
        "llama_context: n_seq_max     = 4",
        "llama_context: n_ctx         = 8192",
        f'{time} source=server.go:594 msg="llama runner started in 2.50 seconds"',
    ]


@pytest.fixture
def log_of(tmp_path):
    """Writes a log of these loads, an hour apart, the first at 01:00, and gives its path."""

    def write(*kinds):
        path = tmp_path / "server.log"
        path.write_text("\n".join(line for hour, kind in enumerate(kinds, 1) for line in load_lines(kind, hour)) + "\n")
        return str(path)

    return write


def report_of(path, language="en", **options):
    """The report of a part of a log."""
    return make_report([parse_origin(path)], language, **options)


def shown(report, language="en"):
    """The first lines of its text form."""
    words = Words(language)
    return paint(text_lines(make_page(report, words), words, 100), colour=False).splitlines()


class TestOneLoad:
    """--load N."""

    @pytest.mark.parametrize("index", [1, 2, 3])
    def test_the_load_keeps_its_index(self, log_of, index):
        """And its lines, which are the whole log's."""
        path = log_of(GOOD, BAD, GOOD)
        (whole,) = [load for load in report_of(path).loads if load.index == index]
        report = report_of(path, load=index)
        assert [(load.index, load.first_line, load.outcome) for load in report.loads] == [(index, whole.first_line, whole.outcome)]
        assert {finding.load for finding in report.findings} <= {index, None}
        assert f"Model {index}" in shown(report)[0]

    def test_what_is_said_is_about_it(self, log_of):
        """No finding, no sentence and no evidence is about another load."""
        report = report_of(log_of(BAD, GOOD), load=2)
        load = report.loads[0]
        assert not [finding for finding in report.findings if finding.severity == "error"]
        for finding in (finding for finding in report.findings if finding.load is not None):
            assert all(load.first_line <= evidence.line <= load.last_line for evidence in finding.evidence)
        assert "Model 1" not in str(report_json(report))

    def test_a_vocab_only_pass_beside_it_stays(self, log_of):
        """It belongs to the load; one farther away does not."""
        path = log_of(VOCAB, GOOD, GOOD, VOCAB)
        assert [load.index for load in report_of(path, load=2).loads] == [1, 2]
        assert [load.index for load in report_of(path, load=3).loads] == [3, 4]
        assert [load.index for load in report_of(path, load=1).loads] == [1]

    @pytest.mark.parametrize(
        ("kinds", "said"),
        [((GOOD, BAD), "the loads 1 to 2"), ((GOOD,), "one load, 1"), ((), "no load of a model")],
    )
    def test_a_load_that_is_not_there_is_refused(self, log_of, kinds, said):
        """Which there are is told."""
        with pytest.raises(InputError) as caught:
            report_of(log_of(*kinds), load=9)
        assert str(caught.value).startswith("--load 9: ")
        assert said in str(caught.value)

    def test_where_the_log_ends_is_told_only_of_its_load(self, log_of, tmp_path):
        """An earlier load is whole, though the log ends inside a later one."""
        path = log_of(GOOD, GOOD)
        text = (tmp_path / "server.log").read_text()
        (tmp_path / "server.log").write_text(text.rpartition("llama_context: n_ctx ")[0])
        ids = [{finding.id for finding in report_of(path, load=index).findings} for index in (1, 2)]
        assert ["log.partial" in found for found in ids] == [False, True]


class TestSpanOfTime:
    """--since and --until."""

    def test_only_these_lines_are_read(self, log_of):
        """Loads are counted within the part; lines keep their numbers."""
        path = log_of(GOOD, BAD, GOOD)
        whole = report_of(path)
        report = report_of(path, since="01:30", until="02:30")
        assert [(load.index, load.outcome, load.first_line) for load in report.loads] == [(1, "failed", whole.loads[1].first_line)]
        assert report.source.lines == whole.source.lines
        assert report.source.first_time == report.source.last_time == "2025-02-11T02:00:00.000+08:00"

    def test_both_kinds_of_parts_together(self, log_of):
        """A load of a span of time."""
        report = report_of(log_of(GOOD, BAD, GOOD), since="90m", load=2)
        assert [load.index for load in report.loads] == [2]
        assert "Model 3" in shown(report)[0]

    def test_lines_and_times_together(self, log_of):
        """FILE:1-6 --since."""
        report = report_of(log_of(GOOD, BAD, GOOD) + ":1-7", since="30m")
        assert report.source.first_time == "2025-02-11T02:00:00.000+08:00"

    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("options", [{"since": "soon"}, {"until": "2024-01-01"}, {"since": "2026-01-01"}])
    def test_what_cannot_be_is_refused(self, log_of, options, language):
        """One line that names the option, in the reader's language."""
        with pytest.raises(InputError) as caught:
            report_of(log_of(GOOD), **options)
        told = Words(language).told(caught.value)
        assert told.startswith(f"--{next(iter(options))} ")
        assert "\n" not in told


class TestFocus:
    """What a long log's report leads with."""

    @pytest.mark.parametrize(
        ("kinds", "index", "headline", "about"),
        [
            ((GOOD, GOOD), 2, "The model is loaded: Model 2", ""),
            ((GOOD, BAD), 2, "The model failed to load: Model 2", ""),
            ((BAD, GOOD), 1, "The model failed to load: Model 1", "failed loads: 1 · after that load 2 got ready"),
            ((BAD, GOOD, BAD, GOOD, GOOD), 3, "The model failed to load: Model 3", "failed loads: 1, 3 · after that load 4–5 got ready"),
            ((BAD, BAD), 2, "The model failed to load: Model 2", "failed loads: 1–2"),
            ((GOOD, VOCAB), 1, "The model is loaded: Model 1", ""),
        ],
    )
    def test_the_latest_failure_or_else_the_latest_load(self, log_of, kinds, index, headline, about):
        """The text begins with it, and the rest is summed up."""
        report = report_of(log_of(*kinds))
        text = shown(report)
        assert text[0] == headline
        assert about in text
        summary = " ".join(sentence.text for sentence in report.explanation.sections[0].statements)
        assert f"Model {index}" in summary
        served = len([kind for kind in kinds if kind != VOCAB])
        assert (f"The log has {served} loads ({kinds.count(BAD)} failed)" in summary) == (served > 1)

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_a_failure_before_the_end_is_not_called_the_latest_load(self, log_of, language):
        """What came after it is said as well."""
        text = report_of(log_of(GOOD, BAD, GOOD), language).explanation.sections[0].statements[0].text
        assert {"zh": "没有再失败", "en": "after which no load failed"}[language] in text
