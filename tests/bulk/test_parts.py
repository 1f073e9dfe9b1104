"""The parts of reading in bulk, one by one."""

import random
import subprocess
import sys

import pytest

from explain_log.bulk.patterns import ATTRIBUTES, ENDING, GIN, HEAD
from explain_log.bulk.scanner import Loud, Scanner
from explain_log.bulk.screen import Screen
from explain_log.facts.durations import MOST_EXACT, Durations
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import load

from .make import lines

REQUEST = '[GIN] 2025/02/11 - 11:34:37 | 200 |  1.234567s |       127.0.0.1 | POST     "/api/chat"'
QUIET = 'time=2025-02-11T11:34:37.966+08:00 level=DEBUG source=sched.go:573 msg="evaluating already loaded" model=/x'


def scanned(*texts: str, settled: Settled | None = None) -> list[Stretch | Loud]:
    """What a scanner finds in these lines."""
    data = "".join(text + "\n" for text in texts).encode()
    return list(Scanner(load(), few_bytes=1).scan(data, lambda: settled or Settled(debug=True)))


def test_most_of_a_calm_log_is_counted():
    """What is not counted costs a hundred times as much."""
    found = scanned(
        *lines(1, 3000, calm=True),
        settled=Settled(None, frozenset(("server_errors", "client_errors", "cancelled", "slow")), debug=True),
    )
    assert sum(part.lines for part in found if isinstance(part, Stretch)) > 2500


def test_lines_keep_their_numbers():
    """A line that must be looked at stands between two stretches."""
    found = scanned(REQUEST, REQUEST, "what is this", QUIET)
    stretches = [part for part in found if isinstance(part, Stretch)]
    # It may be the rest of the line before it.
    assert [part for part in found if isinstance(part, Loud)] == [Loud(2, f"{REQUEST}\nwhat is this\n".encode())]
    assert [line for part in stretches for line in range(part.first, part.last + 1)] == [1, 4]
    assert sum(part.statuses.get("200", 0) for part in stretches) == 1
    assert sum(part.paths.get("/api/chat", 0) for part in stretches) == 1


@pytest.mark.parametrize(
    "text",
    [
        REQUEST.replace("200", "500"),
        REQUEST.replace("1.234567s", "1m31.5s"),
        REQUEST.replace("/api/chat", "/x?token=abcdefghijklmnop1234"),
        REQUEST + " ",
        " " + REQUEST,
        REQUEST.replace("/api/chat", "/time=2025"),
        QUIET + ' a="b',
        QUIET + ' a="b\\\\" c="\\""',
        QUIET + " password=hunter2",
        QUIET.replace("sched.go:573", "sched.sk-abcdefghijklmnopqrstuvwxyz0123456789.go:573"),
        REQUEST.replace("1.234567s", "1.234567 s"),
        REQUEST.replace("1.234567s", "1.2345x7s"),
        QUIET.replace("evaluating", "no such"),
        QUIET.replace(
            'DEBUG source=sched.go:573 msg="evaluating already loaded"',
            'WARN source=sched.go:646 msg="gpu VRAM usage didn\'t recover within timeout"',
        ),
    ],
)
def test_what_must_be_looked_at(text):
    """Errors, slow requests, secrets, what is not known or not whole."""
    loud = scanned(QUIET, QUIET, text)[-1]
    assert isinstance(loud, Loud)
    assert loud in (Loud(3, f"{text}\n".encode()), Loud(2, f"{QUIET}\n{text}\n".encode()))


@pytest.mark.parametrize("text", [REQUEST, QUIET, REQUEST.replace("2025/02/11", "2025/é")])
def test_cut_lines_are_looked_at(text):
    """The last line of a log that was copied in haste may end anywhere."""
    for end in range(1, len(text)):
        found = scanned(QUIET, REQUEST, QUIET, text[:end])
        if any(isinstance(part, Loud) for part in found):
            assert isinstance(found[-1], Loud)
            assert found[-1].data.endswith(b"\n" + text[:end].encode() + b"\n") or found[-1].first == 4
        else:
            assert text[:end].endswith('"') or text[:end].startswith(QUIET.removesuffix("/x"))


def test_private_texts_are_told_of_requests_only():
    """An address on a line that is no request is told where a request has it, as the ordinary way does."""
    bad, good = (REQUEST.replace("127.0.0.1", "9.9.9.9 ").replace("1.234567s", took) for took in ("1.2x4567s", "1.3s"))
    found = scanned(QUIET, bad.replace("9.9.9.9 ", "9.9.9.9"), QUIET, good.replace("9.9.9.9 ", "9.9.9.9"))
    assert [part.values for part in found if isinstance(part, Stretch) and part.values] == [[(4, "ip", "9.9.9.9")]]


