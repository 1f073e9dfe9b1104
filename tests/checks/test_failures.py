"""Failures, the whole way through: from lines written after the statements' samples to findings."""

import re
import tomllib
from pathlib import Path

import pytest

from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.knowledge.compile import read_findings, read_statements
from explain_log.pipeline import report_of_text

KNOWLEDGE = Path(CHECKOUT_FOLDER)
TABLE = tomllib.loads((KNOWLEDGE / "failures.toml").read_text(encoding="utf-8"))
ROWS = [(kind, row) for kind in ("failure", "event") for row in TABLE[kind]]
SLOG = "time=2025-06-01T10:00:00.000Z level={} source=server.go:100 msg={}"

# A load's first lines, in the words of two eras and of the standalone server.
OLLAMA = [
    SLOG.format("INFO", '"starting llama server" cmd="/usr/bin/ollama runner --model /m/blobs/sha256-aa --ctx-size 8192 --parallel 1 --port 40000"'),
    "llama_model_loader: loaded meta data with 30 key-value pairs and 292 tensors from /m/blobs/sha256-aa (version GGUF V3 (latest))",
    "load_tensors: offloading 32 repeating layers to GPU",
]
LLAMA = [
    "build: 5760 (e8215dbb) with cc (Debian 12) 12.2.0 for x86_64-linux-gnu",
    "main: loading model",
    "srv    load_model: loading model '/m/model.gguf'",
    "llama_model_loader: loaded meta data with 30 key-value pairs and 292 tensors from /m/model.gguf (version GGUF V3 (latest))",
]
READY = SLOG.format("INFO", '"llama runner started in 2.01 seconds"')


def load_failed(error):
    """What Ollama prints last, at INFO."""
    return SLOG.format("INFO", f'"Load failed" model=/m/blobs/sha256-aa error="{error}"')


def terminated(reason):
    """The error in which Ollama quotes the runner."""
    return load_failed(f"llama runner process has terminated: {reason}")


def findings(*lines, language="en"):
    """The findings of a log, by id."""
    report = report_of_text("\n".join(lines) + "\n", language)
    return {finding.id: finding for finding in report.findings}


def failures_among(found):
    """The ids that say why something failed."""
    return {row["finding"] for row in TABLE["failure"]} & set(found)


