"""JSON records that stand over several lines."""

import json

import pytest

from explain_log.lines import lines_of_text

RECORDS = [
    {"_PID": "12", "SYSLOG_IDENTIFIER": "ollama", "MESSAGE": "a {", "__REALTIME_TIMESTAMP": "1785578400000000"},
    {"_PID": "12", "SYSLOG_IDENTIFIER": "ollama", "MESSAGE": "b }", "_SOURCE": {"x": {"y": 1}, "z": [1]}},
]


def seen(text):
    """(number, span, text, process) of every line that is not blank."""
    return [(line.number, line.span, line.text, line.process) for line in lines_of_text(text) if line.text]


@pytest.mark.parametrize("indent", [1, 4, "\t"])
def test_a_record_is_one_line(indent):
    """`journalctl -o json-pretty`: objects one after the other."""
    text = "\n".join(json.dumps(record, indent=indent) for record in RECORDS)
    assert seen(text) == [(1, 6, "a {", "ollama[12]"), (7, 13, "b }", "ollama[12]")]


def test_an_array_of_records():
    """`jq -s .`: its brackets are no lines of the log."""
    assert [row[2] for row in seen(json.dumps(RECORDS, indent=2))] == ["a {", "b }"]


def test_an_array_on_one_line():
    """Each record that holds a line gives one; what is no record gives none."""
    text = json.dumps([{"log": "a\n", "stream": "stderr"}, {"log": "b", "time": "2026-08-01T10:00:00Z"}])
    assert [(line.text, line.time) for line in lines_of_text(text)] == [("a", None), ("b", "2026-08-01T10:00:00Z")]


@pytest.mark.parametrize("text", ["{\n", "{\n  \"a\": 1\n}", "{\nx\n}", "[\n]", "{\n\n}", "{\n" + '"a": 1,\n' * 300 + "}", "{\n}\n}\n{"])
def test_what_is_no_record_stays_as_it_is(text):
    """Every line with its own number."""
    lines = text.removesuffix("\n").split("\n")
    assert [(line.number, line.text) for line in lines_of_text(text)] == [(n, line.strip()) for n, line in enumerate(lines, 1)]
