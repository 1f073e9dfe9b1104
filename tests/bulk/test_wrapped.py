"""Logs in which a collector put something before every line are counted in bulk as well, and give the same report."""

import random
from dataclasses import replace

import pytest

from explain_log.bulk.scanner import Loud, Scanner
from explain_log.bulk.wrapping import PREFIXES, Wrapping
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import load
from explain_log.lines import unwrapped

from .conftest import SMALL
from .make import WRAPPINGS, lines, wrapped

SETTLED = Settled(None, frozenset(("server_errors", "client_errors", "cancelled", "slow")), debug=True)


@pytest.mark.parametrize("calm", [True, False], ids=["calm", "loud"])
@pytest.mark.parametrize("kind", WRAPPINGS)
def test_same_as_line_by_line(tmp_path, ordinary, in_bulk, kind, calm):
    """Whatever the lines wear, nothing differs."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(wrapped(lines(11, 1500, calm=calm), kind)), "utf-8")
    assert in_bulk(log) == ordinary(log)


@pytest.mark.parametrize("kind", WRAPPINGS)
def test_most_lines_are_counted(kind):
    """A wrapped log is as fast as a bare one."""
    texts = wrapped(lines(1, 3000, calm=True), kind)
    scanner = Scanner(load(), wrapping=Wrapping.of([unwrapped(1, text) for text in texts[:300]]))
    found = list(scanner.scan(("\n".join(texts) + "\n").encode(), lambda: SETTLED))
    assert sum(part.lines for part in found if isinstance(part, Stretch)) > 2000
    assert any(isinstance(part, Loud) for part in found)


def test_same_for_several_kinds_in_one_log(tmp_path, ordinary, in_bulk):
    """Lines that wear something else than most go the ordinary way."""
    chance = random.Random(3)
    texts = []
    for number, text in enumerate(lines(12, 2500, calm=True)):
        kind = "journald short" if chance.random() < 0.98 else chance.choice(list(WRAPPINGS))
        texts.append(text if chance.random() < 0.01 else WRAPPINGS[kind](number) + text)
    log = tmp_path / "a.log"
    log.write_text("\n".join(texts) + "\n", "utf-8")
    assert in_bulk(log) == ordinary(log)


def test_same_with_several_processes(tmp_path, ordinary, in_bulk):
    """Other processes know what the lines wear."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(wrapped(lines(8, 4000, calm=True), "journald short")), "utf-8")
    how = replace(SMALL, huge=1, chunk=1 << 15, piece=1 << 13, processes=2)
    assert in_bulk(log, how=how) == ordinary(log)


@pytest.mark.parametrize(
    "prefix",
    [
        "Feb 31 11:34:37 ",
        "Foo 11 11:34:37 host ollama[1]: ",
        "Feb 11 25:34:37 host ollama[1]: ",
        "2025-13-11T03:34:37Z ",
        "# ",
        "Feb 11 11:34:37 host ollama[x]: ",
        "1 | ",
    ],
)
def test_what_is_no_prefix(prefix):
    """What the ordinary way would not take off is not taken off."""
    text = 'time=2025-02-11T11:34:37.966+08:00 level=DEBUG source=sched.go:573 msg="evaluating already loaded" model=/x'
    for pattern in PREFIXES:
        for envelopes in (("journald",), ("timestamp",), ("docker-compose",), ("kubernetes",)):
            bare = Wrapping(pattern, envelopes).taken_off(f"{prefix}{text}\n".encode())
            assert bare is None or unwrapped(1, prefix + text).envelope == (*envelopes, "slog")