CUDA_MALLOC = (
    "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 11264.00 MiB on device 0: cudaMalloc failed: out of memory"
)
OUTSIDE = (
    "llama_model_load: error loading model: tensor 'blk.3.ffn_up.weight' data is not within the file bounds, "
    "model is corrupted or incomplete"
)
CASES = [
    ("oom.gpu", [*OLLAMA, CUDA_MALLOC, "alloc_tensor_range: failed to allocate CUDA0 buffer of size 11811160064",
                 "llama_model_load: error loading model: unable to allocate CUDA0 buffer",
                 "llama_model_load_from_file_impl: failed to load model",
                 terminated("error loading model: unable to allocate CUDA0 buffer")]),
    ("oom.gpu", [*OLLAMA, terminated("cudaMalloc failed: out of memory")]),
    ("oom.gpu", [*OLLAMA, CUDA_MALLOC, terminated("exit status 2")]),
    ("oom.gpu", [*LLAMA, CUDA_MALLOC, "llama_init_from_model: failed to initialize the context: failed to allocate compute pp buffers",
                 "srv    load_model: failed to load model, '/m/model.gguf'", "main: exiting due to model loading error"]),
    ("oom.gpu", [*LLAMA, "ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 9013559296",
                 "main: exiting due to model loading error"]),
    ("oom.gpu", [*LLAMA, "ggml_vulkan: Device memory allocation of size 2147483648 failed.",
                 "ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory", "main: exiting due to model loading error"]),
    ("oom.gpu", [*LLAMA, "CUDA error: out of memory", "/src/ggml-cuda.cu:80: CUDA error"]),
    ("oom.system", [*LLAMA, "ggml_aligned_malloc: insufficient memory (attempted to allocate 11718.75 MB)",
                    "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 12288000000",
                    "llama_kv_cache_init: failed to allocate buffer for kv cache", "main: exiting due to model loading error"]),
    ("oom.system", [*LLAMA, "alloc_tensor_range: failed to allocate CPU buffer of size 101738496",
                    "main: exiting due to model loading error"]),
    ("oom.system", [*OLLAMA, load_failed("model requires more system memory (24.1 GiB) than is available (11.3 GiB)")]),
    ("oom.killed", [*OLLAMA, terminated("signal: killed")]),
    ("oom.killed", [*OLLAMA, READY, "ollama.service: A process of this unit has been killed by the OOM killer."]),
    ("model.unknown_architecture", [*OLLAMA, "llama_model_load: error loading model: error loading model architecture: unknown model architecture: 'newarch'",
                                    "llama_model_load_from_file_impl: failed to load model",
                                    terminated("error loading model: error loading model architecture: unknown model architecture: 'newarch'")]),
    ("model.unknown_architecture", [*OLLAMA, load_failed("unable to load model: unknown model architecture: 'newarch'")]),
    ("model.corrupt", [*LLAMA[:3], "gguf_init_from_file_impl: invalid magic characters: 'abcd', expected 'GGUF'",
                       "llama_model_load: error loading model: llama_model_loader: failed to load model from /m/model.gguf",
                       "llama_model_load_from_file_impl: failed to load model", "main: exiting due to model loading error"]),
    ("model.corrupt", [*LLAMA, OUTSIDE, "main: exiting due to model loading error"]),
    ("model.missing", [*LLAMA[:3], "gguf_init_from_file: failed to open GGUF file '/m/model.gguf' (No such file or directory)",
                       "llama_model_load: error loading model: llama_model_loader: failed to load model from /m/model.gguf",
                       "main: exiting due to model loading error"]),
    ("model.missing", [*LLAMA[:3], "gguf_init_from_file_impl: failed to read magic",
                       "llama_model_load: error loading model: llama_model_loader: failed to load model from /m/models/",
                       "main: exiting due to model loading error"]),
    ("model.projector_unsupported", [*LLAMA, "srv    load_model: failed to load multimodal model, '/m/mmproj.gguf'",
                                     "main: exiting due to model loading error"]),
    ("model.projector_unsupported", [*OLLAMA, load_failed("split vision models aren't supported")]),
    ("kv.needs_flash_attention", [*LLAMA, "llama_init_from_model: V cache quantization requires flash_attn",
                                  "common_init_from_params: failed to create context with model '/m/model.gguf'"]),
    ("gpu.error", [*OLLAMA, READY, "CUDA error: an illegal memory access was encountered",
                   "  current device: 0, in function ggml_backend_cuda_synchronize at /src/ggml-cuda.cu:2400",
                   "/src/ggml-cuda.cu:80: CUDA error", "SIGABRT: abort",
                   SLOG.format("ERROR", '"llama runner terminated" error="exit status 2"')]),
    ("gpu.error", [*OLLAMA, terminated("CUDA error: unspecified launch failure")]),
    ("runner.assertion", [*OLLAMA, READY, "/src/ggml.c:4058: GGML_ASSERT(a->ne[0] == b->ne[0]) failed", "SIGABRT: abort",
                          SLOG.format("ERROR", '"post predict" error="Post \\"http://127.0.0.1:40000/completion\\": EOF"')]),
    ("runner.assertion", [*OLLAMA, terminated("GGML_ASSERT(tensor->op == GGML_OP_UNARY) failed")]),
    ("runner.segfault", [*OLLAMA, READY, "SIGSEGV: segmentation violation", "signal arrived during cgo execution",
                         SLOG.format("ERROR", '"llama runner terminated" error="exit status 2"')]),
    ("runner.panic", [*OLLAMA, READY, "panic: runtime error: invalid memory address or nil pointer dereference",
                      "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7ff]",
                      SLOG.format("ERROR", '"llama runner terminated" error="exit status 2"')]),
    ("runner.terminated", [*OLLAMA, terminated("exit status 2")]),
    ("runner.terminated", [*OLLAMA, READY, SLOG.format("ERROR", '"llama runner terminated" error="exit status 0xc0000409"')]),
    ("runner.terminated", [*OLLAMA, READY, SLOG.format("ERROR", '"post predict" error="Post \\"http://127.0.0.1:40000/completion\\": EOF"')]),
    ("load.timeout", [*OLLAMA, load_failed("timed out waiting for llama runner to start - progress 0.00 - ")]),
    ("load.cancelled", [*OLLAMA, load_failed("timed out waiting for llama runner to start: context canceled")]),
    ("load.cancelled", [*OLLAMA, SLOG.format("WARN", '"client connection closed before server finished loading, aborting load"'),
                        SLOG.format("ERROR", '"error loading llama server" error="timed out waiting for llama runner to start: context canceled"')]),
    ("load.failed", [*OLLAMA, load_failed("something that nobody has seen before")]),
    ("load.failed", [*LLAMA, "srv    load_model: failed to load model, '/m/model.gguf'", "main: exiting due to model loading error"]),
    ("config.invalid", ['error while handling argument "-ctk": Unsupported cache type: q3_K']),
    ("context.full", [*OLLAMA, READY, "/src/llama.cpp:18000: Deepseek2 does not support K-shift", "SIGABRT: abort",
                      SLOG.format("ERROR", '"llama runner terminated" error="exit status 2"')]),
]


