"""What collectors, viewers and people put around a line comes off, and tells what it knows."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.lines import lines_of_text, unwrapped
from explain_log.lines.dates import leading_clock, leading_date, of_epoch

TEXT = "llama_context: n_ctx         = 4096"


def taken_off(raw):
    """A line without its envelopes."""
    return unwrapped(1, raw)


class TestDates:
    """Every shape of a date that collectors write."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2025-02-11T03:34:37Z", "2025-02-11T03:34:37Z"),
            ("2025-02-11T03:34:37.966123456Z", "2025-02-11T03:34:37.966123456Z"),
            ("2025-02-11T11:34:37+0800", "2025-02-11T11:34:37+08:00"),
            ("2025-02-11T11:34:37.966+08:00", "2025-02-11T11:34:37.966+08:00"),
            ("2025-02-11 11:34:37,966", "2025-02-11T11:34:37.966"),
            ("2025-02-11 11:34:37 +0530", "2025-02-11T11:34:37+05:30"),
            ("2025-02-11 11:34:37 UTC", "2025-02-11T11:34:37Z"),
            ("2025-02-11 11:34:37 CST", "2025-02-11T11:34:37"),
            ("Tue 2025-02-11 11:34:37 CST", "2025-02-11T11:34:37"),
            ("Feb 11 11:34:37", "--02-11T11:34:37"),
            ("Feb  1 11:34:37.123456", "--02-01T11:34:37.123456"),
            ("2月 11 11:34:37", "--02-11T11:34:37"),
            ("2月11日 11:34:37", "--02-11T11:34:37"),
            ("12월 11 11:34:37", "--12-11T11:34:37"),
            ("févr. 11 11:34:37", "--02-11T11:34:37"),
            ("фев 11 11:34:37", "--02-11T11:34:37"),
            ("Haz 11 11:34:37", "--06-11T11:34:37"),
            ("paź 11 11:34:37", "--10-11T11:34:37"),
            ("лют 11 11:34:37", "--02-11T11:34:37"),
            ("Tue Feb 11 11:34:37 CST 2025", "2025-02-11T11:34:37"),
            ("Feb 11 2025 11:34:37", "2025-02-11T11:34:37"),
        ],
    )
    def test_a_date_becomes_iso_8601(self, text, expected):
        """The whole text is the date, whatever follows it."""
        assert leading_date(text) == (expected, len(text))
        assert leading_date(text + " x") == (expected, len(text))

    @pytest.mark.parametrize(
        "text",
        ["", "2025-02-11", "2025-13-11T11:34:37", "2025-02-32T11:34:37", "2025-02-11T24:34:37", "2025-02-11T11:64:37", "Foo 11 11:34:37",
         "Feb 32 11:34:37", "Feb 11:34:37", "llama: 11:34:37", "20x5-02-11T11:34:37", "２０２５-02-11T11:34:37", "Tu3 2025-02-11 11:34:37"],
    )  # fmt: skip
    def test_what_is_no_date(self, text):
        """Days and hours that there are not; other numbers."""
        assert leading_date(text) is None

    def test_clocks_and_epochs(self):
        """A time of day alone; microseconds since 1970."""
        assert leading_clock("11:34:37.966 x") == 12
        assert leading_clock("11:34 x") == -1
        assert of_epoch(1_739_273_677_123_456) == "2025-02-11T11:34:37.123456Z"
        assert of_epoch(10**30) is None


