"""Encodings: whatever a log was written in, the same lines come out."""

import codecs
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explain_log.lines.encoding import SAMPLE_BYTES, decoded, detect, is_text

ENGLISH = 'time=2025-02-11T11:34:37.966+08:00 level=INFO source=server.go:594 msg="llama runner started"\n'
CHINESE = "模型加载失败：显存不足，请减少上下文长度或换用更小的模型\n"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "gb18030"]


def read(data, size=None):
    """The text of some bytes, given in pieces of a size."""
    size = size or len(data) or 1
    return "".join(decoded(data[start : start + size] for start in range(0, len(data), size)))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096, None])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_log_reads_the_same_in_every_encoding_and_piece_size(encoding, size):
    """English and Chinese lines survive, also when a pipe cuts characters in the middle."""
    text = (ENGLISH + CHINESE) * 3
    assert read(text.encode(encoding), size) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [ENGLISH, CHINESE * 4, ENGLISH + CHINESE * 9, "错误 一 一二三 a\r\n" * 8, "[GIN] 中\r\n"])
def test_utf16_without_a_mark_is_known_by_its_zeros(encoding, text):
    """PowerShell's `>` piped through a tool loses the mark; Chinese text has few zeros."""
    assert detect(text.encode(encoding)) == (encoding, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_after_a_long_ascii_beginning_is_still_found(encoding):
    """The first 64 KiB of most logs are ASCII and tell nothing."""
    text = ENGLISH * 3_000 + CHINESE + ENGLISH
    assert len(text) > 2 * SAMPLE_BYTES
    data = text.encode(encoding)
    assert read(data) == text
    assert read(data, 1_000) == text
    assert read(data, len(ENGLISH) * 3_000 + 1) == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("length", [SAMPLE_BYTES - 1, SAMPLE_BYTES, SAMPLE_BYTES + 1])
def test_chinese_at_the_border_of_the_sample_is_judged_by_what_follows(encoding, length):
    """A single byte of a character is not enough to tell."""
    text = "x" * (length - 1) + CHINESE * 3
    assert read(text.encode(encoding), 512) == text


def test_damaged_utf8_stays_utf8():
    """A few broken bytes among good Chinese do not make it GB18030."""
    data = (CHINESE * 20).encode() + b"\xff\xfe broken \xc3\n" + (CHINESE * 20).encode()
    assert detect(data) == ("utf-8", 0)
    assert read(data).count(CHINESE) == 40


def test_the_mark_belongs_to_no_line():
    """The byte order mark is taken off."""
    assert read(codecs.BOM_UTF8 + b"a\n") == "a\n"
    assert read(codecs.BOM_UTF16_BE + "a\n".encode("utf-16-be")) == "a\n"


@pytest.mark.parametrize("zeros", [4, 5, 1_000, 100_001, 3 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_hole_of_zeros_at_the_beginning_is_passed_over(encoding, zeros):
    """copytruncate leaves such holes; the text after them is what counts."""
    text = ENGLISH + CHINESE
    assert read(bytes(zeros) + text.encode(encoding), 1 << 20).lstrip("\x00") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_hole_before_utf16_keeps_the_pairs(encoding):
    """The pairs of bytes stay together."""
    assert read(bytes(4_096) + ENGLISH.encode(encoding)).lstrip("\x00") == ENGLISH


def test_nothing_is_text_and_zeros_alone_are_not():
    """An empty log is a log; a file of zeros is none."""
    assert read(b"") == ""
    assert is_text("")
    assert not is_text(read(bytes(100_000), 4_096))
    assert not is_text(read(b"\x00"))


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_not_text(seed):
    """What no encoding explains is refused."""
    assert not is_text(read(random.Random(seed).randbytes(4_096)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\n", True),
        ("\x1b[31mred\x1b[0m\n", True),
        ("\x00" * 1_000 + "text", True),
        ("ab\x01" * 10 + "xxxxxxxxxx", True),
        ("a\x01\x02" * 10, False),
        ("�" * 40 + "a" * 60, False),
        ("\x80" * 40 + "a" * 60, False),
        ("进度\r" * 50, True),
    ],
)
def test_more_than_30_percent_control_characters_are_not_text(text, expected):
    """The contract's rule; line ends, tabs, escapes and runs of NUL are no such characters."""
    assert is_text(text) is expected


# What a terminal or a log may hold: letters, Chinese, digits, line ends, tabs.
log_text = st.lists(
    st.one_of(
        st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=60),
        st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=20),
    ),
    min_size=1,
    max_size=12,
).map(lambda lines: "level=INFO 服务器启动完成 msg\n" + "\n".join(lines))


@given(log_text, st.sampled_from(ENCODINGS), st.integers(1, 200))
@settings(deadline=None, max_examples=150)
@example("level=INFO 服务器启动完成 msg\n联通", "gb18030", 3)
def test_putting_an_encoding_on_and_taking_it_off_gives_the_same_text(text, encoding, size):
    """encode, detect, decode: nothing is lost, whatever the size of the pieces."""
    assert read(text.encode(encoding), size) == text


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(deadline=None, max_examples=150)
def test_any_bytes_decode_without_an_error(data, size):
    """No bytes raise, and no lone surrogate comes out that could not be printed."""
    read(data, size).encode("utf-8")


def test_a_long_ascii_log_is_given_on_block_by_block():
    """What never shows its encoding needs none."""
    text = ENGLISH * 3_000
    assert read(text.encode(), 50_000) == text
