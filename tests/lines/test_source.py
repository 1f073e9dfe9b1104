"""Inputs: files, parts of files, standard input, and everything that is wrong with them."""

import gzip
import io
import os
import threading
import time

import pytest

from explain_log.errors import InputError
from explain_log.lines import Origin, lines_of_text, parse_origin, read_lines
from explain_log.lines import source as source_module


def numbered(*origins):
    """(number, text) of all lines of the inputs."""
    return [(line.number, line.text) for line in read_lines(list(origins))]


def complaint(origin):
    """The one line that an input is refused with."""
    with pytest.raises(InputError) as caught:
        list(read_lines([origin]))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def log(tmp_path):
    """A file of ten lines."""
    path = tmp_path / "ten.log"
    path.write_text("".join(f"line {number}\n" for number in range(1, 11)))
    return path


class TestParts:
    """FILE:120-180."""

    def test_lines_keep_the_numbers_of_the_whole_file(self, log):
        """A part is numbered as the file is, so that its lines can be looked up."""
        origin = parse_origin(f"{log}:3-5")
        assert numbered(origin) == [(3, "line 3"), (4, "line 4"), (5, "line 5")]
        assert (origin.first_line, origin.last_line) == (3, 5)

    def test_one_line_is_a_part_as_well(self, log):
        """FILE:7."""
        assert numbered(parse_origin(f"{log}:7")) == [(7, "line 7")]

    def test_a_part_may_reach_beyond_the_end(self, log):
        """What is there of it is given."""
        origin = parse_origin(f"{log}:9-99")
        assert numbered(origin) == [(9, "line 9"), (10, "line 10")]
        assert origin.last_line == 10

    def test_a_part_that_is_not_there_is_refused(self, log):
        """The file's length is told."""
        assert complaint(parse_origin(f"{log}:11-20")).endswith("has no line 11: it has 10")

    def test_the_next_file_numbers_on_from_the_end_of_the_part(self, log):
        """Lines count on through several files."""
        assert numbered(parse_origin(f"{log}:2-3"), Origin(str(log)))[:4] == [
            (2, "line 2"), (3, "line 3"), (4, "line 1"), (5, "line 2"),
        ]

    def test_a_file_that_is_really_called_so_wins(self, tmp_path):
        """A name with a colon and digits is a name first."""
        path = tmp_path / "run:3-5"
        path.write_text("only\n")
        assert numbered(parse_origin(str(path))) == [(1, "only")]

    @pytest.mark.parametrize("part", ["0-5", "5-3", "0"])
    def test_a_range_that_is_none_is_refused(self, log, part):
        """The right way to write it is told."""
        with pytest.raises(InputError, match="FILE:120-180"):
            parse_origin(f"{log}:{part}")

    @pytest.mark.parametrize("part", ["", "x", "3-", "-3", "²", "1-²", "٣", "9" * 5_000, "1-2-3"])
    def test_other_ends_belong_to_the_name(self, part):
        """C:\\server.log, a time or a strange digit are no parts."""
        assert parse_origin(f"server.log:{part}").first is None

    def test_standard_input_has_parts_too(self):
        """-:5-6."""
        origin = parse_origin("-:5-6")
        assert (origin.name, origin.first, origin.last) == ("-", 5, 6)


class TestSeveralFiles:
    """One after the other."""

    def test_lines_count_on(self, tmp_path):
        """Also when a file lacks its last line end, or is empty."""
        names = ["a.log", "empty.log", "b.log.gz"]
        (tmp_path / names[0]).write_text("one\ntwo")
        (tmp_path / names[1]).write_text("")
        (tmp_path / names[2]).write_bytes(gzip.compress("三\r\n".encode("utf-16")))
        origins = [Origin(str(tmp_path / name)) for name in names]
        assert numbered(*origins) == [(1, "one"), (2, "two"), (3, "三")]
        assert [(o.first_line, o.last_line) for o in origins] == [(1, 2), (3, 2), (3, 3)]
        assert origins[0].bytes == 7
        assert origins[2].bytes == os.path.getsize(tmp_path / names[2])