@pytest.mark.parametrize(("wanted", "lines"), CASES, ids=[f"{wanted}-{number}" for number, (wanted, _) in enumerate(CASES)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_failure_has_its_most_specific_finding(wanted, lines, language):
    """That one, and none that only says that something failed."""
    found = findings(*lines, language=language)
    assert failures_among(found) == {wanted}
    assert found[wanted].evidence
    for text in (found[wanted].title, found[wanted].detail):
        assert "{" not in re.sub(r"“[^”]*”", "", text)


def test_the_load_error_is_the_finding():
    """What the load's error names is what the finding says."""
    report = report_of_text("\n".join([*OLLAMA, CUDA_MALLOC, terminated("exit status 2")]) + "\n", "en")
    assert report.loads[-1].outcome == "failed"
    assert report.loads[-1].error.kind == "oom.gpu"


def test_sizes_are_mib_and_the_device_has_its_name():
    """Bytes of one line, MiB of another, CUDA0 from the line that says it."""
    found = findings(*LLAMA, "ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 9013559296")["oom.gpu"]
    assert found.values["size_mib"] == pytest.approx(8596)
    assert found.values["device"] == "CUDA0"
    assert "8596" in found.detail


def test_what_memory_lacks_is_read_from_the_error():
    """Both sizes of Ollama's message."""
    found = findings(*OLLAMA, load_failed("model requires more system memory (24.1 GiB) than is available (11.3 GiB)"))
    assert found["oom.system"].values["required"] == "24.1 GiB"
    assert found["oom.system"].values["available"] == "11.3 GiB"


def test_an_allocation_that_failed_on_the_way_is_a_warning():
    """The load got ready all the same."""
    found = findings(*OLLAMA, CUDA_MALLOC, READY)
    assert found["oom.gpu"].severity == "warning"
    assert found["oom.gpu"].load == 1


def test_what_has_no_cause_is_nothing_in_a_load_that_got_ready():
    """A first try that failed and a second that worked."""
    assert not failures_among(findings(*OLLAMA, "llama_model_load_from_file_impl: failed to load model", READY))


def test_failures_of_no_known_load_are_told_apart():
    """Two attempts whose start the log does not show, hours apart."""
    memory = load_failed("model requires more system memory (24.1 GiB) than is available (11.3 GiB)")
    between = ['[GIN] 2025/06/01 - 10:00:05 | 200 |  1.2s |       127.0.0.1 | POST     "/api/chat"'] * 300
    assert failures_among(findings(memory, *between, terminated("exit status 2"))) == {"oom.system", "runner.terminated"}


def test_each_load_has_its_own_cause():
    """One ran out of memory, the next was given up by the client."""
    second = [line.replace("sha256-aa", "sha256-bb").replace("10:00:00", "11:00:00") for line in OLLAMA]
    found = findings(*OLLAMA, CUDA_MALLOC, terminated("exit status 2"), *second, load_failed("context canceled"))
    assert failures_among(found) == {"oom.gpu", "load.cancelled"}


@pytest.mark.parametrize(
    "line",
    [
        SLOG.format("INFO", '"starting runner" cmd="ollama runner --port 1"'),
        '[GIN] 2025/06/01 - 10:00:05 | 200 |  1.2s |       127.0.0.1 | POST     "/api/chat"',
        "the answer: CUDA error and out of memory are only words here",
        SLOG.format("DEBUG", '"llama server stopped"'),
    ],
)
def test_other_lines_are_no_failures(line):
    """A healthy load stays healthy."""
    assert not failures_among(findings(*OLLAMA, READY, line))


# The table itself.


def test_the_table_names_statements_and_findings_that_exist():
    """So that a renamed statement is noticed here and not by a user."""
    statements = {entry.id for entry in read_statements(KNOWLEDGE)}
    named = {name for _, row in ROWS for name in row.get("statements", []) or [row["statement"]]}
    assert named - statements == set()
    assert {row["finding"] for _, row in ROWS} - {entry.id for entry in read_findings(KNOWLEDGE)} == set()


@pytest.mark.parametrize("pattern", sorted({p for _, row in ROWS for p in row.get("where", {}).values()} | set(TABLE["extract"].values())))
def test_patterns_are_linear(pattern):
    """RE2 accepts them, and they compile here as well."""
    re.compile(pattern)
    pytest.importorskip("re2").compile(pattern)


@pytest.mark.parametrize(("finding", "variants"), TABLE["variants"].items())
def test_variants_are_texts(finding, variants):
    """Each variant named in the table is a text of its finding."""
    entry = next(entry for entry in read_findings(KNOWLEDGE) if entry.id == finding)
    texts = {name for text in (entry.title, entry.detail, entry.say) if text and isinstance(text.zh, dict) for name in text.zh}
    assert {name for name, *_ in variants} <= texts


def test_ranks_order_causes_before_what_follows_from_them():
    """What only says that it failed ranks last, and each failure has a rank."""
    ranks = {row["finding"]: row["rank"] for row in TABLE["failure"]}
    assert all("rank" in row for row in TABLE["failure"])
    least_specific = min(row["rank"] for row in TABLE["failure"] if row["finding"] == "load.failed")
    assert least_specific > max(rank for name, rank in ranks.items() if name.startswith(("oom.", "model.", "kv.", "config.")))
