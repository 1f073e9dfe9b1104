"""The report of a log does not depend on whether its lines were counted in bulk."""

import gzip
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explain_log.pipeline import _Reading

from .conftest import SMALL
from .make import WRAPPINGS, lines, wrapped


@pytest.mark.parametrize("calm", [True, False], ids=["calm", "loud"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_as_line_by_line(tmp_path, ordinary, in_bulk, seed, calm):
    """Loads, errors, slow requests, secrets, unknown lines, holes of zeros, long lines: nothing differs."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(seed, 3000, calm=calm)), "utf-8")  # the last line has no end
    assert in_bulk(log) == ordinary(log)


@pytest.mark.parametrize("kind", [*WRAPPINGS, "requests alone", None])
def test_few_are_read_one_by_one(tmp_path, in_bulk, monkeypatch, kind):
    """Else the other tests here would compare the ordinary way with itself. Requests alone are all equally long."""
    texts = lines(2, 4000, calm=True)
    if kind == "requests alone":
        texts = [text for text in texts if text.startswith("[GIN]")]
    log = tmp_path / "a.log"
    log.write_text("\n".join(wrapped(texts, kind) if kind in WRAPPINGS else texts), "utf-8")
    read = []
    take = _Reading.take
    monkeypatch.setattr(_Reading, "take", lambda self, line, found: read.append(line) or take(self, line, found))
    assert in_bulk(log)["source"]["recognised_lines"] > 4 * len(read)


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("part", [1, 0.02])
def test_same_for_lines_that_a_terminal_broke(tmp_path, ordinary, in_bulk, width, part):
    """The rest of a line stands where another line should begin, in all of the log or here and there."""
    chance = random.Random(width)
    texts = []
    for number, text in enumerate(lines(9, 1500, calm=True)):
        whole = chance.random() > part if number > 400 else part < 1
        texts += [text] if whole else [text[at : at + width] for at in range(0, len(text) or 1, width)]
    log = tmp_path / "a.log"
    log.write_text("\n".join(texts), "utf-8")
    assert in_bulk(log) == ordinary(log)


@pytest.mark.parametrize("kind", ["crlf", "gzip", "bom", "gb18030", "utf-16", "leading zeros", "bad bytes"])
def test_same_whatever_the_bytes_are(tmp_path, ordinary, in_bulk, kind):
    """Line ends, archives and encodings are read as ever."""
    text = "\n".join(lines(4, 1500, calm=True)) + "\n"
    data = {
        "crlf": text.replace("\n", "\r\n").encode(),
        "gzip": gzip.compress(text.encode()),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "gb18030": text.replace("µs", "ns").encode("gb18030"),
        "utf-16": text.encode("utf-16"),
        "leading zeros": bytes(5001) + text.encode(),
        "bad bytes": text.encode().replace(b'"hi', b'"\xff\xfe'),
    }[kind]
    log = tmp_path / "a.log"
    log.write_bytes(data)
    assert in_bulk(log) == ordinary(log)


def test_same_for_several_files_and_parts(tmp_path, ordinary, in_bulk):
    """Lines count on through several files; a part is read the ordinary way."""
    names = []
    for seed in (5, 6, 7):
        names.append(tmp_path / f"{seed}.log")
        names[-1].write_text("\n".join(lines(seed, 1200, calm=True)), "utf-8")
    names.insert(1, f"{names[0]}:20-400")
    assert in_bulk(*names) == ordinary(*names)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    chunk=st.integers(200, 9_000),
    piece=st.integers(1, 5_000),
    few=st.integers(1, 600),
    head=st.integers(256, 400),
)
def test_same_wherever_it_is_cut(tmp_path, ordinary, in_bulk, seed, chunk, piece, few, head):
    """The sizes of chunks and pieces change nothing."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(seed, 900)), "utf-8")
    assert in_bulk(log, how=replace(SMALL, chunk=chunk, piece=piece, few=few, head=head)) == ordinary(log)


def test_same_with_several_processes(tmp_path, ordinary, in_bulk):
    """What other processes scan is the same, in the same order."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(8, 6000, calm=True)), "utf-8")
    how = replace(SMALL, huge=1, chunk=1 << 15, piece=1 << 13, processes=2)
    assert in_bulk(log, how=how) == in_bulk(log) == ordinary(log)


@pytest.mark.parametrize("seed", range(6))
def test_same_wherever_it_ends(tmp_path, ordinary, in_bulk, seed):
    """A log may end, and a line may break off, anywhere."""
    chance = random.Random(seed)
    texts = lines(30 + seed, 800, calm=True)
    for place in range(305, len(texts), 11):
        texts[place] = texts[place][: chance.randint(1, len(texts[place]) or 1)]
    text = "\n".join(texts)
    log = tmp_path / "a.log"
    log.write_text(text[: len(text) - chance.randint(0, 150)], "utf-8")
    assert in_bulk(log) == ordinary(log)


SCRAPS = (
    b"time=20", b"[GIN] 20", b" | ", b"\n", b"s | ", b'"', b'\\\\"', b"1e5", b"_", b"inf", b" .5ms", b"/home/bob/x",
    b"8.8.8.8", b"sk-abcdefghijklmnopqrstuvwxyz0123456789", b"\xb5", b"\r", b"\x00",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_same_for_damaged_logs(tmp_path, ordinary, in_bulk, seed):
    """Bytes changed, gone and put in: what is no whole line any more is seen."""
    chance = random.Random(seed)
    texts = lines(60 + seed, 600, calm=True)
    kind = chance.choice([None, *WRAPPINGS])
    data = bytearray("\n".join(texts if kind is None else wrapped(texts, kind)).encode())
    start = data.index(b"\n", 35_000)  # behind the lines that go the ordinary way in any case
    for _ in range(chance.randint(1, 60)):
        place = chance.randrange(start, len(data))
        if chance.random() < 0.4:
            data[place] = chance.choice(b'0123456789 |"=\\:.\n[]aex\xc2\xb5-_sm')
        elif chance.random() < 0.4:
            del data[place : place + chance.randint(1, 12)]
        else:
            data[place:place] = chance.choice(SCRAPS)
    log = tmp_path / "a.log"
    log.write_bytes(data)
    assert in_bulk(log) == ordinary(log)
