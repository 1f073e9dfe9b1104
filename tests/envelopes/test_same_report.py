"""A report is the same whatever envelope the same log wears."""

import gzip
import re
from functools import cache
from pathlib import Path

import pytest

from explain_log.lines import Origin
from explain_log.pipeline import make_report, report_of_text
from explain_log.report import report_json

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")

OLLAMA = """\
time=2026-08-01T09:59:00.000Z level=INFO source=routes.go:1234 msg="server config" env="map[OLLAMA_DEBUG:INFO OLLAMA_HOST:http://127.0.0.1:11434 OLLAMA_NUM_PARALLEL:1]"
time=2026-08-01T09:59:00.001Z level=INFO source=images.go:479 msg="total blobs: 6"
time=2026-08-01T09:59:00.002Z level=INFO source=routes.go:1287 msg="Listening on 127.0.0.1:11434 (version 0.9.6)"
time=2026-08-01T09:59:00.003Z level=INFO source=gpu.go:217 msg="looking for compatible GPUs"
time=2026-08-01T09:59:00.300Z level=INFO source=types.go:130 msg="inference compute" id=GPU-0 library=cuda variant=v12 compute=8.6 driver=12.4 name="NVIDIA GeForce RTX 3090" total="23.7 GiB" available="23.4 GiB"
llama_model_loader: loaded meta data with 28 key-value pairs and 291 tensors from /models/blobs/sha256-00112233445566778899aabbccddeeff (version GGUF V3 (latest))
llama_model_loader: - kv   0:                       general.architecture str              = llama
llama_model_loader: - kv   1:                               general.name str              = A model
print_info: file type   = Q4_K - Medium
print_info: file size   = 4.58 GiB (4.89 BPW)
time=2026-08-01T09:59:01.000Z level=INFO source=server.go:438 msg="starting llama server" cmd="/usr/bin/ollama runner --model /models/x --ctx-size 8192 --batch-size 512 --parallel 2"
load_tensors: offloading 32 repeating layers to GPU
load_tensors: offloading output layer to GPU
load_tensors: offloaded 33/33 layers to GPU
load_tensors:        CUDA0 model buffer size =  4403.49 MiB
load_tensors:   CPU_Mapped model buffer size =   281.81 MiB
llama_context: n_seq_max     = 2
llama_context: n_ctx         = 8192
llama_context: n_ctx_per_seq = 4096
llama_context: flash_attn    = 0
llama_kv_cache_unified:      CUDA0 KV buffer size =  1024.00 MiB
llama_context:      CUDA0 compute buffer size =   560.00 MiB
llama_context: graph nodes  = 1094
llama_context: graph splits = 2
time=2026-08-01T09:59:03.500Z level=INFO source=server.go:637 msg="llama runner started in 2.50 seconds"
[GIN] 2026/08/01 - 09:59:05 | 200 |  4.123456789s |       127.0.0.1 | POST     "/api/chat"
[GIN] 2026/08/01 - 09:59:06 | 404 |      65.707µs |       127.0.0.1 | POST     "/api/show"
"""

SERVER = """\
0.00.001.756 I srv  llama_server: initializing ...
0.00.138.040 I load_tensors:   CPU_Mapped model buffer size =    31.33 MiB
0.00.138.040 I llama_context: n_ctx         = 4096
0.00.138.041 W llama_context: n_ctx_seq (1024) < n_ctx_train (4096) -- the full capacity of the model will not be utilized
INFO [                    main] build info | tid="140224525329600" timestamp=1795464052 build=1 commit="7fdb6f7"
INFO [                    main] model loaded | tid="140224525329600" timestamp=1795464053
"""

LOGS = {"example": EXAMPLE, "ollama": OLLAMA, "server": SERVER}
PLACES = {
    "source", "id", "first_line", "last_line", "first_time", "last_time", "time", "line", "lines", "cites", "stats", "starts_at",
}


def without_places(value):
    """A report's values without what tells where and when a line stood."""
    if isinstance(value, dict):
        return {key: without_places(item) for key, item in value.items() if key not in PLACES}
    if isinstance(value, list):
        return [without_places(item) for item in value]
    return re.sub(r"[Ll]ines? \d+(–\d+)?", "line N", value) if isinstance(value, str) else value


@cache
def report_of(text):
    """The report of a log's text, as plain values."""
    return report_json(report_of_text(text, "en"))


@pytest.mark.parametrize("name", sorted(LOGS))
def test_an_envelope_changes_nothing_but_places_and_times(put_on, name):
    """Facts, findings, their evidence and the explanation are those of the bare log."""
    worn = report_of(put_on(LOGS[name].splitlines()))
    assert without_places(worn) == without_places(report_of(LOGS[name]))


@pytest.mark.parametrize("name", sorted(LOGS))
def test_no_line_becomes_unknown(put_on, name):
    """As many lines are recognised as in the bare log, or more where one was cut into parts."""
    worn, bare = report_of(put_on(LOGS[name].splitlines()))["source"], report_of(LOGS[name])["source"]
    assert worn["recognised_lines"] >= bare["recognised_lines"]


def test_the_bare_logs_say_something():
    """The comparison would hold of empty reports too."""
    for text in LOGS.values():
        report = report_of(text)
        assert report["source"]["recognised_lines"] > 5
        assert report["loads"]
        assert report["findings"]


