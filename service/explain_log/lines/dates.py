"""The dates that collectors put in front of a line, as ISO 8601 as far as they go.

A date without a year (`Feb 11 11:34:37`) becomes `--02-11T11:34:37`; who sees all lines adds the year.
"""

from __future__ import annotations

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janv ene enero gen ian oca sty led tammi янв січ 1月 1월",
            "feb february februar févr fev fév febr şub lut úno helmi фев лют 2月 2월",
            "mar march mär märz mars mrt márc bře maalis мар бер 3月 3월",
            "apr april avr abr ápr nis kwi dub huhti апр кві 4月 4월",
            "may mai mei maj mag máj kvě touko май мая тра 5月 5월",
            "jun june juni juin giu iun jún haz cze čen kesä июн чер 6月 6월",
            "jul july juli juil lug iul júl tem lip čec heinä июл лип 7月 7월",
            "aug august août aout ago agu ağu sie srp elo авг сер 8月 8월",
            "sep sept september set szept eyl wrz zář syys сен вер 9月 9월",
            "oct okt october ott out eki paź říj loka окт жов 10月 10월",
            "nov november noi kas lis marras ноя нояб лис 11月 11월",
            "dec dez december dic déc des ara gru pro joulu дек гру 12月 12월",
        ),
        1,
    )
    for name in names.split()
}
_ZONES = frozenset(
    (
        "UTC GMT CST EST PST MST EDT CDT PDT MDT CET CEST BST WET WEST EET EEST IST JST KST MSK HKT SGT "
        "AEST AEDT NZST BRT"
    ).split()
)


def leading_date(text: str) -> tuple[str, int] | None:
    """The date that a text begins with, and where what follows it begins; None where it begins with none."""
    if text[4:5] == "-" and text[7:8] == "-" and text[:4].isdigit():
        return _iso(text, 0)
    colon = text.find(":", 4, 32)
    if colon < 0 or text[colon + 3 : colon + 4] != ":" or not _is_clock(text, colon - 2):
        return None
    head = text[: colon - 2]
    if head.rstrip()[-3:-2] == "-":  # `Tue 2026-02-11 11:34:37 UTC`
        weekday, _, rest = text.partition(" ")
        found = _iso(rest, 0) if weekday.isalpha() else None
        return (found[0], found[1] + len(weekday) + 1) if found else None
    return _named_month(text, head.replace("月", "月 ").replace("월", "월 ").split(), colon - 2)


def _named_month(text: str, words: list[str], clock: int) -> tuple[str, int] | None:
    """`Feb 11 11:34:37`, `2月 11 11:34:37`, `Tue Feb 11 11:34:37 CST 2025`, `Feb 11 2025 11:34:37`."""
    year = ""
    if words and len(words[-1]) == 4 and words[-1].isdecimal() and words[-1].isascii():
        year = words.pop()
    if len(words) == 3:
        del words[0]
    if len(words) != 2:
        return None
    month, day = _MONTHS.get(words[0].lower().rstrip(".")), words[1].rstrip("日일.,")
    if month is None or not (day.isascii() and day.isdigit() and 1 <= int(day[:3]) <= 31):
        return None
    end = _after_fraction(text, clock + 8)
    iso = f"{month:02}-{int(day):02}T{text[clock:end].replace(',', '.')}"
    end = _after_zone_word(text, end)
    behind = text[end : end + 5]
    if not year and behind[:3] == " 20" and behind[3:].isdecimal() and len(behind) == 5:
        year, end = behind[1:], end + 5
    return (f"{year or '-'}-{iso}", end)


def _iso(text: str, start: int) -> tuple[str, int] | None:
    """`2025-02-11T03:34:37.966123+0000` and the like, with `T` or a blank."""
    if text[start + 10 : start + 11] not in ("T", " ") or not _is_clock(text, start + 11):
        return None
    day = text[start : start + 10]
    if not _is_day(day):
        return None
    end = _after_fraction(text, start + 19)
    iso = f"{day}T{text[start + 11 : end].replace(',', '.')}"
    blank = end + (text[end : end + 1] == " ")
    if text[end : end + 1] == "Z":
        return iso + "Z", end + 1
    for place in (end, blank):
        zone = _zone(text, place)
        if zone:
            return iso + zone[0], zone[1]
    after = _after_zone_word(text, end)
    return iso + ("Z" if text[end:after] in (" UTC", " GMT") else ""), after


def _zone(text: str, at: int) -> tuple[str, int] | None:
    """`+08:00`, `+0800`, `+08` as `+08:00`, and where it ends."""
    sign, digits = text[at : at + 1], text[at + 1 : at + 6].replace(":", "", 1)
    if sign not in ("+", "-"):
        return None
    hours, minutes = digits[:2], digits[2:4]
    if not (len(hours) == 2 and hours.isascii() and hours.isdigit()):
        return None
    if text[at + 3 : at + 4] == ":":
        end = at + 6
    elif len(minutes) == 2 and minutes.isdigit():
        end = at + 5
    else:
        minutes, end = "00", at + 3
    return (f"{sign}{hours}:{minutes}", end) if len(minutes) == 2 and minutes.isascii() and minutes.isdigit() else None


def _after_zone_word(text: str, at: int) -> int:
    """Where a zone's name ends that stands at `at` behind a blank; `at` where there is none."""
    if text[at : at + 1] != " ":
        return at
    end = text.find(" ", at + 1)
    end = len(text) if end < 0 else end
    return end if text[at + 1 : end] in _ZONES else at


def _after_fraction(text: str, at: int) -> int:
    """Where the fraction of a second ends that may stand at `at`."""
    if text[at : at + 1] not in (".", ",") or not text[at + 1 : at + 2].isdigit():
        return at
    end = at + 1
    while text[end : end + 1].isdigit() and text[end].isascii():
        end += 1
    return end if end > at + 1 else at


def _is_day(day: str) -> bool:
    digits = day[:4] + day[5:7] + day[8:]
    return (
        len(day) == 10
        and day[4] == day[7] == "-"
        and digits.isascii()
        and digits.isdigit()
        and 1 <= int(day[5:7]) <= 12
        and 1 <= int(day[8:]) <= 31
    )


def _is_clock(text: str, at: int) -> bool:
    """Whether `11:34:37` stands at a place."""
    clock = text[at : at + 8] if at >= 0 else ""
    if len(clock) != 8 or clock[2] != ":" or clock[5] != ":":
        return False
    digits = clock[:2] + clock[3:5] + clock[6:]
    return digits.isascii() and digits.isdigit() and digits < "240000" and clock[3] < "6" and clock[6] < "7"


def leading_clock(text: str) -> int:
    """Where what follows a time of day begins that a text begins with (`11:34:37.966 …`), or -1."""
    if not _is_clock(text, 0):
        return -1
    return _after_fraction(text, 8)


def of_epoch(microseconds: int) -> str | None:
    """The ISO 8601 time of microseconds since 1970, or None where there is no such year."""
    import time

    seconds, rest = divmod(microseconds, 1_000_000)
    try:
        parts = time.gmtime(seconds)
    except (OverflowError, ValueError, OSError):
        return None
    if not 1970 <= parts.tm_year <= 9999:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%S", parts) + f".{rest:06}Z"
