"""The picture as PNG: drawn with a font that has Chinese, or refused in a line that says what to do."""

import struct
import subprocess
import sys

import pytest

from explain_log.errors import InputError
from explain_log.facts.models import DeviceMemory, ModelLoad
from explain_log.render.picture import png
from explain_log.render.picture.paper import WIDTH
from explain_log.render.picture.picture import picture_of
from explain_log.render.picture.png import ZOOM, Font, find_font, png_file
from explain_log.render.words import Words
from explain_log.report import Report, Source

MISSING = "/no/such/font-{}.ttc"


@pytest.fixture
def picture():
    """A small one."""
    load = ModelLoad(1, outcome="ready")
    load.devices = [DeviceMemory("CUDA0", 100.0, total_mib=100.0)]
    return picture_of(Report(Source("a.log", 1, 9), "zh", loads=[load]))


def needs_font():
    """Skips where the machine has no Chinese font; CI installs one, so there it does not skip."""
    if find_font(chinese=True) is None:
        pytest.skip("no font with Chinese on this machine")


def test_it_is_a_png_of_twice_the_size(picture):
    """Phones show two pixels for one."""
    needs_font()
    data = png_file(picture, Words("zh"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", data[16:20])[0] == WIDTH * ZOOM


def test_chinese_is_drawn(picture):
    """The same picture with its text in another language, or in another theme, is another image."""
    needs_font()
    drawn = [png_file(picture, Words("zh")), png_file(picture, Words("en")), png_file(picture, Words("zh"), "dark")]
    assert len(set(drawn)) == 3
    assert all(len(data) > 5000 for data in drawn)


def test_known_places_come_before_fontconfig(monkeypatch, tmp_path):
    """Both weights are taken where both are there."""
    for weight in ("Regular", "Bold"):
        (tmp_path / f"X-{weight}.ttc").write_bytes(b"")
    monkeypatch.setattr(png, "_KNOWN", ((MISSING, "no"), (str(tmp_path / "X-{}.ttc"), "Known")))
    assert find_font(chinese=True) == Font("Known", (str(tmp_path / "X-Regular.ttc"), str(tmp_path / "X-Bold.ttc")))


@pytest.mark.parametrize(
    ("languages", "chinese", "found"), [("en|zh-cn", True, True), ("en|de", True, False), ("en|de", False, True), ("", False, False)]
)
def test_what_fontconfig_names_is_taken_only_for_what_it_has(monkeypatch, tmp_path, languages, chinese, found):
    """It always names some font: one without Chinese is no answer where Chinese is needed."""
    file = tmp_path / "font.ttf"
    file.write_bytes(b"")
    (tmp_path / "fc-match").write_text(f"#!/bin/sh\nprintf '%s\\n' '{file}' 'Family' '{languages}'\n")
    (tmp_path / "fc-match").chmod(0o755)
    monkeypatch.setattr(png, "_KNOWN", ())
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_font(chinese=chinese) == (Font("Family", (str(file),)) if found else None)


def test_without_a_font_it_says_what_to_install(monkeypatch, picture):
    """In one line, in either language."""
    monkeypatch.setattr(png, "_KNOWN", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError) as error:
        png_file(picture, Words("zh"))
    assert "fonts-noto-cjk" in Words("zh").told(error.value)


def test_without_the_library_it_says_what_to_install(monkeypatch, picture):
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(InputError) as error:
        png_file(picture, Words("en"))
    assert "explain-log[png]" in Words("en").told(error.value)


def test_drawing_svg_needs_no_library():
    """Only PNG does."""
    script = "import sys, explain_log.render.picture.paper; sys.exit('resvg_py' in sys.modules or 'jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": "service"}).returncode == 0