@pytest.mark.parametrize("name", sorted(LOGS))
def test_line_numbers_stay_where_lines_do(put_on, name):
    """Of an envelope that keeps lines one by one, every line number of the report stays."""
    text = put_on(LOGS[name].splitlines())
    if text.count("\n") == LOGS[name].count("\n"):
        worn, bare = report_of(text), report_of(LOGS[name])
        assert [load["lines"] for load in worn["loads"]] == [load["lines"] for load in bare["loads"]]
        assert [finding["evidence"] for finding in worn["findings"]] == [f["evidence"] for f in bare["findings"]]


def test_mixed_envelopes_within_a_file():
    """A file may change its envelope at every line."""
    forms = ("{}", "> {}", "ollama-1  | {}", "Aug 01 10:00:00 host ollama[1]: {}", "2026-08-01T10:00:00Z stderr F {}")
    lines = [forms[number % len(forms)].format(line) for number, line in enumerate(OLLAMA.splitlines())]
    assert without_places(report_of("\n".join(lines))) == without_places(report_of(OLLAMA))


@pytest.mark.parametrize("width", [72, 80, 100, 119, 120])
@pytest.mark.parametrize("name", ["example", "ollama"])
def test_a_terminal_that_broke_the_lines(name, width):
    """Every line that is longer than the terminal is wide goes on in the next."""
    lines = (line[at : at + width] for line in LOGS[name].splitlines() for at in range(0, max(len(line), 1), width))
    assert without_places(report_of("\n".join(lines))) == without_places(report_of(LOGS[name]))


def test_progress_dots_glued_to_what_follows():
    """Dots have no line end of their own until they are a hundred."""
    glued = OLLAMA.replace("time=2026-08-01T09:59:03.500Z", "......time=2026-08-01T09:59:03.500Z").replace(
        "llama_context: n_seq_max", ".....llama_context: n_seq_max"
    )
    assert without_places(report_of(glued)) == without_places(report_of(OLLAMA))


# A file of Windows: PowerShell's `>` writes UTF-16, an old editor GB18030; somebody else packs it.
FILES = {
    "utf-16-powershell": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
    "utf-16-without-mark": lambda text: text.encode("utf-16-le"),
    "utf-16-big-end-first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-8-with-mark": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "gb18030": lambda text: text.encode("gb18030"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip-of-utf-16": lambda text: gzip.compress(text.encode("utf-16")),
    "old-macintosh": lambda text: text.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("form", ["{}", "> Aug 01 10:00:00 主机 ollama[1]: {}", "ollama-1  | {}"])
@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.parametrize("name", sorted(LOGS))
def test_the_encoding_of_a_file(tmp_path, name, kind, form):
    """Within each the same lines stand, envelopes or not."""
    path = tmp_path / "app.log"
    path.write_bytes(FILES[kind]("".join(form.format(line) + "\n" for line in LOGS[name].splitlines())))
    assert without_places(report_json(make_report([Origin(str(path))], "en"))) == without_places(report_of(LOGS[name]))


# What nobody can list: learned from the log itself (lines/margins.py).
UNKNOWN = (
    "[INFO] worker: {}", "{n}. {}", "{n}、{}", "{n}  {}", "./logs/out.txt:{n}:{}", "+{}", "- {}", "| {} |", "**{}**", "8/1/2026, 10:00:00 AM {}",
    "app[148e21f] fra [info] {}", "2026-08-01 10:00:00,123 - worker - INFO - {}", "【10:00:{n}】{}", "build\tRun server\t{}", "PS> {}",
)  # fmt: skip


@pytest.mark.parametrize("form", UNKNOWN)
@pytest.mark.parametrize("name", sorted(LOGS))
def test_a_wrapper_that_nobody_knows(name, form):
    """Its prefix is found, as many lines are recognised, and the report is the same."""
    text = "".join(form.format(line, n=number) + "\n" for number, line in enumerate(LOGS[name].splitlines(), 10))
    worn, bare = report_of(text), report_of(LOGS[name])
    assert worn["source"]["recognised_lines"] >= bare["source"]["recognised_lines"]
    assert without_places(worn) == without_places(bare)


@pytest.mark.parametrize("end", ["", " ", "\r"])
def test_two_statements_on_one_line(end):
    """llama.cpp's second line behind the first, and slog's behind llama.cpp's: two processes write at once."""
    lines = OLLAMA.splitlines()
    places = [place for place, line in enumerate(lines) if line.startswith(("load_tensors: offloading output", "llama_context: n_ctx  "))]
    places += [place for place, line in enumerate(lines) if "llama runner started" in line]
    for place in sorted(places, reverse=True):
        lines[place - 1 : place + 1] = [lines[place - 1] + end + lines[place]]
    text = "\n".join(lines)
    assert text.count("\n") == OLLAMA.count("\n") - 1 - len(places)
    worn, bare = report_of(text), report_of(OLLAMA)
    assert [without_places(load) for load in worn["loads"]] == [without_places(load) for load in bare["loads"]]
    assert [finding["id"] for finding in worn["findings"]] == [finding["id"] for finding in bare["findings"]]
