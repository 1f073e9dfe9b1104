"""Ten times as many requests as fit in, all at once: each is answered or told when to come again, and none is lost."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest
from evals.scripted import ScriptedOllama
from served import Served, written_by

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")
WAITING = 2
FIT_IN = 1 + WAITING
SECONDS = 120


def variant(number):
    """A log of its own, known again by the seconds of its load."""
    return EXAMPLE.replace("231.27", f"{number}.27")


def at_once(url, posts):
    """All posts at the same time; (status, headers, body, seconds) of each, in order. posts: (query, log, headers)."""

    async def post(client, query, log, headers):
        began = time.monotonic()
        answer = await client.post(
            f"/v1/explain?{query}", content=log, headers={"content-type": "text/plain"} | headers
        )
        return answer.status_code, answer.headers, answer.text, time.monotonic() - began

    async def main():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=url, timeout=SECONDS, limits=limits, trust_env=False) as client:
            return await asyncio.gather(*(post(client, *one) for one in posts))

    return asyncio.run(main())


def check_answered(url, number, status, headers, body):
    """The answer is this log's report, which is kept, or says when to come again."""
    assert status in (200, 429, 503)
    if status == 200:
        report = json.loads(body)
        assert report["loads"][0]["load_seconds"] == number + 0.27
        assert httpx.get(f"{url}/v1/reports/{report['id']}", trust_env=False).json() == report
    else:
        assert int(headers["retry-after"]) >= 1
        assert json.loads(body)["status"] == status


def events_of(body):
    """(name, data) of each event of a stream."""
    blocks = [block.split("\n") for block in body.split("\n\n") if block and not block.startswith(":")]
    return [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks]


def test_without_a_model(tmp_path):
    """One worker, two may wait, thirty logs to parse. Some are answered, and what is refused can be sent again."""
    with Served(tmp_path, workers=1, parses_waiting=WAITING, llm=False) as service:
        left, answered, rounds = list(range(100, 100 + 10 * FIT_IN)), 0, 0
        while left:
            answers = at_once(service.url, [("language=en", variant(number), {}) for number in left])
            for number, answer in zip(left, answers, strict=True):
                check_answered(service.url, number, *answer[:3])
            left = [number for number, answer in zip(left, answers, strict=True) if answer[0] != 200]
            answered, rounds = answered + len(answers) - len(left), rounds + 1
            assert answered >= rounds, "a round in which nobody was answered"
        assert rounds > 1, "nobody was refused"


def test_beyond_a_key_s_rate(tmp_path):
    """What the rate refuses is 429, what the queue refuses 503, and no more is answered than the rate allows."""
    with Served(tmp_path, workers=1, parses_waiting=WAITING, llm=False, rate=f"{5 * FIT_IN}/hour") as service:
        numbers = range(100, 100 + 10 * FIT_IN)
        answers = at_once(service.url, [("language=en", variant(number), {}) for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            check_answered(service.url, number, *answer[:3])
        assert [answer[0] for answer in answers].count(429) == 5 * FIT_IN
        assert 200 in {answer[0] for answer in answers}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_with_a_slow_model(tmp_path, accept):
    """One writes, two wait and are told where they stand and by when; the others have the facts, or are told to wait."""
    numbers = range(100, 100 + 10 * FIT_IN)
    with written_by(
        ScriptedOllama(first_seconds=0.1, piece_characters=1 << 16), tmp_path, models_waiting=WAITING
    ) as service:
        for number in numbers:  # parsed before, so that all come to the model's queue
            told = httpx.post(
                f"{service.url}/v1/explain?language=en&llm=false", content=variant(number), trust_env=False
            )
            assert told.status_code == 200
        answers = at_once(service.url, [("language=en", variant(number), {"accept": accept}) for number in numbers])
        if accept == "application/json":
            for number, answer in zip(numbers, answers, strict=True):
                check_answered(service.url, number, *answer[:3])
            written = [json.loads(body) for status, _, body, _ in answers if status == 200]
        else:
            streams = [events_of(body) for _, _, body, _ in answers]
            written = [
                kept
                for number, stream in zip(numbers, streams, strict=True)
                if (kept := streamed(service, number, stream))
            ]
            assert {places_of(stream)[0] for stream in streams if places_of(stream)} == set(range(FIT_IN))
            for answer, stream in zip(answers, streams, strict=True):
                check_places(stream, answer[3])
    assert FIT_IN <= len(written) < len(numbers)
    assert {report["explanation"]["origin"] for report in written} == {"model"}


def streamed(service, number, stream):
    """The kept report of a stream that the model ended; None where the end says when to come again."""
    names = [name for name, _ in stream]
    assert (names.count("report"), names.count("done"), names[-1]) == (1, 1, "done")
    first = next(data for name, data in stream if name == "report")
    kept = httpx.get(f"{service.url}/v1/reports/{first['id']}", trust_env=False).json()
    assert kept["loads"][0]["load_seconds"] == number + 0.27
    problem = stream[-1][1].get("problem")
    if problem is None:
        return kept
    assert problem["status"] == 503
    assert problem["retry_after"] >= 1
    return None


def places_of(stream):
    """The positions that a stream told, one after the other."""
    return [
        data["position"] for name, data in stream if name == "progress" and data["stage"] in ("model_queue", "model")
    ]


def check_places(stream, seconds):
    """Who waits comes nearer and gets a turn, within the time that was promised with the first position."""
    places = places_of(stream)
    assert places == sorted(places, reverse=True)
    assert not places or places[-1] == 0
    promises = [data["promised_seconds"] for name, data in stream if "promised_seconds" in (data or {})]
    assert not promises or seconds <= promises[0]
