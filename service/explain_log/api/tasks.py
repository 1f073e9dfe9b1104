"""What workers do: each task takes a header and blobs and gives a header and blobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from explain_log.lines import Origin
from explain_log.lines.encoding import SAMPLE_BYTES, decoded, is_text
from explain_log.lines.source import decoded_blocks
from explain_log.pipeline import make_reports_and_lines, report_of_text
from explain_log.redaction.kept import MOST_CHARACTERS
from explain_log.report import Report, report_json
from explain_log.store.packing import packed_lines, unpacked_lines

Header = dict[str, Any]
Done = tuple[Header, list[bytes]]
Task = Callable[[Header, list[bytes]], Done]

PIECE_LINES = 500
OTHER = {"zh": "en", "en": "zh"}


class Refused(Exception):
    """Something that the client can change. status: of HTTP."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def warm_up() -> None:
    """Loads what every task needs, so that the first one does not wait for it."""
    for language in OTHER:
        report_of_text("llm_load_tensors: offloaded 1/1 layers to GPU\n", language)


def explain(header: Header, blobs: list[bytes]) -> Done:
    """A log → its report as JSON, its redacted lines, packed, and, where `other` could not, that report as well.

    header: name, language, question if any, and path where the log is a file; else it is the blob.
    """
    language = header["language"]
    log = _origin(header) if header.get("path") else _text(blobs[0])
    reports, lines = make_reports_and_lines(
        log,
        (language, OTHER[language]),
        lambda: iter((log,)) if isinstance(log, str) else decoded_blocks(log),
        name=header["name"],
        most=2 if header.get("question") or _may_be_cut(log) else 1,
    )
    for report in reports if header.get("question") else ():
        _answer_first(report, header["question"])
    firsts, pieces, last = [], [], 0
    for first, texts in _pieces(lines):
        firsts.append(first)
        pieces.append(packed_lines(texts))
        last = first + len(texts) - 1
    told = {"firsts": firsts, "last_line": last, "has_other": len(reports) > 1}
    return told, [report_bytes(reports[0]), *pieces, *map(report_bytes, reports[1:])]


def _answer_first(report: Report, question: str) -> None:
    """Puts the rules' answer before the explanation."""
    from explain_log.narration.task import answer_of_rules

    if report.explanation is not None:
        report.explanation.sections.insert(0, answer_of_rules(report, question))


def _may_be_cut(log: Origin | str) -> bool:
    """Whether kept lines may be shorter than the log's."""
    return not isinstance(log, str) or max(map(len, log.splitlines()), default=0) >= MOST_CHARACTERS


def other(header: Header, blobs: list[bytes]) -> Done:
    """A log's kept lines → its report in the other language than the header's, of a log of that name and size."""
    log = "\n".join(text for blob in blobs for text in unpacked_lines(blob))
    report = report_of_text(log, OTHER[header["language"]], name=header["name"])
    report.source.bytes = header["bytes"]
    return {}, [report_bytes(report)]


def _origin(header: Header) -> Origin:
    origin = Origin(header["name"])
    origin.path = header["path"]
    return origin


def _text(body: bytes) -> str:
    text = "".join(decoded(iter([body])))
    if not is_text(text[:SAMPLE_BYTES]):
        raise Refused(422, "the body is not text: send the log itself")
    return text


def _pieces(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Lines that follow each other, so many at a time: (number of the first, texts)."""
    first, texts = 1, list[str]()
    for number, text in lines:
        if texts and (len(texts) >= PIECE_LINES or number != first + len(texts)):
            yield first, texts
            texts = []
        if not texts:
            first = number
        texts.append(text)
    if texts:
        yield first, texts


def report_bytes(report: Report) -> bytes:
    """A report as JSON, without blanks."""
    return json.dumps(report_json(report), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def render(header: Header, blobs: list[bytes]) -> Done:
    """A report (blob), and where there is one the same in the other language → the format that the header names."""
    from explain_log.api.formats import rendered

    return {}, [rendered(header["format"], [report_of(blob) for blob in blobs])]


def answer(header: Header, blobs: list[bytes]) -> Done:
    """A report and a question → the rules' answer, a section as JSON."""
    from explain_log.facts.models import as_json
    from explain_log.narration.task import answer_of_rules

    return {"section": as_json(answer_of_rules(report_of(blobs[0]), header["question"]))}, []


def verify(header: Header, blobs: list[bytes]) -> Done:
    """A report, packed pieces of its lines, and anybody's answer → the contract's Verification."""
    from explain_log.verification import verify_answer

    log = "\n".join(text for blob in blobs[1:] for text in unpacked_lines(blob))
    return {"verification": verify_answer(header["answer"], report_of(blobs[0]), log).as_json()}, []


def lines(header: Header, _blobs: list[bytes]) -> Done:
    """Texts of lines and their numbers → what each is, as `explain-log line` has it."""
    from explain_log.render.known_lines import explained

    texts: list[str] = header["texts"]
    found: dict[int, Any] = {}
    for told in explained("\n".join(text.replace("\n", " ") for text in texts), header["language"]):
        at = told["line"] - 1
        if at not in found or found[at]["statement"] is None:
            found[at] = told
    empty: dict[str, Any] = {
        "statement": None,
        "meaning": None,
        "findings": [],
        "level": None,
        "severity": None,
        "fields": {},
        "term": None,
    }
    return {
        "lines": [
            {**empty, **found.get(place, {}), "line": number, "text": text}
            for place, (number, text) in enumerate(zip(header["numbers"], texts, strict=True))
        ]
    }, []


@lru_cache(maxsize=1)
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Report)


def report_of(data: bytes) -> Report:
    """A report from its JSON."""
    report: Report = _adapter().validate_json(data)
    return report


TASKS: dict[str, Task] = {
    "explain": explain,
    "other": other,
    "render": render,
    "answer": answer,
    "verify": verify,
    "lines": lines,
}
