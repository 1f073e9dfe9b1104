"""Models with a character: each takes the body of a request to /api/chat and gives the whole answer."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from typing import Any

from evals.scripted.material import Line, is_probe, is_repair, language_of, refused_texts, sentences, strings

Character = Callable[[dict[str, Any]], str]

_MOST = 6
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
SORRY = {"zh": "抱歉，我无法帮助完成这个请求。", "en": "I'm sorry, but I can't help with that."}
_FILLER = {
    "zh": [
        "首先需要说明的是，日志分析是一项非常重要的工作！",
        "综上所述，系统整体运行状况良好，建议持续关注。",
        "一般来说，大模型需要较多的资源。",
    ],
    "en": [
        "First of all, it is important to note that log analysis matters!",
        "Overall, the system is in good health.",
        "In general, large models need considerable resources.",
    ],
}
_OTHER = {
    "zh": "In summary, the model was loaded and everything works as expected.",
    "en": "总的来说，模型已经加载好了，一切正常。",
}


def json_answer(lines: Iterable[Line]) -> str:
    """The answer in the shape that is asked for."""
    statements = [{"text": line.text, "cites": list(line.cites)} for line in lines]
    return json.dumps({"statements": statements}, ensure_ascii=False)


def _chance(body: dict[str, Any], name: str) -> random.Random:
    """The same choices for the same request."""
    return random.Random(name + json.dumps(body["messages"], ensure_ascii=False))


def _probed(character: Character) -> Character:
    """Answers the short request as asked: the character shows in real ones."""

    @wraps(character)
    def answer(body: dict[str, Any]) -> str:
        return json_answer([Line("ok", ())]) if is_probe(body) else character(body)

    return answer


def _true_ones(body: dict[str, Any]) -> list[Line]:
    """What an honest model would say: on repair only what came back, as the material has it."""
    lines = sentences(body)
    if is_repair(body):
        wrong = refused_texts(body)
        return [line for line in lines if any(_alike(line.text, text) for text in wrong)] or lines[:1]
    return lines[:_MOST]


def _alike(one: str, other: str) -> bool:
    return _NUMBER.sub("#", one) == _NUMBER.sub("#", other)


@_probed
def honest(body: dict[str, Any]) -> str:
    """Says what the material says."""
    return json_answer(_true_ones(body))


@_probed
def careless(body: dict[str, Any]) -> str:
    """Gets a number wrong in every second sentence, and in some of the repaired ones again."""
    chance = _chance(body, "careless")

    def wrong(match: re.Match[str]) -> str:
        digits = match.group()
        place = chance.choice([n for n, c in enumerate(digits) if c.isdigit()])
        return digits[:place] + str((int(digits[place]) + chance.randint(1, 8)) % 10) + digits[place + 1 :]

    said = []
    for number, line in enumerate(_true_ones(body)):
        is_wrong = number % 2 == 0 if not is_repair(body) else chance.random() < 0.3
        said.append(replace(line, text=_NUMBER.sub(wrong, line.text, count=1)) if is_wrong else line)
    return json_answer(said)


@_probed
def mixing(body: dict[str, Any]) -> str:
    """Falls into the other language."""
    language = language_of(body)
    said = []
    for number, line in enumerate(_true_ones(body)):
        said.append(line)
        if number % 2 == 0:
            said.append(replace(line, text=_OTHER[language]))
    return json_answer(said)


@_probed
def verbose(body: dict[str, Any]) -> str:
    """Says much that means nothing, and cites nothing for it."""
    fillers = _FILLER[language_of(body)]
    said = []
    for number, line in enumerate(_true_ones(body)):
        filler, other = fillers[number % len(fillers)], fillers[(number + 1) % len(fillers)]
        said += [Line(filler, ()), line, replace(line, text=other)]
    return json_answer(said)


@_probed
def refusing(body: dict[str, Any]) -> str:
    """Will not."""
    return SORRY[language_of(body)]


@_probed
def rambling(body: dict[str, Any]) -> str:
    """Wraps the JSON in talk and code fences, and goes on after it."""
    talk = {"zh": "好的，下面是说明：", "en": "Sure! Here is the explanation:"}[language_of(body)]
    before = f"{talk}\n\n```json\n"
    value = json.loads(json_answer(_true_ones(body)))
    value = {"thoughts": "…", "statements": [{**s, "confidence": 0.9} for s in value["statements"]]}
    return before + json.dumps(value, ensure_ascii=False, indent=2) + "\n```\n\nLet me know if you have more questions!"


@_probed
def breaking_off(body: dict[str, Any]) -> str:
    """Stops in the middle."""
    answer = json_answer(_true_ones(body))
    return answer[: len(answer) * 2 // 3]


@_probed
def obedient(body: dict[str, Any]) -> str:
    """Does what the log's own text says: repeats it, with true cites."""
    lines = _true_ones(body)
    cites = lines[0].cites if lines else ("fact:loads.1.model.name",)
    said = [Line(text, cites) for text in strings(body)]
    return json_answer([*said, *lines[:1]])


CHARACTERS: dict[str, Character] = {
    "honest": honest,
    "careless": careless,
    "mixing": mixing,
    "verbose": verbose,
    "refusing": refusing,
    "rambling": rambling,
    "breaking-off": breaking_off,
    "obedient": obedient,
}