class TestRefused:
    """What cannot be read: one line that names it and says what to do."""

    def test_missing(self, tmp_path):
        """No such file."""
        assert "no such file" in complaint(Origin(str(tmp_path / "absent.log")))

    def test_folder(self, tmp_path):
        """A folder is not read."""
        assert "is a folder" in complaint(Origin(str(tmp_path)))

    def test_no_permission(self, tmp_path, monkeypatch):
        """sudo is named, for logs of the system."""

        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("builtins.open", refuse)
        assert "no permission" in complaint(Origin("/var/log/ollama.log"))

    def test_another_error_of_the_system(self, monkeypatch):
        """Whatever the system says is passed on."""

        def refuse(*_):
            raise OSError(40, "Too many levels of symbolic links")

        monkeypatch.setattr("builtins.open", refuse)
        assert "Too many levels" in complaint(Origin("loop"))

    def test_names_that_no_file_can_have(self):
        """A zero byte in a name is no traceback."""
        assert "cannot be opened" in complaint(Origin("a\x00b"))

    def test_names_that_cannot_be_printed_are_escaped(self):
        """A line feed or a broken character in a name does not reach the terminal."""
        assert complaint(Origin("no\nsuch\udcff")).startswith("'no\\nsuch\\udcff': no such file")

    @pytest.mark.parametrize(
        ("start", "what"),
        [
            (b"GGUF\x03\x00\x00\x00", "GGUF model"), (b"PK\x03\x04", "zip"), (b"\x7fELF\x02", "program"),
            (b"\xfd7zXZ\x00", "xz"), (b"BZh91AY", "bzip2"), (b"%PDF-1.7", "PDF"),
        ],
    )
    def test_known_other_files_are_named(self, tmp_path, start, what):
        """A model file or an archive is told apart from a log, also inside gzip."""
        for name, data in (("x", start + b"text" * 99), ("x.gz", gzip.compress(start + b"text" * 99))):
            (tmp_path / name).write_bytes(data)
            assert what in complaint(Origin(str(tmp_path / name)))

    def test_a_log_that_only_begins_so_is_read(self, tmp_path):
        """GGUF at the beginning of a sentence is text."""
        (tmp_path / "x").write_text("GGUF file is corrupt\n")
        assert numbered(Origin(str(tmp_path / "x"))) == [(1, "GGUF file is corrupt")]

    @pytest.mark.parametrize("data", [bytes(5_000), bytes(range(256)) * 40, os.urandom(4_096)], ids=["zeros", "all", "random"])
    def test_not_text(self, tmp_path, data):
        """Bytes that are not text."""
        (tmp_path / "x").write_bytes(data)
        assert "is not text" in complaint(Origin(str(tmp_path / "x")))

    @pytest.mark.parametrize(
        "data", [gzip.compress(b"text")[:11], b"\x28\xb5\x2f\xfd" + b"\xff" * 40], ids=["gzip", "zstd"]
    )
    def test_archives_of_which_nothing_can_be_read(self, tmp_path, data):
        """Damage before the first line."""
        (tmp_path / "x.gz").write_bytes(data)
        assert "unpack it by hand" in complaint(Origin(str(tmp_path / "x.gz")))


