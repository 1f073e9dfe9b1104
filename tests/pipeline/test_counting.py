"""How many lines of a log were recognised."""

from explain_log.pipeline import report_of_text


def test_parts_of_one_line_that_are_joined_are_one_line():
    """A carriage return inside a quoted value cuts a line in two parts; joined again they count once."""
    text = 'time=2025-12-02T06:44:10.130+01:00 level=INFO source=routes.go:1235 msg="server con\rfig" env="map[OLLAMA_DEBUG:INFO]"\n'
    text += 'time=2025-12-02T06:44:10.136+01:00 level=INFO source=routes.go:1288 msg="Listening on 127.0.0.1:11434 (version 0.9.6)"\n'
    source = report_of_text(text, "en").source
    assert source.recognised_lines <= source.lines == 2
