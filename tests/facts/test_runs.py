"""Server runs: their starts, versions, settings and devices; and requests."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import facts_of

from explain_log.facts.runs import parse_go_map
from explain_log.facts.times import seconds_between
from explain_log.facts.versions import Fingerprint, matches_verbs, releases_of, version_key
from explain_log.knowledge import load as load_knowledge
from explain_log.lines import lines_of_text

LOGS = Path(__file__).parent / "logs"
CONFIG = 'time=2025-08-20T10:00:00.000+08:00 level=INFO source=routes.go:1318 msg="server config" env="map[OLLAMA_NUM_PARALLEL:2]"'
LISTENING = 'time=2025-08-20T10:00:00.100+08:00 level=INFO source=routes.go:1371 msg="Listening on 127.0.0.1:11434 (version 0.11.5)"'
OLD_LISTENING = "2023/12/18 10:00:00 routes.go:895: Listening on 127.0.0.1:11434 (version 0.1.17)"
STARTED = 'time=2025-02-11T11:34:37.966+08:00 level=INFO source=server.go:594 msg="llama runner started in 231.27 seconds"'


def gin(duration="1.0s", status=200, path="/api/chat"):
    """A request line."""
    return f'[GIN] 2025/08/20 - 10:00:12 | {status} | {duration:>10} |       127.0.0.1 | POST     "{path}"'


def runs_of(*lines):
    """The runs of a log of these lines."""
    return facts_of("\n".join(lines)).server_runs


class TestRuns:
    def test_config_and_listening_are_one_start(self):
        """The two lines of a start make one run."""
        (run,) = runs_of(CONFIG, LISTENING)
        assert (run.first_line, run.last_line, run.version, run.listen) == (1, 2, "0.11.5", "127.0.0.1:11434")
        assert run.lines["version"] == run.lines["listen"] == [2]

    def test_listening_alone_is_a_start(self):
        """Old releases print no settings."""
        (run,) = runs_of(OLD_LISTENING)
        assert run.version == "0.1.17"

    def test_two_starts(self):
        """Each has its own settings and address, and the first ends before the second begins."""
        first, second = facts_of((LOGS / "restart.log").read_text(encoding="utf-8")).server_runs
        assert (first.first_line, first.last_line, second.first_line, second.last_line) == (1, 3, 4, 6)
        assert (first.config["OLLAMA_NUM_PARALLEL"], second.config["OLLAMA_NUM_PARALLEL"]) == ("1", "2")
        assert (first.version, second.version) == ("0.11.5", "0.11.6")
        assert (first.listen, second.listen) == ("127.0.0.1:11434", "[::]:11434")

    def test_two_old_starts(self):
        """Without settings each `Listening on` is a start."""
        assert len(runs_of(OLD_LISTENING, gin(), OLD_LISTENING)) == 2

    def test_a_log_that_begins_inside_a_run(self):
        """That run has neither version nor address, and begins with the log."""
        first, second = runs_of("llama_context: n_ctx         = 8192", gin(), CONFIG, LISTENING)
        assert (first.first_line, first.version, first.listen, first.config) == (1, None, None, {})
        assert second.first_line == 3

    def test_a_self_built_ollama_has_no_version(self):
        """0.0.0 is what it calls itself; its lines tell the range."""
        (run,) = runs_of(CONFIG, LISTENING.replace("0.11.5", "0.0.0"))
        assert (run.version, run.version_range) == (None, ["0.11.5", "0.11.6"])

    @pytest.mark.parametrize("prefix", ["", "cmn  common_param:   "])
    def test_devices_of_llama_server(self, prefix):
        """June 2026 lists them bare, later releases under their function's name; the CPU is no GPU."""
        rows = ["- CUDA0   : NVIDIA A40 (45488 MiB, 15814 MiB free)", "- CUDA1   : NVIDIA A40 (45488 MiB, 45000 MiB free)",
                "- CPU     : Some Processor             (252976 MiB, 211777 MiB free)"]
        (run,) = runs_of("device_info:", *(prefix + row for row in rows), "srv    load_model: loading model '/m.gguf'")
        assert [(d.id, d.name, d.total_mib, d.available_mib) for d in run.devices] == [
            ("CUDA0", "NVIDIA A40", 45488, 15814), ("CUDA1", "NVIDIA A40", 45488, 45000),
        ]
        assert run.lines["devices.1.total_mib"] == [3]

    def test_lines_of_llama_cpp_alone_are_no_run(self):
        """A command-line tool serves nobody."""
        assert runs_of("llama_context: n_ctx         = 8192") == []

    def test_an_old_restart_in_a_log_that_begins_inside_a_run(self):
        """Requests, then a start of a release that prints no settings: two runs."""
        assert len(runs_of(gin(), gin(), OLD_LISTENING, gin())) == 2

    def test_devices(self):
        """A GPU with its sizes and its product's name; the CPU is none."""
        (run,) = facts_of((LOGS / "server_one_gpu.log").read_text(encoding="utf-8")).server_runs
        (device,) = run.devices
        assert vars(device) == {
            "id": "GPU-0a1b2c", "name": "NVIDIA GeForce RTX 3060", "library": "cuda", "compute": "8.6", "driver": "12.4",
            "total_mib": pytest.approx(11878.4), "available_mib": pytest.approx(11468.8),
        }
        assert run.lines["devices.0.total_mib"] == [3]

    def test_the_product_name_is_the_description_where_there_is_one(self):
        """From 0.12.4 on `name` is CUDA0 and `description` is the product."""
        line = ('time=2025-10-20T10:00:00.500+08:00 level=INFO source=types.go:42 msg="inference compute" id=GPU-1 library=CUDA compute=8.6 '
                'name=CUDA0 description="NVIDIA RTX A4000" driver=12.4 total="16.0 GiB" available="15.5 GiB"')
        (run,) = runs_of(CONFIG, line)
        assert run.devices[0].name == "NVIDIA RTX A4000"

    @pytest.mark.parametrize("log", ["server_one_gpu", "restart", "no_load", "vocab_agrees"])
    def test_every_value_of_a_run_has_its_lines_or_its_derivation(self, log):
        """ServerRun has `lines` as well."""
        for run in facts_of((LOGS / f"{log}.log").read_text(encoding="utf-8")).server_runs:
            for name in ("version", "listen", "version_range"):
                assert getattr(run, name) is None or name in run.lines or name in run.derived
            assert {f"config.{name}" for name in run.config} <= set(run.lines)

    def test_an_inferred_version_is_derived_and_not_read(self):
        """It follows from lines, and does not stand there."""
        (run,) = runs_of(STARTED)
        assert "version_range" in run.derived
        assert "version_range" not in run.lines


