"""What a sentence says that a setting or a field of the log is set to, where that is a word and no quantity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from explain_log.narration.verifier.facts_told import all_facts
from explain_log.narration.verifier.lexicon import lexicon
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_WORDS = {
    True: ("true", "on", "enabled", "yes", "1", "开", "打开", "打开的", "开着的", "启用", "开启", "启用的", "开启的"),
    False: ("false", "off", "disabled", "no", "0", "关", "关闭", "关闭的", "关着的", "禁用", "禁用的", "停用"),
}
_SWITCH = {word: state for state, words in _WORDS.items() for word in words}
_VALUE = "|".join(sorted((re.escape(word) for word in _SWITCH if not word.isdigit()), key=len, reverse=True))
_NAME = r"OLLAMA_[A-Z][A-Z0-9_]*|[a-z]+(?:_[a-z]+)+|[A-Za-z]+[a-z][A-Z]\w+"
_TYPE = r"f16|f32|bf16|q[4-8]_[01]|iq4_nl"
_ASSIGNED = re.compile(
    rf"(?<![\w.\-])(?P<name>(?-i:{_NAME}))(?!\w)(?:的值|这一项|这个设置| setting| value)?\s?"
    r"(?:=|:|(?:被|设)?(?:的)?(?:是|为|设为|设成|设置为|设的是|显示为|写的是)"
    r"|(?:is|was|are|were|has been)(?: (?:set|switched|turned)(?: to)?)?(?: (?:currently|explicitly))?"
    r"|(?:has|have|had) (?:the )?value|set to|stands? (?:at|on)|reads?)\s?[“\"'`]?"
    rf"(?P<value>(?:{_VALUE}|{_TYPE}|-1|(?:\d+[hms])+|[01](?![\w.]))(?![A-Za-z0-9_]))",
    re.IGNORECASE,
)


_ZERO = re.compile(r"(?<=[hm])0[ms](?:0s)?$")
"""What a duration may leave unsaid: 5m is 5m0s."""


def assigned(reading: Reading, report: Report, language: str, lines: Sequence[str]) -> Iterator[Judgement]:
    """A judgement for each switch or type that the sentence gives to a setting or a field by its name in the log.

    lines: the log's, folded; a field that is no fact is looked up there.
    """
    for match in _ASSIGNED.finditer(reading.text):
        segment = reading.sentence.at(match.start())
        wish = reading.text[segment.start : segment.end if match["name"].isupper() else match.start()]
        if segment.hypothetical and lexicon().advice[language].search(wish):
            continue
        if match["name"].isupper() and "=" in reading.text[match.end("name") : match.start("value")]:
            continue  # as one writes it to set it: that is advice
        values = [
            (value, cite)
            for value, cite in [*_values(match["name"], report, segment.loads), *_in_lines(match["name"], lines)]
            if not match["value"].isdigit() or str(value).casefold() in _SWITCH
            if match["value"] != "-1" or match["name"].startswith("OLLAMA_")
        ]
        if not values:
            if match["name"].startswith("OLLAMA_"):
                yield Objection(Code.POLARITY, "UNKNOWN", {"what": match[0]}, *match.span())
            continue
        denied = is_negated(reading.text, match.start("value"), segment.start)
        right = [cite for value, cite in values if same_value(match["value"], value) != denied]
        if right:
            yield Support(*match.span(), (right[0],))
            continue
        shown = "; ".join(dict.fromkeys(f"{match['name']} = {str(value).lower()}" for value, _ in values))
        cites = tuple(dict.fromkeys(cite for _, cite in values))[:3]
        yield Objection(Code.POLARITY, "POLARITY", {"says": shown}, *match.span(), contradicted=True, cites=cites)


def _values(name: str, report: Report, loads: frozenset[int]) -> list[tuple[object, str]]:
    """(value, fact id) of what the log has under a name."""
    told: list[tuple[object, str]] = []
    for number, run in enumerate(report.server_runs, 1):
        if name in run.config:
            told.append((run.config[name], f"fact:server_runs.{number}.config.{name}"))
    for fact in all_facts(report):
        if fact.kind.rpartition(".")[2] == name.casefold() and fact.value is not None:
            parts = fact.path.split(".")
            if not loads or parts[0] != "loads" or int(parts[1]) in loads:
                told.append((fact.value, fact.id))
    return told


def _in_lines(name: str, lines: Sequence[str]) -> list[tuple[object, str]]:
    """(value, line id) of a field that lines of the log print as `name:value` or `name = value`."""
    folded = name.casefold()
    pattern = re.compile(rf"(?<![a-z0-9_]){re.escape(folded)}\s*[:=]\s*([a-z0-9_]+)(?![\w.])")
    found = ((number, pattern.search(line)) for number, line in enumerate(lines, 1) if folded in line)
    return [(match[1], f"line:{number}") for number, match in found if match]


def same_value(said: str, value: object) -> bool:
    """Whether two values are the same, a switch however it is written."""
    one, other = (_ZERO.sub("", each.casefold()) for each in (said, str(value)))
    return one == other or (one in _SWITCH and other in _SWITCH and _SWITCH[one] == _SWITCH[other])
