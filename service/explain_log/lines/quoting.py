"""What people and tools put around a log when they show it: quote marks, fences, line numbers, prompts."""

from __future__ import annotations

from explain_log.lines.collectors import take
from explain_log.lines.line import Line

_FENCES = ("```", "~~~")
_TAGS = frozenset("pre /pre code /code details /details summary /summary br br/ p /p blockquote /blockquote".split())
_MARKS = frozenset(("code", "/code", "noformat", "quote", "/quote", "spoiler", "/spoiler"))
_LONGEST_PROMPT = 120
_PROGRAMS = ("ollama", "ollama.exe", "llama-server", "llama-server.exe", "llama-cli", "server")


def quoted(line: Line) -> bool:
    """`> text`, `> > text`, `>>> text`."""
    return take(line, "quote", line.text.lstrip("> "))


def fenced(line: Line) -> bool:
    """A fence, "```shell", has no text; what stands on its line behind it, or between single ticks, has."""
    text = line.text
    if text[:3] not in _FENCES:
        return len(text) > 2 and text[0] == text[-1] == "`" and take(line, "quote", text[1:-1])
    rest = text.lstrip(text[0])
    if rest.rstrip(text[0]).strip().isalnum() or not rest.strip():
        return take(line, "fence", "")
    return take(line, "fence", rest.removesuffix(text[:3]))


def tagged(line: Line) -> bool:
    """HTML that quotes a log: `<pre>`, `<details>`; a model's `<|im_start|>` is none."""
    text = line.text
    end = text.find(">", 1, 20)
    if end < 0 or text[1:end].lower() not in _TAGS:
        return False
    title = text.find("</summary>", end) if text[1:end].lower() == "summary" else -1
    return take(line, "quote", text[end + 1 if title < 0 else title + len("</summary>") :])


def marked(line: Line) -> bool:
    """Forums' and trackers' marks for code: `[code]`, `{code:java}`, `{noformat}`."""
    text = line.text
    end = text.find("}" if text[0] == "{" else "]", 1, 20)
    name = text[1:end].partition(":")[0].partition("=")[0].lower()
    return end > 0 and name in _MARKS and take(line, "fence", text[end + 1 :])


def numbered(line: Line) -> bool:
    """`cat -n`, `nl`, `bat`, `grep -n`: a number and a tab, a bar or a colon, or the line's own number."""
    text = line.text
    end = 1
    while text[end : end + 1].isdigit():
        end += 1
    mark = text[end : end + 1]
    if mark == "\t":  # right-aligned; a debugger prints source lines with a number at the margin
        own = line.envelope or line.given[:1] in (" ", "\t") or end > 5 or text[:end] == str(line.number)
        return bool(own) and take(line, "cat-n", text[end + 1 :])
    if mark == ":" and not text[end + 1 : end + 3].isdigit():
        return text[end + 1 : end + 2] not in ("", " ") and take(line, "grep", text[end + 1 :])
    rest = text[end:].lstrip(" ")
    if rest[:1] in ("|", "│") and mark in (" ", "│"):
        return take(line, "cat-n", rest[1:])
    if mark == " " and line.given[:1] == " " and text[:end] == str(line.number) and not line.envelope:
        return take(line, "cat-n", rest)
    return False


def file_numbered(line: Line) -> bool:
    """`server.log:12:text` of `grep -n` over several files, and of PowerShell's Select-String."""
    name, colon, rest = line.text.partition(".log:")
    number, second, text = rest.partition(":")
    if not colon or len(name) > _LONGEST_PROMPT or " " in name:
        return False
    if second and number.isdigit():
        return take(line, "grep", text)
    return bool(name) and rest[:1] not in ("", " ") and take(line, "grep", rest)


def prompted(line: Line) -> bool:
    """`user@host:~$ text`, `PS C:\\> text`, `C:\\>text`, `$ text`; a program in the background prints behind it."""
    text = line.text
    if text[0] == "$":
        return text[1:2] == " " and take(line, "prompt", text[2:])
    if text[:4] == "PS C" or text[1:3] == ":\\":
        end = text.find(">", 2, _LONGEST_PROMPT)
        return end > 0 and "." not in text[:end] and take(line, "prompt", text[end + 1 :])
    if text[0] == "(":
        text = text.partition(") ")[2]
    if "@" not in text[: max(text.find(" "), 0)]:
        return False
    ends = [end for end in (text.find(mark, 0, _LONGEST_PROMPT) for mark in ("$ ", "# ", "% ")) if end > 0]
    return bool(ends) and take(line, "prompt", text[min(ends) + 2 :])


def powershell(line: Line) -> bool:
    """PowerShell's `ollama : text` before the first line that a program wrote to its error stream."""
    name, mark, rest = line.text.partition(" : ")
    return bool(mark) and name in _PROGRAMS and take(line, "powershell", rest)
