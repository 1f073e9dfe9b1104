"""The moments of a load, with their times: what its timeline is made of."""

from reading import facts_of

START = 'time=2025-02-11T11:30:0{}.000+08:00 level=INFO source=server.go:376 msg="starting llama server" cmd="/usr/bin/ollama runner --model /m/x --ctx-size 2048"'
STARTED = 'time=2025-02-11T11:30:0{}.500+08:00 level=INFO source=server.go:594 msg="llama runner started in 4.50 seconds"'
FAILED = 'time=2025-02-11T11:30:07.000+08:00 level=INFO source=sched.go:449 msg="Load failed" model=/m/x error="llama runner process has terminated: exit status 2"'
BETWEEN = """\
llama_model_loader: loaded meta data with 24 key-value pairs and 291 tensors from /m/x (version GGUF V3 (latest))
load_tensors: offloaded 33/33 layers to GPU
load_tensors:        CUDA0 model buffer size =  4155.99 MiB
llama_init_from_model: n_seq_max     = 1
llama_kv_cache_init:      CUDA0 KV buffer size =   256.00 MiB
llama_init_from_model:      CUDA0 compute buffer size =   258.50 MiB
llama_init_from_model:        CPU compute buffer size =    12.01 MiB"""


def moments(text):
    """(stage, line, time) of the last load."""
    return [(stage.stage, stage.line, stage.time) for stage in facts_of(text).loads[-1].stages]


def test_each_stage_is_noted_once_where_it_was_first_reached():
    """In the order of the lines; a line without a time of its own has none."""
    log = "\n".join([START.format(1), BETWEEN, STARTED.format(6)])
    assert moments(log) == [
        ("attempt", 1, "2025-02-11T11:30:01.000+08:00"), ("metadata", 2, None), ("tensors", 3, None), ("context", 5, None),
        ("kv", 6, None), ("compute", 7, None), ("ready", 9, "2025-02-11T11:30:06.500+08:00"),
    ]  # fmt: skip


def test_a_failed_load_ends_with_its_failure():
    """And has no other end."""
    found = moments("\n".join([START.format(1), FAILED]))
    assert [stage for stage, _, _ in found] == ["attempt", "failed"]
    assert found[-1][2] == "2025-02-11T11:30:07.000+08:00"


def test_the_next_load_has_moments_of_its_own():
    """What the second one reaches is not the first one's."""
    one = "\n".join([START.format(1), BETWEEN, STARTED.format(6)])
    loads = facts_of(f"{one}\n{one}").loads
    assert [load.stages[0].line for load in loads] == [1, 10]
    assert [len(load.stages) for load in loads] == [7, 7]