def test_settled_kinds_are_only_counted():
    """Once enough lines of a kind are known, more of them are no lines."""
    slow = REQUEST.replace("1.234567s", "1m31.5s").replace("200", "500")
    (found,) = scanned(slow, slow, settled=Settled(marks=frozenset(("server_errors", "slow")), debug=True))
    assert isinstance(found, Stretch)
    assert {kind: (marks.count, marks.max_seconds) for kind, marks in found.marks.items()} == {
        "server_errors": (2, 91.5),
        "slow": (2, 91.5),
    }


def test_every_sample_of_a_secret_is_suspected(redaction_samples):
    """The screen, which does not tell digits apart, lets none of the rules' samples pass."""
    screen = Screen(load())
    assert [text for text in redaction_samples if not screen.is_suspect(text.encode())] == []


def test_other_digits_may_make_a_secret():
    """A line without a secret says nothing about one that differs in its digits where a hint has digits."""
    screen = Screen(load())
    assert screen.values(b"x=ya30.abcdefghijklmnopqrstuvwxyz") == []
    assert screen.values(b"x=ya29.abcdefghijklmnopqrstuvwxyz") is None
    assert screen.values(b"ip=10.8.4.4") == []
    assert screen.values(b"ip=81.8.4.4") == [("ip", "81.8.4.4")]
    assert screen.values(b"ip=81.8.4.4") == []


def test_other_digits_may_make_another_name():
    """`ec2-user` is nobody's name; what stands in its place in a line like it may be."""
    screen = Screen(load())
    assert screen.values(b"x=/home/ec2-user/y") == []
    assert screen.values(b"x=/home/ec3-user/y") == [("user", "ec3-user")]


def test_private_texts_that_differ_in_digits_alone():
    """Each is told once, with the first line that has it, though only the first one was searched for."""
    prompts = ["hello 12", "hello 13", "hello 12", "hello 7", "hello 8", "hello 13", "hello 8 x"]
    texts = [QUIET.replace(" model=/x", f' n=13 prompt="{prompt}" m=8') for prompt in prompts]
    first, second = (QUIET.replace(" model=/x", f" prompt={prompt}") for prompt in ("a1", "12"))
    (found,) = scanned(QUIET, *texts, first, second, first.replace("a1", "a2"))
    assert isinstance(found, Stretch)
    assert found.values == [
        (2, "prompt", "hello 12"),
        (3, "prompt", "hello 13"),
        (5, "prompt", "hello 7"),
        (6, "prompt", "hello 8"),
        (8, "prompt", "hello 8 x"),
        (9, "prompt", "a1"),
        (11, "prompt", "a2"),
    ]


def test_patterns_take_linear_time():
    """A hostile line of a megabyte is passed over at once."""
    for text in (
        b"[GIN] 20" * 100_000,
        b"time=20" * 100_000,
        QUIET.encode() + b" a=" * 300_000,
        QUIET.encode() + b' a="\\' * 200_000,
    ):
        assert len(GIN.findall(b"\n" + text + b"\n")) <= 1
        head = HEAD.match(text)
        assert head is None or not ATTRIBUTES.fullmatch(text + b"\0", head.end())
        assert not ENDING.fullmatch(text)


def test_durations_hold_when_they_are_many():
    """Above the limit median and percentiles hold to 0.05 %, and the largest is exact."""
    chance = random.Random(1)
    values = [chance.expovariate(0.3) for _ in range(MOST_EXACT + 50_000)]
    many, few = Durations(), Durations()
    for start in range(0, len(values), 10_000):
        many.add(values[start : start + 10_000])
    few.add(values[:1001])
    ranks = [0, len(values) // 2, len(values) * 95 // 100]
    assert many.ranked(ranks) == pytest.approx([sorted(values)[rank] for rank in ranks], rel=5e-4)
    assert many.largest == max(values)
    assert few.ranked([500]) == [sorted(values[:1001])[500]]


def test_small_logs_do_not_pay(tmp_path):
    """Nothing of it is imported for a log of a few lines."""
    log = tmp_path / "a.log"
    log.write_text(REQUEST + "\n")
    code = (
        "import sys; from explain_log.pipeline import make_report; from explain_log.lines import parse_origin;"
        "make_report([parse_origin(sys.argv[1])], 'en');"
        "sys.exit(any(name.startswith('explain_log.bulk') or name == 'multiprocessing' for name in sys.modules))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code, str(log)], env={"PYTHONPATH": ":".join(sys.path)}, check=False
        ).returncode
        == 0
    )