class TestTextEnvelopes:
    """Envelopes in front of a line."""

    @pytest.mark.parametrize(
        ("raw", "envelope", "process"),
        [
            ("Feb 11 11:34:37 host ollama[1234]: {}", ("journald",), "ollama[1234]"),
            ("2月 11 11:34:37 host ollama[1234]: {}", ("journald",), "ollama[1234]"),
            ("Feb 11 11:34:37 ollama[1234]: {}", ("journald",), "ollama[1234]"),
            ("Feb 11 11:34:37   ollama[]: {}", ("journald",), "ollama[]"),
            ("Feb 11 11:34:37 host ollama[***]: {}", ("journald",), "ollama[***]"),
            ("Feb 11 11:34:37 host kernel: {}", ("journald",), "kernel"),
            ("Feb 11 11:34:37 host my-llama.service: {}", ("journald",), "my-llama.service"),
            ("[   12.345678] host llama-server[7]: {}", ("journald",), "llama-server[7]"),
            ("1739273677.123456 host ollama[1]: {}", ("journald",), "ollama[1]"),
            ("[   12.345678 <    0.000123 >] host ollama[77]: {}", ("journald",), "ollama[77]"),
            ("[ 1234.345678               ] host ollama[77]: {}", ("journald",), "ollama[77]"),
            ("Tue 2025-02-11 11:34:37 CST host ollama.service[77]: {}", ("journald",), "ollama.service[77]"),
            ("ollama[1234]: {}", ("journald",), "ollama[1234]"),
            ("host ollama[1234]: {}", ("journald",), "ollama[1234]"),
            ("[45001] {}", ("router",), "llama-server:45001"),
            ("<30>Feb 11 11:34:37 host ollama[1]: {}", ("syslog", "journald"), "ollama[1]"),
            ("<30>1 2025-02-11T03:34:37Z host ollama 99 - - {}", ("syslog",), "ollama[99]"),
            ("ollama-1  | {}", ("docker-compose",), "ollama-1"),
            ("stack_ollama.1.abc@node    | {}", ("docker-compose",), "stack_ollama.1.abc@node"),
            ("0|ollama  | {}", ("docker-compose",), "ollama[0]"),
            ("2025-02-11T03:34:37.966Z stdout F {}", ("cri",), None),
            ("2025-02-11T03:34:37.966Z {}", ("timestamp",), None),
            ("Feb 11 11:34:37 {}", ("timestamp",), None),
            ("ollama | 2025-02-11 03:34:37.966 | {}", ("docker-compose", "timestamp"), "ollama"),
            ("[2024-12-05 01:56:09] [stderr] {}", ("timestamp", "stream"), None),
            ("stderr: {}", ("stream",), None),
            ("11:34:37 {}", ("timestamp",), None),
            ("[pod/ollama-0/ollama] {}", ("kubernetes",), "ollama-0/ollama"),
            ("[ollama-7d9f8b6c5-x2x5z ollama] {}", ("kubernetes",), "ollama-7d9f8b6c5-x2x5z ollama"),
            ("ollama-7d9f8b6c5-x2x5z ollama {}", ("kubernetes",), "ollama-7d9f8b6c5-x2x5z/ollama"),
            ("> {}", ("quote",), None),
            ("`{}`", ("quote",), None),
            ("<pre>{}", ("quote",), None),
            ("```{}", ("fence",), None),
            ("     1\t{}", ("cat-n",), None),
            ("   1 {}", ("cat-n",), None),
            ("  17 | {}", ("cat-n",), None),
            ("12:{}", ("grep",), None),
            ("/var/log/server.log:12:{}", ("grep",), None),
            ("server.log:{}", ("grep",), None),
            ("user@host:~/x$ {}", ("prompt",), None),
            ("(base) user@host:~$ {}", ("prompt",), None),
            ("PS C:\\Users\\x> {}", ("prompt",), None),
            ("C:\\Users\\x>{}", ("prompt",), None),
            ("$ {}", ("prompt",), None),
            ("ollama : {}", ("powershell",), None),
            ("MESSAGE={}", ("journald",), None),
        ],
    )
    def test_the_line_remains(self, raw, envelope, process):
        """The envelope's name is noted, and who printed the line where it is told."""
        line = taken_off(raw.format(TEXT))
        assert (line.text, line.envelope, line.process) == (TEXT, envelope, process)
        assert line.raw == TEXT
        assert line.given == raw.format(TEXT)

    @pytest.mark.parametrize(
        "raw",
        [
            "slot print_timing: id  0 | task 0 | x", "system_info: n_threads = 2 | CPU : SSE3 = 1", "INFO [main] build info | build=1",
            "[GPU-14d5a6f0-6b25-dd19-6bab-241bac4cf6dd] CUDA totalMem 64944 mb", "<|im_start|>user", "system info: n_threads = 2",
            "30\t../sysdeps/unix/wait4.c: No such file", "error loading model: x", "{% if x %}", '{"a":1}', "{", "[1] 1234", "CPU: 5 | x",
            "llama-server is here", "1 CUDA device", "12: x", "<30>", "<x>y", "stderr x", "a@b c", "C:\\models\\x.gguf > y", "x.log: y",
        ],
    )  # fmt: skip
    def test_what_programs_print_themselves_is_no_envelope(self, raw):
        """Bars, brackets, colons and numbers within a line."""
        line = taken_off(raw)
        assert (line.text, line.envelope, line.process) == (raw, (), None)

    def test_other_programs_of_a_journal_keep_their_text_and_say_who_they_are(self):
        """Facts can tell them from Ollama by the process."""
        line = taken_off("Feb 11 11:34:37 host sshd[5]: Server listening on 0.0.0.0 port 22.")
        assert (line.text, line.process) == ("Server listening on 0.0.0.0 port 22.", "sshd[5]")

    def test_functions_of_llama_cpp_are_no_programs(self):
        """A stamp in front of a name with a colon is no host."""
        for text in ("srv  load_model: x", "slot get_availabl: x", "system info: x", "llama_context: x", "Device 0: NVIDIA"):
            line = taken_off(f"2025-02-11T03:34:37Z {text}")
            assert (line.text, line.envelope) == (text, ("timestamp",))

    def test_the_program_s_own_time_wins(self):
        """The collector's time counts only where the line has none."""
        line = taken_off("2025-02-11T11:34:37Z stderr F time=2025-02-11T11:34:36.000+08:00 level=INFO msg=x")
        assert (line.time, line.stamped) == ("2025-02-11T11:34:36.000+08:00", False)
        line = taken_off("2025-02-11T11:34:37Z stderr F x")
        assert (line.time, line.stamped) == ("2025-02-11T11:34:37Z", True)

    def test_rsyslog_s_octal_escapes(self):
        """Tabs and colours that rsyslog made readable."""
        assert taken_off("Feb 11 11:34:37 host ollama[1]: a#011b #033[32mc#033[0m").text == "a\tb c"

    def test_fences_have_no_text(self):
        """Nor has what names their language."""
        for raw in ("```", "```shell", "~~~", "````log"):
            assert (taken_off(raw).text, taken_off(raw).envelope) == ("", ("fence",))

    def test_progress_dots_are_read_as_three(self):
        """However many were printed before something else came between."""
        assert taken_off("." * 87).text == taken_off(".").text == "..."

    def test_a_garbled_micro_sign(self):
        """Windows consoles write UTF-8 in their own letters."""
        line = taken_off('[GIN] 2026/04/26 - 11:36:33 | 200 |  509.2┬╡s | 127.0.0.1 | HEAD "/"')
        assert "509.2µs" in line.text

    def test_stamps_that_look_like_addresses(self):
        """Whoever replaces addresses in a log replaces llama.cpp's time since start too."""
        line = taken_off("203.0.113.208 I srv  llama_server: loading model")
        assert (line.text, line.level) == ("srv  llama_server: loading model", "info")