class TestGoMap:
    @pytest.mark.parametrize(
        ("text", "pairs"),
        [
            ("map[]", {}),
            ("", {}),
            ("map[A:1]", {"A": "1"}),
            ("map[A:1 B:two words C:]", {"A": "1", "B": "two words", "C": ""}),
            ("map[OLLAMA_MODELS:/srv/my models/a b OLLAMA_HOST:http://x:1]", {"OLLAMA_MODELS": "/srv/my models/a b", "OLLAMA_HOST": "http://x:1"}),
            ("map[OLLAMA_ORIGINS:[http://localhost https://localhost:* app://*]]", {"OLLAMA_ORIGINS": "[http://localhost https://localhost:* app://*]"}),
            ("map[http_proxy:http://a:3128 no_proxy:]", {"http_proxy": "http://a:3128", "no_proxy": ""}),
            (r"map[OLLAMA_MODELS:C:\Users\Jo Doe\.ollama OLLAMA_DEBUG:false]", {"OLLAMA_MODELS": r"C:\Users\Jo Doe\.ollama", "OLLAMA_DEBUG": "false"}),
        ],
    )
    def test_pairs(self, text, pairs):
        """Values keep their blanks and colons."""
        assert parse_go_map(text) == pairs

    @given(st.dictionaries(
        st.from_regex(r"OLLAMA_[A-Z]{1,8}", fullmatch=True),
        st.lists(st.from_regex(r"[a-z/.:\[\]*0-9]{1,8}", fullmatch=True), max_size=3).map(" ".join).filter(lambda v: not v.endswith("]")),
    ))
    def test_what_was_printed_is_read(self, pairs):
        """Any map of settings comes back."""
        assert parse_go_map("map[" + " ".join(f"{k}:{v}" for k, v in pairs.items()) + "]") == pairs

    @given(st.text())
    def test_never_raises(self, text):
        """Whatever a log has there."""
        parse_go_map(text)


