"""A secret planted anywhere in a log is nowhere in what comes out."""

import runpy
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.pipeline import report_of_text
from explain_log.render.colours import paint
from explain_log.render.markdown import markdown_text
from explain_log.render.page import make_page
from explain_log.render.text import text_lines
from explain_log.render.words import Words
from explain_log.report import report_text

filled = runpy.run_path(str(Path(__file__).parent / "fill.py"))["filled"]
TABLE = tomllib.loads((Path(CHECKOUT_FOLDER) / "redaction.toml").read_text(encoding="utf-8"))
SAMPLES = [(row["kind"], row["severity"], sample) for row in TABLE["rule"] for sample in row["samples"]]
EXAMPLE = Path(CHECKOUT_FOLDER).parent / "examples" / "deepseek-r1-70b-8gpu.log"
KEY = "sk-proj-q7" + "aB3dE5gH7jK9mN" * 3
TIME = "time=2025-02-11T11:34:37.966+08:00"

PLANTED = {
    "a GIN path": f'[GIN] 2025/02/11 - 11:34:37 | 200 |  1.2s |  127.0.0.1 | GET      "/v1/{KEY}?api_key={KEY}"',
    "a failing GIN path": f'[GIN] 2025/02/11 - 11:34:37 | 500 |  1.2s |  127.0.0.1 | GET      "/v1/{KEY}"',
    "a slog attribute": f'{TIME} level=ERROR source=download.go:10 msg="request failed" error="401 for Bearer {KEY}"',
    "a model path": f"{TIME} level=INFO source=server.go:380 msg=\"starting llama server\" cmd=\"/bin/ollama runner --model /m/{KEY} --ctx-size 2048\"",
    "a file name": f"llama_model_loader: loaded meta data with 30 key-value pairs and 724 tensors from /m/{KEY} (version GGUF V3 (latest))",
    "a model name": f"llama_model_loader: - kv   2:                               general.name str              = {KEY}",
    "the proxy": f'{TIME} level=INFO source=routes.go:1187 msg="server config" env="map[HTTPS_PROXY:http://bob:{KEY}@proxy:3128 OLLAMA_HOST:http://127.0.0.1:11434]"',
    "a setting": f'{TIME} level=INFO source=routes.go:1187 msg="server config" env="map[OLLAMA_API_KEY:{KEY} OLLAMA_HOST:http://127.0.0.1:11434]"',
    "an error text": f"llama_model_load: error loading model: cannot open https://x/?token={KEY}",
    "an unknown line": f"something quite unknown with {KEY} in it",
    "an unknown long line": "unknown " + "word " * 40 + KEY + " and so on",
    "the end of a cut line": f"{TIME} level=INFO source=routes.go:1187 msg=\"server config\" env=\"map[X:{'y ' * 440}{KEY} {KEY} {KEY}]\"",
    "a docker line": '{"log":"' + f"unknown thing {KEY}" + '\\n","stream":"stderr","time":"2025-02-11T03:34:37.966Z"}',
    "a journald line": f"Feb 11 11:34:37 host ollama[1]: unknown thing {KEY}",
}


def outputs(log):
    """Everything that a log is turned into, in both languages."""
    for language in ("zh", "en"):
        report = report_of_text(log, language)
        words = Words(language)
        page = make_page(report, words)
        yield report_text(report)
        yield markdown_text(page, words)
        for width in (60, 200):
            yield paint(text_lines(page, words, width), colour=False)


@pytest.mark.parametrize("place", PLANTED)
def test_nothing_of_a_key_comes_out(place):
    """Neither whole nor in part, whether or not the line is known."""
    for log in (PLANTED[place], EXAMPLE.read_text(encoding="utf-8") + PLANTED[place] + "\n"):
        for output in outputs(log):
            assert KEY[:14] not in output
            assert KEY[-14:] not in output
        report = report_of_text(log, "en")
        (finding,) = [finding for finding in report.findings if finding.id == "log.secrets"]
        assert [evidence.line for evidence in finding.evidence] == [log.rstrip("\n").count("\n") + 1]
        assert finding.severity == "warning"
        assert sum(report.source.redactions.values())


@pytest.mark.parametrize(("kind", "severity", "sample"), SAMPLES)
def test_every_kind_is_counted_and_only_secrets_are_warned_of(kind, severity, sample):
    """The report counts what was masked; log.secrets is about what must not be shared."""
    text, values = filled(sample, 3)
    report = report_of_text(EXAMPLE.read_text(encoding="utf-8") + "unknown line: " + text.replace("\n", " "), "en")
    whole = report_text(report)
    assert not [value for value in values if value in whole]
    assert report.source.redactions.get(kind, 0) >= 1
    found = [finding for finding in report.findings if finding.id == "log.secrets"]
    assert len(found) == (severity == "secret")
    for finding in found:
        assert set(finding.values) == {"kind", "count", "lines"}
        assert kind in str(finding.values["kind"])


