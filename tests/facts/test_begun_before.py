"""Logs that begin in the middle of a load, or show only how loads failed: each attempt is a load all the same."""

from reading import facts_of

from explain_log.checks import run_checks

REQUEST = (
    'time=2025-11-01T10:00:00.000Z level=INFO source=runner.go:1200 msg=load request="{{Operation:{step} LoraPath:[]'
    " Parallel:2 BatchSize:512 FlashAttention:Disabled KvSize:4096 KvCacheType: NumThreads:4 GPULayers:[]"
    ' MultiUserCache:false ProjectorPath: MainGPU:0 UseMmap:false}}"'
)
FAILED = (
    'time=2025-03-01T10:00:{second:02}.000Z level=ERROR source=sched.go:400 msg="error loading llama server"'
    ' error="timed out waiting for llama runner to start - progress 0.00 - "'
)
READY = 'time=2026-09-20T04:26:58.365Z level=INFO source=llama_server.go:1362 msg="llama-server started in 56.02 seconds"'
OUT_OF_MEMORY = (
    "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory"
)


def findings_of(facts):
    """(id, load) of every finding."""
    return {(o.id, o.load) for o in run_checks(facts)[0]}


def test_a_commit_without_its_beginning_is_a_load():
    """Its request tells the context; Ollama's own engine prints from ggml.go."""
    offloaded = 'time=2025-11-01T10:00:00.100Z level=INFO source=ggml.go:494 msg="offloaded 0/13 layers to GPU"'
    facts = facts_of(f"{REQUEST.format(step='commit')}\n{offloaded}\n")
    (load,) = facts.loads
    assert (load.context.n_ctx, load.context.n_seq_max, load.layers_offloaded) == (4096, 2, 0)
    assert (load.engine, load.outcome, facts.starts_inside) == ("ollama-engine", "unknown", 1)


def test_a_model_put_down_is_no_load():
    """`close` ends one that the log does not show."""
    assert facts_of(REQUEST.format(step="close")).loads == []


def test_the_summary_of_memory_is_of_a_load():
    """Where the log begins with it."""
    line = 'time=2025-08-24T08:26:00.310Z level=INFO source=backend.go:321 msg="kv cache" device=CUDA0 size="936.0 MiB"'
    (load,) = facts_of(line).loads
    assert [(d.device, d.kv_mib) for d in load.devices] == [("CUDA0", 936.0)]


def test_every_failed_attempt_is_a_load():
    """Lines that were picked out of a log; the last attempt is ready."""
    text = "\n".join([FAILED.format(second=1), FAILED.format(second=40), READY])
    facts = facts_of(text)
    assert [load.outcome for load in facts.loads] == ["failed", "ready"]
    assert facts.loads[0].error.kind == "load.timeout"
    assert facts.loads[1].load_seconds == 56.02


def test_the_cause_before_the_first_word_of_a_load_is_its_cause():
    """One failure, one finding, at the line that says why."""
    text = f"{OUT_OF_MEMORY}\nggml_gallocr_reserve_n_impl: failed to allocate CUDA0 buffer of size 4294967296\n"
    facts = facts_of(text)
    (load,) = facts.loads
    assert (load.first_line, load.error.kind, load.error.line) == (1, "oom.gpu", 1)
    assert [found for found in findings_of(facts) if found[0] in ("oom.gpu", "load.failed")] == [("oom.gpu", 1)]


def test_a_cut_command_line_begins_a_load():
    """A runner that only looks for GPUs has a port and no model; a line cut before both tells neither."""
    start = 'time=2025-02-13T20:50:48.943Z level=INFO source=server.go:376 msg="starting llama server" cmd="/opt/ollama/lib/'
    assert len(facts_of(start).loads) == 1
    probe = 'time=2025-11-13T20:50:48.943Z level=INFO source=server.go:376 msg="starting runner" cmd="/usr/bin/ollama runner --port 4"'
    assert facts_of(probe).loads == []


def test_layers_of_the_first_offloads():
    """In 2023 the two halves of the cache counted as layers: the repeating ones are the model's own."""
    text = "llm_load_tensors: offloading 40 repeating layers to GPU\nllm_load_tensors: offloaded 43/43 layers to GPU\n"
    (load,) = facts_of(text).loads
    assert (load.model.n_layer, load.layers_total) == (40, 43)
    assert "line 1" in load.derived["model.n_layer"]
    (later,) = facts_of(text.replace("offloaded 43/43", "offloaded 20/33").replace("40 rep", "20 rep")).loads
    assert later.model.n_layer == 32