class TestVersions:
    @pytest.mark.parametrize(("text", "key"), [("0.5.7", (0, 5, 7)), ("v0.5.13-rc1", (0, 5, 13)), ("", ()), ("0.5.7-0-ga420a45-dirty", (0, 5, 7))])
    def test_key(self, text, key):
        """Numbers are compared as numbers."""
        assert version_key(text) == key

    def test_order(self):
        """0.5.13 comes after 0.5.7."""
        assert sorted(["0.5.13", "0.5.7", "0.10.0"], key=version_key) == ["0.5.7", "0.5.13", "0.10.0"]

    def test_the_example_s_line(self):
        """server.go:594 prints `llama runner started` in 0.5.2 to 0.5.7."""
        (run,) = runs_of(STARTED)
        assert run.version_range == ["0.5.2", "0.5.7"]

    def test_another_message_from_the_same_line(self):
        """server.go:594 is another place in another release."""
        (run,) = runs_of(STARTED.replace("llama runner started in 231.27 seconds", "waiting for server to become available"))
        assert run.version_range == ["0.1.46", "0.1.48"]

    def test_an_unknown_place_tells_nothing(self):
        """No range is invented."""
        (run,) = runs_of(STARTED.replace("server.go:594", "server.go:99999"))
        assert run.version_range is None

    def test_evidence_that_contradicts_is_left_out(self):
        """The first that was seen stays: a range is never empty."""
        (run,) = runs_of(STARTED, STARTED.replace("llama runner started in 231.27 seconds", "waiting for server to become available"))
        assert run.version_range == ["0.5.2", "0.5.7"]

    def test_a_logged_version_is_not_inferred(self):
        """A range beside a version would be noise."""
        (run,) = runs_of(CONFIG, LISTENING, STARTED)
        assert run.version_range is None

    def test_a_line_without_a_place_tells_nothing(self):
        """llama.cpp's own lines have none."""
        fingerprint = Fingerprint(load_knowledge())
        for line in lines_of_text("llama_context: n_ctx         = 8192"):
            fingerprint.add(line)
        assert fingerprint.range() is None

    def test_releases_of_a_place_that_is_not_known(self):
        """An empty set."""
        assert releases_of(load_knowledge(), "nowhere.go:1", "x") == set()

    @pytest.mark.parametrize(
        ("template", "message", "yes"),
        [
            ("llama runner started in %0.2f seconds", "llama runner started in 231.27 seconds", True),
            ("llama runner started in %0.2f seconds", "llama runner stopped in 231.27 seconds", False),
            ("%s: %d of %d", "a: 1 of 2", True), ("%s: %d of %d", "a: 1 or 2", False), ("100%% of %s", "100% of it", True),
            ("plain", "plain", True), ("plain", "plain text", False), ("a %s b %s a", "a b a", False), ("%s", "", True), ("ends with %", "ends with ", True),
        ],
    )
    def test_verbs(self, template, message, yes):
        """A verb stands for any text, the rest for itself."""
        assert matches_verbs(template, message) is yes

    @given(st.text(max_size=40), st.text(max_size=40))
    def test_verbs_never_raise(self, template, message):
        """Any template, any message."""
        matches_verbs(template, message)


class TestEngines:
    @pytest.mark.parametrize(("version", "engine"), [("0.5.7", "go-runner"), ("0.3.14", "llama.cpp-runner"), ("0.1.17", "llama.cpp-server"), ("0.1.31", "llama.cpp-library"), ("0.31.0", "llama-server"), ("0.25.0", None), ("0.0.0", "go-runner")])
    def test_by_version(self, version, engine):
        """The release says which program runs the model; where it is not known, nothing is said."""
        (load,) = facts_of("\n".join([CONFIG, LISTENING.replace("0.11.5", version), "llama_context: n_ctx         = 8192"])).loads
        assert load.engine == engine
        assert ("engine" in load.derived) == (engine is not None)


