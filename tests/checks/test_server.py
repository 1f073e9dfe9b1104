"""The server: who can reach it, its restarts, what it writes down."""

import pytest

from explain_log.pipeline import report_of_text

LISTENING = 'time=2025-06-01T10:00:00.000Z level=INFO source=routes.go:1 msg="Listening on {} (version 0.9.0)"'
CONFIG = 'time=2025-06-01T{}:00:00.000Z level=INFO source=routes.go:1 msg="server config" env="map[OLLAMA_DEBUG:{} OLLAMA_NUM_PARALLEL:{}]"'


def findings(*lines, language="en"):
    """The findings of a log, by id."""
    return {f.id: f for f in report_of_text("\n".join(lines) + "\n", language).findings}


@pytest.mark.parametrize(
    ("address", "open_to_all"),
    [("[::]:11434", True), ("0.0.0.0:11434", True), (":11434", True), ("127.0.0.1:11434", False), ("[::1]:11434", False), ("192.168.1.5:11434", False)],
)
def test_all_interfaces(address, open_to_all):
    """Go prints 0.0.0.0 as [::]."""
    assert ("server.exposed" in findings(LISTENING.format(address))) == open_to_all


def test_llama_server_has_its_own_advice():
    """An API key, where Ollama has none."""
    found = findings("build: 5760 (e8215dbb) with cc (Debian 12) 12.2.0 for x86_64-linux-gnu", "srv    load_model: loading model '/m/x.gguf'",
                     "main: server is listening on http://0.0.0.0:8080 - starting the main loop")
    assert {a.setting for a in found["server.exposed"].advice} == {"--host"}


def test_restarts():
    """Two starts are one restart; what changed is named."""
    first, second = (CONFIG.format(hour, "INFO", parallel) for hour, parallel in (("10", "1"), ("11", "4")))
    found = findings(first, LISTENING.format("127.0.0.1:11434"), second, LISTENING.format("127.0.0.1:11434"))["server.restarted"]
    assert found.values["restarts"] == 1
    assert found.values["changed"] == "OLLAMA_NUM_PARALLEL"
    assert "server.restarted" not in findings(first, LISTENING.format("127.0.0.1:11434"))


@pytest.mark.parametrize(("level", "on"), [("true", True), ("DEBUG", True), ("DEBUG-4", True), ("1", True), ("INFO", False), ("false", False), ("", False)])
def test_debug_logging(level, on):
    """Spelled as a switch before 0.7.0 and as a level after."""
    assert ("server.debug_logging" in findings(CONFIG.format("10", level, "1"))) == on


def test_a_debug_line_tells_without_the_settings():
    """The log begins after the server's start; a line at INFO tells nothing."""
    line = 'time=2025-06-01T10:00:00.000Z level={} source=sched.go:493 msg="context for request finished"'
    assert "server.debug_logging" in findings(line.format("DEBUG"))
    assert "server.debug_logging" not in findings(line.format("INFO"))


def test_prompts_in_the_log():
    """Said more plainly than a switch that is on."""
    line = 'time=2025-06-01T10:00:00.000Z level=DEBUG source=routes.go:1 msg="completion request" images=0 prompt=120 format=""'
    assert findings(line)["server.debug_logging"].values["prompt_lines"] == 1