@given(
    st.lists(st.tuples(st.sampled_from([sample for *_, sample in SAMPLES]), st.integers(0, 10_000)), min_size=1, max_size=4),
    st.lists(st.integers(0, 105), min_size=4, max_size=4),
    st.sampled_from(["{}", "unknown: {}", TIME + ' level=INFO source=routes.go:1 msg="{}"', "llama_model_load: error: {}", "load: {} failed"]),
)
@settings(deadline=None, max_examples=150)
def test_random_secrets_at_random_places_never_come_out(planted, places, frame):
    """Of each kind, alone or several, between any two lines of a log."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    hidden = []
    for (sample, seed), place in zip(planted, places, strict=False):
        text, values = filled(sample, seed)
        lines.insert(place, frame.replace("{}", text.replace("\n", "\\n")))
        hidden += values
    whole = report_text(report_of_text("\n".join(lines), "zh"))
    assert not [value for value in hidden if len(value) > 7 and value in whole]


def test_a_key_over_several_lines_is_hidden_to_its_end():
    """The lines of a PEM block are no examples of unknown lines; what follows is."""
    body = [f"MIIE{place}{'aB3dE5gH7jK9mN' * 4}" for place in range(6)]
    log = "\n".join(["before it", "-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----", "after it"])
    report = report_of_text(log, "en")
    whole = report_text(report)
    assert "aB3dE5gH" not in whole
    assert {shape.example for shape in report.source.unrecognised} >= {"before it", "after it"}
    assert report.source.redactions == {"pem": 1}
    (finding,) = [finding for finding in report.findings if finding.id == "log.secrets"]
    assert finding.values == {"kind": "pem", "count": 1, "lines": 1}


def test_a_key_that_never_ends_hides_only_so_much():
    """Half a block does not swallow the rest of the log."""
    log = "-----BEGIN PRIVATE KEY-----\n" + "abc\n" * 300 + "at the end\n"
    report = report_of_text(log, "en")
    assert "at the end" in {shape.example for shape in report.source.unrecognised}


def test_unknown_lines_that_differ_in_their_secret_are_one_shape():
    """What is masked is the same line."""
    log = "\n".join(f"rejected key sk-{'aB3dE5gH' * 4}{number}z" for number in range(9))
    (unknown,) = report_of_text(log, "en").source.unrecognised
    assert (unknown.count, unknown.first_line, unknown.example) == (9, 1, "rejected key [REDACTED:api_key#1]")


def test_prompts_of_debug_lines_do_not_come_out():
    """Neither in evidence nor anywhere else; such a line is known by its statement."""
    log = f'{TIME} level=DEBUG source=server.go:966 msg="completion request" images=0 prompt="my secret diary \\"x\\"" format=""\n'
    for output in outputs(log):
        assert "diary" not in output


def test_paths_that_differ_only_in_what_is_masked_are_one():
    """Their requests are counted together."""
    line = '[GIN] 2025/02/11 - 11:34:37 | 200 |  1.2s |  127.0.0.1 | GET      "/home/{}/x"\n'
    requests = report_of_text(line.format("ann") + line.format("ann"), "en").requests
    assert requests is not None
    assert requests.by_path == {"/home/[REDACTED:user#1]/x": 2}


def test_a_log_without_any_is_not_touched():
    """The example has nothing to hide."""
    report = report_of_text(EXAMPLE.read_text(encoding="utf-8"), "en")
    assert report.source.redactions == {}
    assert "REDACTED" not in report_text(report)
    assert not [finding for finding in report.findings if finding.id == "log.secrets"]


def test_secrets_are_found_in_every_line_of_a_long_log():
    """Also in the last line of a batch and in the last of all; the finding stays small."""
    lines = [f"line {number} " + ("password=q7hunter2z" if number in (255, 256, 600) else "") for number in range(1, 602)]
    report = report_of_text("\n".join(lines), "en")
    (finding,) = [finding for finding in report.findings if finding.id == "log.secrets"]
    assert [evidence.line for evidence in finding.evidence] == [255, 256, 600]
    assert finding.values == {"kind": "password", "count": 1, "lines": 3}
    assert finding.evidence[0].text == "line 255 password=[REDACTED:password#1]"