class TestJson:
    """Lines that are JSON objects."""

    @pytest.mark.parametrize(
        ("record", "envelope", "process"),
        [
            ({"log": TEXT + "\n", "stream": "stderr", "time": "2025-02-11T03:34:37.9Z"}, "docker-json", None),
            ({"MESSAGE": TEXT, "_PID": "7", "SYSLOG_IDENTIFIER": "ollama"}, "journald", "ollama[7]"),
            ({"MESSAGE": list(TEXT.encode()), "SYSLOG_IDENTIFIER": "ollama"}, "journald", "ollama"),
            ({"line": TEXT, "timestamp": "1739273677123456789"}, "loki", None),
            ({"message": TEXT, "@timestamp": "2025-02-11T03:34:37Z"}, "cloud", None),
            ({"type": "log", "level": "info", "message": TEXT + "\n"}, "llama-json", None),
            ({"type": "log", "data": {"text": TEXT}}, "llama-json", None),
            ({"log": TEXT, "kubernetes": {"pod_name": "p", "container_name": "c"}}, "docker-json", "p/c"),
        ],
    )
    def test_the_line_remains(self, record, envelope, process):
        """Also behind a comma, and in a list that was exported whole."""
        text = json.dumps(record)
        for raw in (text, text + ",", f"[{text},", f"{text}]"):
            (line,) = lines_of_text(raw)
            assert (line.text, line.envelope, line.process) == (TEXT, (envelope,), process)

    def test_the_server_s_objects_become_its_text_mode(self):
        """Ollama's copy sorts its keys and does not pad the function's name; llama.cpp begins with the thread."""
        line = taken_off('{"function":"main","level":"INFO","line":2827,"msg":"system info","n_threads":10,"tid":"0x1","timestamp":1715101027}')
        assert line.text == 'INFO [main] system info | n_threads=10 tid="0x1" timestamp=1715101027'
        assert (line.level, line.time) == ("info", "2024-05-07T16:57:07.000000Z")
        line = taken_off('{"tid":"1","timestamp":1715101027,"level":"VERB","function":"main","line":1,"msg":"x","a":[1,2.5],"b":null}')
        assert line.text == 'VERB [ main] x | tid="1" timestamp=1715101027 a=[1,2.5] b=null'
        line = taken_off('{"timestamp":1690000000,"level":"INFO","function":"main","line":1,"message":"build info","build":1}')
        assert line.text == "INFO [ main] build info | timestamp=1690000000 build=1"

    def test_slog_s_json_is_its_text(self):
        """Groups become dotted keys, values are quoted where the text format quotes them."""
        raw = {"time": "2025-02-11T11:34:37.9+08:00", "level": "DEBUG-4", "source": {"function": "f", "file": "/a/b/sched.go", "line": 7},
               "msg": "load  x", "memory": {"gpu 0": {"free": "2 GiB"}}, "n": 3, "on": True, "list": ["a", "b"]}  # fmt: skip
        line = taken_off(json.dumps(raw))
        assert (line.text, line.level, line.source, line.time) == ("load x", "trace", "sched.go:7", "2025-02-11T11:34:37.9+08:00")
        assert line.attrs == '"memory.gpu 0.free"="2 GiB" n=3 on=true list="[a b]"'
        assert line.envelope == ("slog-json",)

    def test_an_empty_message_has_its_first_key(self):
        """As in the text format."""
        assert taken_off('{"level":"INFO","msg":"","architecture":"llama"}').text == "[architecture]"

    @pytest.mark.parametrize("raw", ["{}", '{"a":1}', "{x}", '{"log":5}', "[{]}", '{"message":"x"}', "{" * 5000, '{"msg":"x"}'])
    def test_other_objects_stay_as_they_are(self, raw):
        """Requests and model output are JSON too."""
        assert taken_off(raw).text == raw
        assert taken_off("[" * 5000 + "{" + "}").envelope == ()

    def test_several_lines_in_one_record(self):
        """A record with line ends gives its lines, all with its number."""
        text = json.dumps({"MESSAGE": f"{TEXT}\ntime=2025-02-11T11:34:37Z level=WARN msg=x\n\n> y", "_PID": "1"})
        lines = [line for line in lines_of_text(f"\n{text}\n") if line.text]
        assert [(line.number, line.text, line.level) for line in lines] == [(2, TEXT, None), (2, "x", "warn"), (2, "y", None)]


