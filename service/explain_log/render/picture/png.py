"""The picture as PNG, for chats: drawn by resvg, with a font that has the characters it needs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from explain_log.errors import InputError
from explain_log.render.picture.paper import svg_file
from explain_log.render.picture.picture import Picture
from explain_log.render.words import Words

ZOOM = 2
"""Pixels for each unit of the picture: phones show two or three for one."""

_SECONDS = 10
_KNOWN = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-{}.ttc", "Noto Sans CJK SC"),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-{}.ttc", "Noto Sans CJK SC"),
    ("/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-{}.ttc", "Noto Sans CJK SC"),
    ("/System/Library/Fonts/PingFang.ttc", "PingFang SC"),
    ("/System/Library/Fonts/Hiragino Sans GB.ttc", "Hiragino Sans GB"),
    ("C:\\Windows\\Fonts\\msyh.ttc", "Microsoft YaHei"),
)
"""Where systems keep a font with Chinese, and its family; fontconfig is asked after that."""

_WEIGHTS = ("Regular", "Bold")


@dataclass(frozen=True)
class Font:
    """A family and the files that it is in."""

    family: str
    files: tuple[str, ...]


def png_file(picture: Picture, language: Words, theme: str = "light") -> bytes:
    """The whole picture as PNG. theme: light or dark.

    Raises InputError where the library is not installed, or no font is there that has the picture's characters.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise InputError("png.no_library") from error
    svg = svg_file(picture, language, theme)
    font = find_font(chinese=not svg.replace("·", "").replace("–", "").isascii())
    if font is None:
        raise InputError("png.no_font")
    image: bytes = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=ZOOM,
        skip_system_fonts=True,
        font_files=list(font.files),
        font_family=font.family,
        sans_serif_family=font.family,
        languages=[language.language],
    )
    return bytes(image)


def find_font(*, chinese: bool) -> Font | None:
    """A font of this machine that has Chinese, or else, where no Chinese is needed, any; None where there is none."""
    for pattern, family in _KNOWN:
        files = tuple(dict.fromkeys(pattern.format(weight) for weight in _WEIGHTS))
        found = tuple(file for file in files if os.path.exists(file))
        if found:
            return Font(family, found)
    return _by_fontconfig("sans-serif:lang=zh-cn", "zh-cn") or (None if chinese else _by_fontconfig("sans-serif", "en"))


def _by_fontconfig(wanted: str, language: str) -> Font | None:
    """What fontconfig names for a pattern; it always names something, so the language is checked."""
    form = "%{file}\n%{family[0]}\n%{lang}\n"
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            ["fc-match", "--format", form, wanted],  # noqa: S607 - where it lies is the system's to say
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return None
    file, family, languages, *_ = [*done.stdout.splitlines(), "", "", ""]
    return Font(family, (file,)) if language in languages.split("|") and os.path.exists(file) else None
