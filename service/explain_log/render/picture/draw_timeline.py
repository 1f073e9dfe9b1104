"""Draws the timeline: a row for each timed moment, its bar from the moment before to it."""

from __future__ import annotations

from explain_log.render.picture.amounts import seconds_text
from explain_log.render.picture.svg import Drawing, fit, rect, text_width, words, wrapped
from explain_log.render.picture.timeline import Timeline
from explain_log.render.words import Words

_SMALL = 12.0
_ROW, _HEIGHT = 20.0, 11.0
_ENDS = ("ready", "failed")


def draw_timeline(timeline: Timeline | None, language: Words, width: float) -> Drawing:
    """The timeline; a single bar where only the whole is known; a line of text where nothing is."""
    drawing = Drawing(width, 18.0, words=timeline_in_words(timeline, language))
    rows = _rows(timeline, language)
    if timeline is None or not rows:
        drawing.elements.append(words(0, 13, language("timeline.unknown"), _SMALL, "xp-soft"))
        return drawing
    drawing.elements.append(words(0, 12, _heading(timeline, language), _SMALL, "xp-soft"))
    longest = max(end for _, _, end, _ in rows) or 1.0
    names = min(width * 0.4, max(text_width(name, _SMALL) for name, *_ in rows) + 10)
    amounts = max(text_width(amount, _SMALL) for *_, amount in rows) + 8
    room, y = width - names - amounts, 20.0
    for name, start, end, amount in rows:
        x, length = names + room * start / longest, room * (end - start) / longest
        look = _look(timeline, last=(name, end) == (rows[-1][0], rows[-1][2]))
        told = {"title": f"{name} {amount}", "data_seconds": f"{end - start:.3f}"}
        drawing.elements += [
            words(0, y + 11, fit(name, _SMALL, names - 8), _SMALL),
            rect(names, y + 2, room, _HEIGHT, "xp-track"),
            rect(min(x, names + room - 2), y + 2, max(length, 2.0), _HEIGHT, look, **told),
            words(width, y + 11, amount, _SMALL, "xp-soft", text_anchor="end"),
        ]
        y += _ROW
    note = _untimed(timeline, language)
    if note:
        for line in wrapped(note, _SMALL, width):
            drawing.elements.append(words(0, y + 11, line, _SMALL, "xp-soft"))
            y += 16
    drawing.height = y
    return drawing


def timeline_in_words(timeline: Timeline | None, language: Words) -> str:
    """The timeline as sentences."""
    rows = _rows(timeline, language)
    if timeline is None or not rows:
        return language("timeline.unknown")
    comma = language("picture.comma")
    return comma.join(filter(None, [_heading(timeline, language), *(f"{name} {amount}" for name, *_, amount in rows)]))


def _look(timeline: Timeline, *, last: bool) -> str:
    failed = last and bool(timeline.moments) and timeline.moments[-1].stage == "failed"
    return "xp-alarm" if failed else "xp-weights"


def _heading(timeline: Timeline, language: Words) -> str:
    """The seconds that the log names, and those between its lines where they differ or stand alone."""
    told = []
    logged, measured = timeline.logged_seconds, timeline.measured_seconds
    if logged is not None:
        told.append(language("timeline.took", seconds=seconds_text(logged)))
    if measured is not None and (logged is None or abs(measured - logged) >= 0.1):
        told.append(language("timeline.measured", seconds=seconds_text(measured)))
    return language("picture.comma").join(told)


def _rows(timeline: Timeline | None, language: Words) -> list[tuple[str, float, float, str]]:
    """(name, from, to in seconds, how long) of each step between two timed moments."""
    if timeline is None:
        return []
    timed = timeline.timed
    rows, before = [], 0.0
    for moment in timed[1:]:
        end = moment.seconds or 0.0
        amount = language("timeline.seconds", seconds="+" + seconds_text(end - before))
        rows.append((language(f"timeline.{moment.stage}"), before, end, amount))
        before = end
    if not rows and timeline.logged_seconds is not None:
        ends = [moment.stage for moment in timeline.moments if moment.stage in _ENDS]
        name = language(f"timeline.{ends[-1] if ends else 'ready'}")
        seconds = timeline.logged_seconds
        rows.append((name, 0.0, seconds, language("timeline.seconds", seconds=seconds_text(seconds))))
    return rows


def _untimed(timeline: Timeline, language: Words) -> str:
    """Which stages the log shows without a time."""
    names = [
        language(f"timeline.{moment.stage}")
        for moment in timeline.moments
        if moment.seconds is None and moment.stage not in _ENDS
    ]
    return language("timeline.untimed", stages=language("picture.comma").join(names)) if names else ""
