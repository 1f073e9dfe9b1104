"""A report made by hand, with everything in it that a page can show."""

import pytest

from explain_log.checks.finding import Advice, Evidence, Finding
from explain_log.facts.models import DeviceMemory, ModelLoad, ServerRun
from explain_log.narration.explanation import Explanation, Section, Sentence
from explain_log.report import Report, Source, UnknownShape


def advice(action: str, effect: str) -> Advice:
    return Advice(action, "OLLAMA_X", "1", "export OLLAMA_X=1", effect, "look at the log", "unset OLLAMA_X", ">=0.1")


@pytest.fixture
def load() -> ModelLoad:
    """A load over two GPUs with host buffers."""
    load = ModelLoad(1, 0, 1, 40, outcome="ready", layers_offloaded=33, layers_total=33, load_seconds=4.5)
    load.model.name = "Test Model 8B"
    load.devices = [
        DeviceMemory("CUDA0", 3000.5, 256.0, None, 300.25, None, 3556.75, 17, False),
        DeviceMemory("CUDA1", 2000.0, 240.0, None, 300.25, None, 2540.25, 15, True),
        DeviceMemory("CUDA_Host", None, None, None, 12.5, 0.5, 13.0),
    ]
    return load


@pytest.fixture
def report(load: ModelLoad) -> Report:
    """A report in English: two findings, an explanation with advice, an unknown line."""
    first = advice("Set OLLAMA_X to 1.", "It frees 100 MiB.")
    warning = Finding(
        "offload.partial", "warning", 1, "Some layers are on the CPU", "33 - 1 = 32", {}, None, None,
        [Evidence(13, "a line"), Evidence(14, "b"), Evidence(15, "c"), Evidence(20, "d")], [first], False, "placement", [],
    )  # fmt: skip
    other = advice("Do something else.", "It helps.")
    benign = Finding("load.vocab_only", "info", 1, "Only the vocabulary", "", {}, None, None, [], [other], True, "benign", [])
    explanation = Explanation(
        "en",
        sections=[
            Section("advice", "What to do", [Sentence("Set OLLAMA_X to 1. It frees 100 MiB.", [])]),
            Section("summary", "What happened", [Sentence("It is loaded.", [])]),
            Section("placement", "Where it sits", [Sentence("On two GPUs.", [])]),
        ],
    )
    return Report(
        source=Source("server.log", 1000, 40, recognised_lines=39, unrecognised=[UnknownShape("x <N>", 1, 7, "x 1")]),
        language="en",
        server_runs=[ServerRun(1, 40, version="0.5.7")],
        loads=[load],
        findings=[warning, benign],
        explanation=explanation,
    )