def test_a_request_that_a_pager_cut():
    """Its status and time count; its path is as far as it is there."""
    cut = 'Apr 26 18:37:40 host ollama[2326]: [GIN] 2026/04/26 - 18:37:40 | 500 | 41.474437331s |       127.0.0.1 | POST     "/ap>'
    requests = facts_of(cut).requests
    assert (requests.by_status, requests.by_path, requests.max_seconds) == ({"500": 1}, {"/ap…": 1}, 41.474437331)


def test_a_device_that_systemctl_shortened_is_none():
    """`systemctl status` puts `…` for what it leaves out of a line."""
    line = 'time=2025-02-26T01:11:02.714Z level=INFO source=types.go:130 msg="inference compute" id=0 library=c…="119.2 GiB"'
    (run,) = facts_of(line).server_runs
    assert run.devices == []


SLOTS = """\
slot launch_slot_: id  0 | task 14 | processing task, is_child = 0
slot      release: id  0 | task 14 | stop processing: n_tokens = 570, truncated = 0
"""


def test_slots_at_work_are_a_server():
    """Which one, shows when Ollama itself prints something."""
    (run,) = facts_of(SLOTS).server_runs
    assert (run.product, run.first_line) == ("llama.cpp", 1)
    answered = '[GIN] 2026/06/28 - 20:53:07 | 200 |         1m18s |       127.0.0.1 | POST     "/api/chat"'
    (run,) = facts_of(SLOTS + answered).server_runs
    assert (run.product, run.first_line, run.last_line) == ("ollama", 1, 3)


def test_the_runners_port_is_not_the_servers():
    """Where a log begins with a runner's lines, and only later ones show that Ollama started it."""
    ready = "2023/12/03 14:58:42 llama.go:492: llama runner started in 9.2 seconds"
    (run,) = facts_of(f"llama server listening at http://127.0.0.1:54457\n{ready}").server_runs
    assert (run.product, run.listen, run.version) == ("ollama", None, None)
    assert "listen" not in run.lines


def test_what_goes_where_is_of_a_load():
    """A log that begins with how many layers are offloaded."""
    line = 'time=2026-04-17T11:17:48.095+08:00 level=INFO source=ggml.go:494 msg="offloaded 61/61 layers to GPU"'
    (load,) = facts_of(line).loads
    assert (load.layers_offloaded, load.layers_total, load.engine) == (61, 61, "ollama-engine")


def test_lines_in_reverse_order():
    """Viewers that show the newest first: lines that are apart are of other loads, doubled ones are not."""
    ready = 'time=2026-02-02T12:{}:02.735Z level=INFO source=server.go:1339 msg="llama runner started in 29.96 seconds"'
    facts = facts_of("\n".join([ready.format(29), ready.format(29), ready.format(27)]))
    assert [load.outcome for load in facts.loads] == ["ready", "ready"]


def test_an_mlx_runner_that_failed():
    """Its error names it."""
    line = (
        'time=2026-04-10T13:31:52.940+05:30 level=ERROR source=sched.go:567 msg="error loading llama server"'
        ' error="mlx runner failed: Error: failed to initialize MLX: libexample.dylib not found (exit: exit status 1)"'
    )
    (load,) = facts_of(line).loads
    assert (load.engine, load.outcome, load.error.kind) == ("mlx", "failed", "load.failed")


def test_what_the_engine_says_it_allocated_counts_in_a_failed_load():
    """Ollama's own engine prints sizes from ggml.go when it has them; the server's sums may be what it wanted."""
    line = 'time=2025-03-12T12:11:39.337Z level=INFO source={} msg="model weights" buffer=CUDA0 size="16.2 GiB"\n'
    failed = FAILED.format(second=1)
    (load,) = facts_of(line.format("ggml.go:289") + failed).loads
    assert [(d.device, d.model_mib) for d in load.devices] == [("CUDA0", 16588.8)]
    (load,) = facts_of(line.format("device.go:240") + failed).loads
    assert load.devices == []


def test_other_files_of_that_name_tell_no_engine():
    """The server reads model files in a ggml.go of its own."""
    estimate = 'time=2025-10-03T13:18:04.223Z level=DEBUG source=ggml.go:276 msg="key with type not found" key=a default=0\n'
    (load,) = facts_of(REQUEST.format(step="commit") + "\n" + estimate).loads
    assert load.engine != "ollama-engine"