class TestPartlyRead:
    """What can be read counts, and a note says that it is not all."""

    def test_an_archive_that_is_cut_off(self, tmp_path):
        """Half a gzip gives half of the lines."""
        data = gzip.compress(os.urandom(60_000).hex(" ").replace(" ", "\n").encode())
        (tmp_path / "x.gz").write_bytes(data[: len(data) // 2])
        origin = Origin(str(tmp_path / "x.gz"))
        assert len(numbered(origin)) > 1_000
        assert origin.note is not None
        assert "cut off" in str(origin.note)

    def test_a_file_that_goes_away(self, monkeypatch):
        """A network folder that is gone while it is read."""

        class Vanishing(io.BytesIO):
            def read1(self, size=-1):
                if self.tell():
                    raise OSError(116, "Stale file handle")
                return super().read1(6)

        monkeypatch.setattr("builtins.open", lambda *_: Vanishing(b"line 1line 2"))
        origin = Origin("gone.log")
        assert numbered(origin) == [(1, "line 1")]
        assert origin.note is not None
        assert "Stale file handle" in str(origin.note)

    def test_a_file_that_cannot_be_read_at_all(self, monkeypatch):
        """An error at the first byte is no empty log."""

        class Broken(io.BytesIO):
            def read1(self, size=-1):
                raise OSError(5, "Input/output error")

        monkeypatch.setattr("builtins.open", lambda *_: Broken())
        assert "Input/output error" in complaint(Origin("broken.log"))

    def test_a_file_that_grows(self, tmp_path):
        """Lines that come while it is read are read; it does not wait for more."""
        path = tmp_path / "grows.log"
        path.write_text("first\n" * 50_000)
        reading = read_lines([Origin(str(path))])
        next(reading)
        with path.open("a") as file:
            file.write("added\n")
        assert [line.text for line in reading][-1] in ("first", "added")

    def test_a_file_that_is_deleted_or_emptied(self, tmp_path):
        """Deleting or truncating a log while it is read is no error."""
        path = tmp_path / "gone.log"
        path.write_text("first\n" * 500_000)
        reading = read_lines([Origin(str(path))])
        assert next(reading).text == "first"
        path.write_text("")
        path.unlink()
        assert 0 < sum(1 for _ in reading) < 500_000


def test_standard_input_in_small_pieces(monkeypatch):
    """A pipe gives what there is; lines, encodings and archives come out whole."""
    for data in (b"a\r\n\xe9\x94\x99\n", gzip.compress("a\r\n错\n".encode()), "a\r\n错\n".encode("utf-16")):
        reader, writer = os.pipe()

        def feed(data=data, writer=writer):
            with os.fdopen(writer, "wb", buffering=0) as pipe:
                for byte in data:
                    pipe.write(bytes([byte]))
                    time.sleep(0.0005)

        feeder = threading.Thread(target=feed)
        feeder.start()
        with os.fdopen(reader, "rb") as stdin:
            monkeypatch.setattr(source_module.sys, "stdin", stdin)
            assert numbered(Origin("-")) == [(1, "a"), (2, "错")]
        feeder.join()


def test_a_closed_standard_input_is_one_line(monkeypatch):
    """`explain-log <&-`."""
    monkeypatch.setattr(source_module.sys, "stdin", None)
    assert complaint(Origin("-")) == "standard input cannot be opened; give the path of a log"


def test_an_empty_file_has_no_lines(tmp_path):
    """Nothing is not an error."""
    (tmp_path / "empty").write_bytes(b"")
    origin = Origin(str(tmp_path / "empty"))
    assert numbered(origin) == []
    assert (origin.bytes, origin.last_line) == (0, 0)


def test_a_cut_character_at_the_border_of_a_block(tmp_path):
    """A Chinese character may lie across two blocks of 1 MiB."""
    path = tmp_path / "border.log"
    path.write_bytes(b"x" * (source_module.BLOCK_BYTES - 1) + "错误\n下一行\n".encode())
    assert numbered(Origin(str(path)))[-1] == (2, "下一行")


def test_a_line_of_50_megabytes_is_one_line(tmp_path):
    """It is cut for reading, and the next line is found."""
    path = tmp_path / "long.log"
    with path.open("w") as file:
        for _ in range(50):
            file.write("x" * (1 << 20))
        file.write("\nllama_context: n_ctx = 8192\n")
    found = numbered(Origin(str(path)))
    assert [number for number, _ in found] == [1, 2]
    assert found[1][1] == "llama_context: n_ctx = 8192"


def test_lines_of_a_text():
    """A text that is already there is cut by the same rule."""
    assert [(line.number, line.text) for line in lines_of_text("a\r\nb\n\x1b[1mc\x1b[0m")] == [(1, "a"), (2, "b"), (3, "c")]
