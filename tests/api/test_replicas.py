"""Two services that share a PostgreSQL, each with a folder of its own."""

import json
import time
from pathlib import Path

import httpx
import postgres
import pytest
from evals.scripted import ScriptedOllama
from served import Served

from explain_log.narration.options import ModelOptions

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")


@pytest.fixture
def replicas(tmp_path):
    """Clients of both."""
    postgres.needed()
    with postgres.running() as url, ScriptedOllama() as ollama:
        options = {"database": url, "model": ModelOptions(host=ollama.url), "cache": True}
        folders = [tmp_path / name for name in "ab"]
        for folder in folders:
            folder.mkdir()
        with (
            Served(folders[0], **options) as one,
            Served(folders[1], **options) as two,
            httpx.Client(base_url=one.url, trust_env=False, timeout=60) as first,
            httpx.Client(base_url=two.url, trust_env=False, timeout=60) as second,
        ):
            yield first, second, ollama


def test_what_one_has_the_other_has(replicas):
    """A report, its lines, a promise, what a model said, and that it was deleted."""
    one, two, ollama = replicas
    report = one.post("/v1/explain?language=en", content=EXAMPLE).json()
    assert report["explanation"]["origin"] == "model"
    path = f"/v1/reports/{report['id']}"
    assert two.get(path).json() == report
    assert len(two.get(f"{path}/lines?from=1&to=3").json()) == 3
    asked = len(ollama.asked)
    again = two.post("/v1/explain?language=en", content=EXAMPLE).json()
    assert again["explanation"] == report["explanation"]
    assert len(ollama.asked) == asked
    promised = one.post("/v1/explain?language=en&llm=false", content=EXAMPLE, headers={"Prefer": "respond-async"})
    end = time.monotonic() + 60
    while (answer := two.get(promised.headers["location"])).status_code == 202:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert json.loads(answer.content)["loads"] == report["loads"]
    assert two.delete(path).status_code == 204
    assert one.get(path).status_code == 404
