"""Undoes what copying does to single characters: web pages, viewers and clipboards change blanks, quotes and marks."""

from __future__ import annotations

import re
from functools import cache

_BLANKS, _NOTHING = "\xa0\u2007\u202f", "\u200b\u2060\u200e\u200f"
_ODD = str.maketrans({**dict.fromkeys(_BLANKS, " "), **dict.fromkeys(_NOTHING)})
_ODD_CHARACTERS = tuple(map(chr, _ODD))
# No more than these: of the entities that HTML knows, many look like parameters of a path.
_ENTITIES = (
    ("&quot;", '"'),
    ("&#34;", '"'),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&amp;", "&"),
)
_CURLY = str.maketrans({"“": '"', "”": '"', "„": '"', "″": '"'})
# What stands at a line's end: cat -A's and cat -v's marks, tags that close.
_ENDS = (
    "^M$", "^M", "<br>", "<br/>", "<br />", "</pre>", "</code>", "</p>", "</div>", "</span>", "</li>", "</td>",
    "</blockquote>", "</details>", "[/code]", "[/CODE]", "{code}", "{noformat}",
)  # fmt: skip


def looks_pasted(text: str) -> bool:
    """Whether `plain` may change a text; most lines need no more than this."""
    return (
        text[-1:] in ("$", "M", ">", "]", "}")
        or "&" in text
        or "[0m" in text
        or (not text.isascii() and ("“" in text or "”" in text or any(odd in text for odd in _ODD_CHARACTERS)))
    )


def plain(text: str) -> str:
    """The text as its program printed it, as far as the changes can be told."""
    if not text.isascii():
        text = text.translate(_ODD)
        if '"' not in text and ("level=" in text or "[GIN] 20" in text):  # an editor changes all quotes, or none
            text = text.translate(_CURLY)
    if "&" in text and '{"' not in text:  # JSON would be none any more
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    if "[0m" in text:
        text = _without_colours(text)
    bare = text.rstrip()
    while bare.endswith(_ENDS):
        end = next(end for end in _ENDS if bare.endswith(end))
        text = bare = bare.removesuffix(end).rstrip()
    return text


def _without_colours(text: str) -> str:
    """Without `[0;32m`: a clipboard takes the escape that begins a colour, `cat -v` writes it as `^[`."""
    return _colours().sub("", text)


@cache
def _colours() -> re.Pattern[str]:
    """Compiled once, and only for logs that have such."""
    escaped = r"(?<!#033)(?<!\\033)(?<!1[bB])(?<!\\e)"  # others read what is written so
    return re.compile(escaped + r"(?:\^\[|\u241b)?\[(?:\d{1,3}(?:;\d{1,3})*)?m")