def test_hostile_lines_take_linear_time():
    """64 Ki characters of what envelopes are made of are no work."""
    parts = ("[", "]", "[x]", '"]', "|", "a | ", "> ", "1", "1.", "1:", "-", ":", ".", "\\\"", '{"a":', "`", "<", "Feb 11 11:34:37 ", "a-0 ", "#0")
    for part in parts:
        for start in ("", "<30>1 2025-02-11T03:34:37Z h a 1 - [", "2025-02-11T03:34:37Z ", "time=1 msg=", "> "):
            began = time.perf_counter()
            for _ in lines_of_text(start + part * (64_000 // len(part))):
                pass
            assert time.perf_counter() - began < 1


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_unwrapped(text):
    """Nothing is raised, and what remains has no blank edges."""
    line = taken_off(text)
    assert line.text == line.text.rstrip(" \t") or line.envelope
    assert isinstance(line.attrs, str)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(["log", "msg", "message", "level", "time", "type", "data", "MESSAGE", "line", "function", "source", "stream", "kubernetes"]), inner
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_any_json_can_be_unwrapped(value):
    """Keys that are known with values that are not."""
    for line in lines_of_text(json.dumps({"level": "INFO", "msg": "x", "log": value} | (value if isinstance(value, dict) else {}))):
        assert isinstance(line.text, str)


def test_the_edge_of_a_window():
    """Copied with the line, it is no part of it; llama.cpp's own bars are."""
    assert taken_off(f"ollama[1186]: {TEXT}              │").text == TEXT
    assert taken_off("system_info: n_threads = 2 / 4 | AVX = 1 |").text.endswith("AVX = 1 |")


def test_a_stamp_right_before_the_date_of_gos_log():
    """TrueNAS puts nothing between its own stamp and the line; a plain number behind a stamp is still no line."""
    line = taken_off("2025-02-11 03:34:37.966596+00:002025/02/11 03:34:37 routes.go:1197: INFO server config")
    assert line.envelope == ("timestamp", "go-log")
    assert line.text == "server config"
    assert taken_off("2025-02-11T03:34:37+00:0012").envelope == ()
