"""gzip and zstd: members, damage, bombs."""

import gzip
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.lines.unpacking import DamagedArchiveError, unpacked

TEXT = b"".join(b"llama_context: n_ctx = %d\n" % number for number in range(20_000))


def packed_zstd(data):
    """A frame of zstd."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACKERS = pytest.mark.parametrize("pack", [gzip.compress, packed_zstd], ids=["gzip", "zstd"])


def blocks_of(data, size):
    """The bytes in pieces."""
    return (data[start : start + size] for start in range(0, len(data), size))


def unpack(data, size=1 << 16):
    """All that can be unpacked, and the complaint at the end or None."""
    out = bytearray()
    try:
        for block in unpacked(blocks_of(data, size)):
            out += block
    except DamagedArchiveError as error:
        return bytes(out), str(error)
    return bytes(out), None


@pytest.mark.parametrize("size", [1, 3, 1_000, 1 << 20])
@PACKERS
def test_archives_unpack_whatever_the_size_of_pieces(pack, size):
    """The first piece of a pipe may be one byte, less than the magic number."""
    assert unpack(pack(TEXT), size) == (TEXT, None)


@pytest.mark.parametrize("data", [b"", b"\x1f", b"(", b"plain text", b"\x1f\x8a", b"(\xb5/ no"])
def test_what_is_no_archive_is_given_as_it_is(data):
    """Only the magic number makes an archive."""
    assert unpack(data, 1) == (data, None)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@PACKERS
def test_several_members_follow_each_other(pack, size):
    """`cat a.gz b.gz` is a valid archive, also with an empty member inside."""
    data = pack(b"first\n") + pack(b"") + pack(TEXT[:5_000]) + pack(b"last\n")
    assert unpack(data, size) == (b"first\n" + TEXT[:5_000] + b"last\n", None)


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_skippable_frames_of_zstd_are_skipped(size):
    """Seekable archives carry their table in such a frame."""
    data = packed_zstd(b"a\n") + b"\x50\x2a\x4d\x18" + (9).to_bytes(4, "little") + b"the table" + packed_zstd(b"b\n")
    assert unpack(data, size) == (b"a\nb\n", None)


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_zeros_and_other_things_after_a_gzip_are_passed_over(size):
    """Tapes pad with zeros; gzip itself ignores what follows."""
    assert unpack(gzip.compress(b"text\n") + bytes(700), size) == (b"text\n", None)
    assert unpack(gzip.compress(b"text\n") + b"garbage", size) == (b"text\n", None)
    assert unpack(gzip.compress(b"a\n") + bytes(512) + gzip.compress(b"b\n"), size) == (b"a\nb\n", None)


@PACKERS
def test_an_archive_that_is_cut_off_gives_what_is_there(pack):
    """A log that is still being copied has no end yet."""
    data = pack(TEXT)
    found, _ = unpack(data[: len(data) * 3 // 4])
    assert TEXT.startswith(found)
    assert len(found) > len(TEXT) // 4


@PACKERS
def test_an_archive_that_is_cut_off_says_so(pack):
    """The reader has to know that the log is longer."""
    data = pack(TEXT)
    for end in (5, 12, len(data) // 2, len(data) - 3):
        problem = unpack(data[:end])[1]
        assert problem is not None
        assert problem.endswith("that is cut off")


@PACKERS
def test_damage_in_the_middle_gives_what_comes_before_it(pack):
    """Nothing is invented after the damage, and it is told."""
    data = bytearray(pack(TEXT) + pack(TEXT))
    middle = len(data) * 3 // 4
    data[middle : middle + 60] = b"\xff" * 60
    found, problem = unpack(bytes(data), 1_000)
    assert found.startswith(TEXT)
    assert problem is not None
    assert problem.startswith("damaged")


@PACKERS
def test_damage_at_the_beginning_is_told(pack):
    """The header is right and nothing else."""
    found, problem = unpack(pack(TEXT)[:4] + b"\xff" * 100)
    assert found == b""
    assert problem is not None


@PACKERS
def test_a_bomb_does_not_fill_the_memory(pack):
    """256 MiB of zeros in a few KiB come out block by block."""
    data = pack(bytes(256 << 20))
    assert len(data) < 300_000
    tracemalloc.start()
    try:
        total = 0
        for block in unpacked(iter([data])):
            total += len(block)
        assert total == 256 << 20
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()


def test_a_zstd_that_wants_too_large_a_window_is_refused():
    """--ultra --long=31 would take 2 GiB of memory."""
    parameters = zstandard.ZstdCompressionParameters(window_log=28, compression_level=1)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(b"text\n" * 100) + compressor.flush()
    found, problem = unpack(data)
    assert found == b""
    assert problem is not None
    assert problem.startswith("damaged zstd")


@given(st.binary(max_size=2_000), st.integers(1, 300), st.sampled_from([gzip.compress, packed_zstd, bytes]))
@settings(deadline=None, max_examples=60)
def test_putting_a_packing_on_and_taking_it_off_gives_the_same_bytes(data, size, pack):
    """pack, unpack: nothing is lost."""
    if data.startswith((b"\x1f\x8b", b"(\xb5/\xfd")):
        data = b"." + data
    assert unpack(pack(data), size) == (data, None)


@given(st.binary(max_size=300), st.sampled_from([b"\x1f\x8b\x08", b"(\xb5/\xfd"]), st.integers(1, 99))
@settings(deadline=None, max_examples=100)
def test_nothing_but_the_known_error_comes_out_of_garbage(data, magic, size):
    """Hostile archives raise DamagedArchiveError or give bytes."""
    unpack(magic + data, size)
    unpack(zlib.compress(data, wbits=31)[:-1] + data, size)