class TestRequests:
    def test_sums(self):
        """Count, status, path, times and lines of five requests."""
        requests = facts_of((LOGS / "server_one_gpu.log").read_text(encoding="utf-8")).requests
        assert (requests.count, requests.by_status) == (5, {"200": 4, "404": 1})
        assert requests.by_path == {"/api/chat": 3, "/api/show": 1, "/api/generate": 1}
        assert (requests.median_seconds, requests.max_seconds) == (2.0, 65.0)
        assert requests.last_line - requests.first_line == 4

    def test_no_requests(self):
        """Null, and not a summary of nothing."""
        assert facts_of("llama_context: n_ctx         = 8192").requests is None

    def test_paths_are_counted_without_their_queries(self):
        """`?a=1` is not another path."""
        assert facts_of(gin(path="/api/tags?a=1") + "\n" + gin(path="/api/tags?a=2")).requests.by_path == {"/api/tags": 2}

    def test_many_paths_stay_few(self):
        """A scanner cannot fill the report; what is kept counts on."""
        requests = facts_of("\n".join(gin(path=f"/p{n}") for n in range(300)) + "\n" + gin(path="/p0")).requests
        assert (requests.count, len(requests.by_path), requests.by_path["/p0"]) == (301, 200, 2)

    def test_median_of_an_even_number(self):
        """The mean of the two in the middle."""
        assert facts_of(gin("1.0s") + "\n" + gin("3.0s")).requests.median_seconds == 2.0

    def test_95th_percentile(self):
        """19 of 20 requests are not slower (nearest rank)."""
        assert facts_of("\n".join(gin(f"{n}.0s") for n in range(1, 21))).requests.p95_seconds == 19.0

    def test_requests_have_their_lines(self):
        """Where the slowest request stands, say."""
        assert facts_of(gin("1.0s") + "\n" + gin("3.0s")).requests.lines


class TestLlamaServer:
    def test_a_run(self):
        """Its build, its address and its GPU."""
        (run,) = facts_of((LOGS / "llama_server.log").read_text(encoding="utf-8")).server_runs
        assert (run.product, run.version, run.listen, run.version_range) == ("llama.cpp", "b8179", "127.0.0.1:8080", None)
        assert [(d.id, d.name, d.total_mib, d.available_mib) for d in run.devices] == [("CUDA0", "NVIDIA RTX 3090", 24576, 24000)]

    def test_a_local_build_has_no_version(self):
        """A number under 1000 is a build without its history."""
        (run,) = runs_of("build_info: b999-abc1234", "main: server is listening on http://127.0.0.1:8080 - starting the main loop")
        assert run.version is None

    def test_a_build_that_does_not_serve_is_no_run(self):
        """llama-cli prints its build as well."""
        assert runs_of("build_info: b8179-abc1234", "llama_context: n_ctx         = 8192") == []

    def test_a_port_in_use(self):
        """A start that failed is no run."""
        assert runs_of("build_info: b8179-abc1234", "srv         start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080") == []
        assert len(runs_of(CONFIG, LISTENING, gin(), CONFIG, "Error: listen tcp 127.0.0.1:11434: bind: address already in use", gin())) == 1


@pytest.mark.parametrize(("first", "second", "seconds"), [
    ("2025-08-20T10:00:00.000+08:00", "2025-08-20T10:00:09.500+08:00", 9.5),
    ("2025-08-20T10:00:00+08:00", "2025-08-20T02:00:01+00:00", 1.0),
    ("2025-08-20T10:00:00", "2025-08-20T10:00:00+08:00", None),
    (None, "2025-08-20T10:00:00", None), ("2025-08-20T10:00:00", None, None), ("yesterday", "2025-08-20T10:00:00", None),
])
def test_seconds_between(first, second, seconds):
    """Across zones; None where two times cannot be compared."""
    assert seconds_between(first, second) == seconds
