"""Very many loads: which of them a report keeps, and how the others are counted."""

import pytest
from reading import facts_of

from explain_log.facts import Assembler
from explain_log.facts.retention import LAST_LOADS, MOST_FAILED, MOST_LOADS
from explain_log.knowledge import load as load_knowledge
from explain_log.lines import lines_of_text
from explain_log.pipeline import report_of_text
from explain_log.report import report_json
from explain_log.statements import Recogniser

LISTENING = 'time=2025-03-01T00:00:00.000Z level=INFO source=routes.go:1277 msg="Listening on 127.0.0.1:11434"'
OUT_OF_MEMORY = "cudaMalloc failed: out of memory"


def attempt(number, *, outcome="ready", layers=33):
    """The lines of the n-th load, of one of two models in turn; each takes a minute."""
    at = f"2025-03-{number // 1440 + 1:02}T{number // 60 % 24:02}:{number % 60:02}"
    path = f"/m/blobs/sha256-{'ab'[number % 2] * 64}"
    yield f'time={at}:00.000Z level=INFO source=server.go:405 msg="starting llama server" cmd="/usr/bin/ollama runner --model {path} --ctx-size 8192 --parallel 4 --port {40000 + number}"'
    if outcome == "failed":
        yield f"ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4657.81 MiB on device 0: {OUT_OF_MEMORY}"
        yield f'time={at}:01.000Z level=INFO source=sched.go:450 msg="NewLlamaServer failed" model={path} error="llama runner process has terminated: {OUT_OF_MEMORY}"'
        return
    yield f"load_tensors: offloaded {layers}/33 layers to GPU"
    yield "load_tensors:        CUDA0 model buffer size =  4403.49 MiB"
    yield f'time={at}:02.000Z level=INFO source=server.go:596 msg="llama runner started in 2.00 seconds"'


def log(count, **special):
    """A log of so many loads; `special` says of which what is different: failed=[…], on_cpu=[…]."""
    lines = [LISTENING]
    for number in range(1, count + 1):
        outcome = "failed" if number in special.get("failed", ()) else "ready"
        lines += attempt(number, outcome=outcome, layers=0 if number in special.get("on_cpu", ()) else 33)
    return "\n".join(lines)


def findings(report, name):
    """The findings of one kind."""
    return [finding for finding in report["findings"] if finding["id"] == name]


def test_as_many_as_are_kept():
    """Nothing is left out of 200."""
    facts = facts_of(log(MOST_LOADS))
    assert len(facts.loads) == MOST_LOADS
    assert facts.loads_omitted is None


@pytest.mark.parametrize("count", [MOST_LOADS + 1, MOST_LOADS + 99, MOST_LOADS + 100, MOST_LOADS + 101, 555])
def test_more_of_them(count):
    """Above, the last 100 and those that failed are kept, with their own numbers; the others are counted."""
    failed = [3, 77, count - 50]
    report = report_json(report_of_text(log(count, failed=failed), "en"))
    kept = [load["index"] for load in report["loads"]]
    assert kept == [3, 77, *range(count - LAST_LOADS + 1, count + 1)]
    omitted = report["loads_omitted"]
    assert omitted["count"] == count - LAST_LOADS - 2
    assert sum(omitted["by_model"].values()) == omitted["count"]
    assert set(omitted) == {"count", "first_line", "last_line", "by_model"}
    assert 1 < omitted["first_line"] < omitted["last_line"] < report["source"]["lines"]


def test_findings_of_omitted_loads_are_counted():
    """The last finding of a kind says how often it occurs in all; one that no other load has stands for the log."""
    report = report_json(report_of_text(log(300, failed=[5, 6, 290], on_cpu=[20, 30]), "en"))
    full = findings(report, "offload.full")
    assert [finding["values"].get("occurrences") for finding in full] == [*[None] * (len(full) - 1), 300 - 3 - 2]
    (none,) = findings(report, "offload.none")
    assert (none["load"], none["values"]["occurrences"]) == (None, 2)
    assert none["evidence"][0]["text"] == "load_tensors: offloaded 0/33 layers to GPU"
    assert [finding["load"] for finding in findings(report, "oom.gpu")] == [5, 6, 290]
    (repeated,) = findings(report, "load.repeated")
    assert (repeated["values"]["count"], repeated["values"]["seconds"]) == (149, 298.0)
    assert "300 loads (3 failed)" in report["explanation"]["sections"][0]["statements"][0]["text"]


def test_every_finding_has_its_lines():
    """What is let go with the loads is not what a finding shows, the release's evidence included."""
    report = report_json(report_of_text(log(500, failed=range(2, 400, 9)), "en"))
    assert findings(report, "server.version_inferred")
    assert all(entry["text"] for finding in report["findings"] for entry in finding["evidence"])


def test_a_secret_in_what_an_omitted_load_says():
    """It is masked as everywhere else."""
    lines = log(300).split("\n")
    lines[3] += ' Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789'
    lines.insert(4, 'ggml_cuda_host_malloc: failed to allocate 10.00 MiB of pinned memory: api_key=sk-abcdefghijklmnopqrstuvwxyz0123456789')
    assert "abcdefghijklmnop" not in str(report_json(report_of_text("\n".join(lines), "en")))


def test_the_wanted_one_is_kept():
    """`--load 7` of 450 gives that load, and says nothing of the others."""
    recogniser, assembler = Recogniser(load_knowledge()), Assembler(load_knowledge(), wanted=7)
    for line in lines_of_text(log(450)):
        assembler.take(recogniser.recognise(line))
    assert 7 in {load.index for load in assembler.finish(1).loads}


def test_memory_is_bounded():
    """However many loads fail or get ready, what is held does not grow with them."""
    recogniser, assembler = Recogniser(load_knowledge()), Assembler(load_knowledge())
    most = {}
    for number in range(1, 2_001):
        for text in attempt(number, outcome="failed" if number % 2 else "ready"):
            (line,) = lines_of_text(text)
            line.number = number * 10 + len(text) % 7
            assembler.take(recogniser.recognise(line))
        facts = assembler._facts
        for name in ("loads", "texts", "events"):
            most[name] = max(most.get(name, 0), len(getattr(facts, name)))
    assert most["loads"] <= MOST_FAILED + 2 * LAST_LOADS + 1
    assert most["texts"] <= 6 * (MOST_FAILED + 4 * LAST_LOADS)
    assert most["events"] <= 4 * MOST_FAILED


def test_a_failure_without_its_lines_still_has_its_finding():
    """Of many failures of one kind not every line is kept as an event; each load's own finding is there."""
    report = report_json(report_of_text(log(450, failed=range(1, 401)), "en"))
    assert {finding["load"] for finding in findings(report, "oom.gpu")} == set(range(1, 401))
