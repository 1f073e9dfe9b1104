"""Kept reports: formats, lines, questions, promises, streams, chat programs."""

import json
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from evals.scripted import ScriptedOllama
from evals.scripted.characters import careless

from explain_log.narration.options import ModelOptions

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")
TEXT = {"content-type": "text/plain"}
SECRET = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


@pytest.fixture(scope="module")
def report(client):
    """The example's report."""
    return client.post("/v1/explain?llm=false&language=en", content=EXAMPLE, headers=TEXT).json()


def events_of(response):
    """(name, data) of each event of a stream."""
    found = []
    for block in response.text.split("\n\n"):
        if block and not block.startswith(":"):
            name, data = block.split("\n", 1)
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def until_ready(client, path, seconds=20):
    """The answer of a promised report once it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        response = client.get(path)
        if response.status_code != 202:
            return response
        assert set(response.json()) == {"id", "state", "position", "promised_seconds"}
        assert response.headers["retry-after"].isdigit()
        time.sleep(0.05)
    raise AssertionError("it was not ready in time")


class TestFormats:
    @pytest.mark.parametrize(
        ("end", "kind", "start"),
        [
            (".json", "application/json", '{"schema_version"'),
            (".md", "text/markdown; charset=utf-8", "## "),
            (".html", "text/html; charset=utf-8", "<!"),
            (".svg", "image/svg+xml", "<?xml"),
            (".sarif", "application/sarif+json", '{\n "$schema"'),
        ],
    )
    def test_each_has_an_address(self, client, report, end, kind, start):
        """The address with an ending gives that format; so does the plain one with its type in Accept."""
        response = client.get(f"/v1/reports/{report['id']}{end}")
        assert response.headers["content-type"] == kind
        assert response.text.lower().startswith(start.lower())
        accepted = client.get(f"/v1/reports/{report['id']}", headers={"accept": kind.partition(";")[0]})
        assert accepted.content == response.content

    def test_png(self, client, report):
        """The picture as PNG."""
        assert client.get(f"/v1/reports/{report['id']}.png").content.startswith(b"\x89PNG")

    def test_the_plain_address_is_json(self, client, report):
        """What was answered is what is kept, with its id."""
        assert client.get(f"/v1/reports/{report['id']}").json() == report
        assert re.fullmatch("[0-9a-f]{32}", report["id"])

    def test_no_type_that_can_be_had(self, client, report):
        """A type that there is not is 406, on either side."""
        assert client.get(f"/v1/reports/{report['id']}", headers={"accept": "image/gif"}).status_code == 406
        headers = TEXT | {"accept": "image/gif, application/json;q=0"}
        assert client.post("/v1/explain", content="", headers=headers).status_code == 406

    def test_the_other_language(self, client, report):
        """The same report in Chinese: the same facts, other words; the page has both."""
        other = client.get(f"/v1/reports/{report['id']}?language=zh").json()
        assert other["language"] == "zh"
        assert other["loads"] == report["loads"]
        assert other["source"] == report["source"]
        assert [f["id"] for f in other["findings"]] == [f["id"] for f in report["findings"]]
        assert other["findings"][0]["title"] != report["findings"][0]["title"]
        direct = client.post("/v1/explain?llm=false&language=zh", content=EXAMPLE, headers=TEXT).json()
        assert direct | {"id": None} == other | {"id": None}
        assert 'lang="zh' in client.get(f"/v1/reports/{report['id']}.html").text

    def test_the_other_language_of_a_log_with_secrets(self, client):
        """It tells of the secret too, though the log is kept without it."""
        log = f"{EXAMPLE}\nAuthorization: Bearer {SECRET}\n"
        kept = client.post("/v1/explain?llm=false&language=en", content=log, headers=TEXT).json()
        other = client.get(f"/v1/reports/{kept['id']}?language=zh").json()
        assert [f["id"] for f in other["findings"]] == [f["id"] for f in kept["findings"]]
        assert "log.secrets" in [f["id"] for f in other["findings"]]

    def test_each_post_has_an_id_of_its_own(self, client, report):
        """The same log again is another report; deleting it leaves the first one."""
        again = client.post("/v1/explain?llm=false&language=en", content=EXAMPLE, headers=TEXT).json()
        assert again["id"] != report["id"]
        assert client.delete(f"/v1/reports/{again['id']}").status_code == 204
        assert client.get(f"/v1/reports/{again['id']}").status_code == 404
        assert client.delete(f"/v1/reports/{again['id']}").status_code == 404
        assert client.get(f"/v1/reports/{report['id']}").status_code == 200

    def test_without_a_store(self, own_client):
        """With --no-store a report is answered and not kept; a promise is answered at once."""
        client = own_client(store=False)
        response = client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT | {"prefer": "respond-async"})
        assert response.status_code == 200
        assert response.json()["id"] is None
        assert client.get(f"/v1/reports/{'0' * 32}").status_code == 404


class TestLines:
    def test_a_part(self, client, report):
        """Lines by number with their meaning and the findings that rest on them."""
        lines = client.get(f"/v1/reports/{report['id']}/lines?from=3&to=5").json()
        assert [line["line"] for line in lines] == [3, 4, 5]
        assert lines[0]["text"] == EXAMPLE.splitlines()[2]
        everything = client.get(f"/v1/reports/{report['id']}/lines").json()
        assert [line["text"] for line in everything] == EXAMPLE.splitlines()
        resting = {one for line in everything for one in line["findings"]}
        assert "context.below_training@1" in resting or any(one.startswith("context.below_training") for one in resting)
        assert any(line["meaning"] and line["statement"] for line in everything)

    def test_no_such_lines(self, client, report):
        """Beyond the end is empty; what is no number is 422."""
        assert client.get(f"/v1/reports/{report['id']}/lines?from=5000").json() == []
        assert client.get(f"/v1/reports/{report['id']}/lines?from=5&to=4").json() == []
        assert client.get(f"/v1/reports/{report['id']}/lines?from=0").status_code == 422

    def test_secrets_are_not_kept(self, own_client, tmp_path):
        """Neither lines nor reports nor any file of the service hold what was redacted."""
        client = own_client()
        log = (
            f"{EXAMPLE}\nurl=https://joe:hunter2hunter2@example.org/x\nAuthorization: Bearer {SECRET}\n"
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefgh0123\nZZZZabcdefgh0123\n-----END RSA PRIVATE KEY-----\n"
        )
        kept = client.post("/v1/explain?llm=false", content=log, headers=TEXT).json()
        lines = client.get(f"/v1/reports/{kept['id']}/lines?from=107").text
        assert "[REDACTED:" in lines
        hidden = (SECRET, "hunter2hunter2", "MIIEabcdefgh0123", "ZZZZabcdefgh0123")
        assert not [value for value in hidden if value in lines]
        files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert not [value for value in hidden if value.encode() in files]


class TestQuestions:
    def test_by_the_rules(self, client, report):
        """A question is answered from the report."""
        asked = {"question": "How large is the KV cache?", "llm": False}
        answer = client.post(f"/v1/reports/{report['id']}/ask", json=asked).json()
        assert answer["origin"] == "rules"
        assert any("2560" in one["text"] for one in answer["statements"])

    def test_as_a_stream(self, client, report):
        """Statements as they come, then the whole answer."""
        headers = {"accept": "text/event-stream"}
        asked = {"question": "How large is the KV cache?", "llm": False}
        events = events_of(client.post(f"/v1/reports/{report['id']}/ask", json=asked, headers=headers))
        assert events[-1][0] == "done"
        assert [one["statement"] for name, one in events[:-1] if name == "statement"] == events[-1][1]["statements"]

    def test_by_a_model(self, client, report, monkeypatch):
        """A model answers where there is one."""
        with ScriptedOllama() as ollama:
            at(monkeypatch, ollama.url)
            answer = client.post(
                f"/v1/reports/{report['id']}/ask", json={"question": "How large is the KV cache?"}
            ).json()
        assert answer["statements"]
        assert answer["model"] in ("scripted:8b", None)
        assert ollama.asked

    @pytest.mark.parametrize("body", [{}, {"question": ""}, {"question": 1}, {"question": "x", "more": 1}])
    def test_no_question(self, client, report, body):
        """What is none is 422."""
        assert client.post(f"/v1/reports/{report['id']}/ask", json=body).status_code == 422


def at(monkeypatch, url):
    """Points the service to another Ollama."""

    def options(_, wanted):
        return ModelOptions(host=url, question=wanted.question, language=wanted.language)

    monkeypatch.setattr("explain_log.api.explain.Explainer.model_options", options)


class TestKnowledge:
    def test_verify(self, client, report):
        """Somebody's text against a kept report and against a log."""
        answer = "n_ctx is 8192. The KV cache takes 9999 MiB."
        kept = client.post("/v1/verify", json={"answer": answer, "report": report["id"]}).json()
        posted = client.post("/v1/verify", json={"answer": answer, "log": EXAMPLE}).json()
        assert kept == posted
        assert kept["summary"] == {"supported": 1, "contradicted": 1, "unsupported": 0}
        assert client.post("/v1/verify", json={"answer": answer}).status_code == 422
        assert client.post("/v1/verify", json={"answer": answer, "report": "0" * 32}).status_code == 404

    def test_line(self, client):
        """Single lines, redacted."""
        text = f"llm_load_tensors: offloaded 81/81 layers to GPU\nkey {SECRET}"
        lines = client.post("/v1/line", json={"text": text}).json()
        assert lines[0]["fields"] == {"layers_offloaded": 81, "layers_total": 81}
        assert SECRET not in lines[1]["text"]

    def test_lists(self, client):
        """Terms, statements and findings in both languages."""
        zh, en = (client.get(f"/v1/terms?language={language}").json() for language in ("zh", "en"))
        assert {one["id"] for one in zh} == {one["id"] for one in en}
        assert client.get("/v1/terms/n_seq_max?language=en").json()["id"] == "n_seq_max"
        assert client.get("/v1/terms/nothing").status_code == 404
        found = client.get("/v1/statements?search=offloaded layers&limit=3").json()
        assert 0 < len(found) <= 3
        assert {"offload.full", "oom.gpu"} <= {one["id"] for one in client.get("/v1/findings").json()}


class TestStream:
    def test_facts_first(self, client):
        """The report comes at once and is kept; then the end."""
        headers = TEXT | {"accept": "text/event-stream"}
        log = EXAMPLE + "\nstream\n"
        response = client.post("/v1/explain?llm=false&language=en", content=log, headers=headers)
        assert response.headers["content-type"].startswith("text/event-stream")
        events = events_of(response)
        names = [name for name, _ in events]
        assert names[-2:] == ["report", "done"]
        assert set(names) <= {"progress", "report", "done"}
        report = next(data for name, data in events if name == "report")
        assert events[-1][1]["id"] == report["id"]
        assert client.get(f"/v1/reports/{report['id']}").json() == report

    def test_statements_as_they_are_verified(self, client, monkeypatch):
        """With a model: the rules' report, progress with a position and a promise, statements, the end."""
        headers = TEXT | {"accept": "text/event-stream"}
        with ScriptedOllama() as ollama:
            at(monkeypatch, ollama.url)
            events = events_of(client.post("/v1/explain?language=en", content=EXAMPLE, headers=headers))
        names = [name for name, _ in events]
        assert names.index("report") < names.index("statement") < names.index("done")
        assert any(
            data.get("stage") == "model" and data["promised_seconds"] > 0 for name, data in events if name == "progress"
        )
        kept = client.get(f"/v1/reports/{events[-1][1]['id']}").json()
        said = [s["text"] for section in kept["explanation"]["sections"] for s in section["statements"]]
        assert kept["explanation"]["origin"] == "model"
        assert {data["statement"]["text"] for name, data in events if name == "statement"} <= set(said)

    def test_what_the_verifier_refuses(self, client, monkeypatch):
        """A lie is told as refused, with the reason, and stands in no statement."""
        headers = TEXT | {"accept": "text/event-stream"}
        with ScriptedOllama(careless) as ollama:
            at(monkeypatch, ollama.url)
            events = events_of(client.post("/v1/explain?language=en", content=EXAMPLE, headers=headers))
        refused = [data for name, data in events if name == "rejected"]
        assert refused
        assert all(one["text"] and one["reason"] for one in refused)
        said = [data["statement"]["text"] for name, data in events if name == "statement"]
        assert not {one["text"] for one in refused} & set(said)
        reason = refused[0]["reason"].partition(":")[0]
        counted = f'explain_log_statements_total{{reason="{reason}",verdict="refused"}}'
        assert counted in client.get("/metrics").text


class TestExplainingLater:
    """`POST /v1/reports/{id}/explain`: a model writes what the rules wrote so far."""

    @pytest.fixture
    def ollama(self, monkeypatch):
        with ScriptedOllama() as ollama:
            at(monkeypatch, ollama.url)
            yield ollama

    def test_once(self, client, report, ollama):
        """The report at the same address is in its words, and is not written again."""
        path = f"/v1/reports/{client.post('/v1/explain?llm=false&language=en', content=EXAMPLE, headers=TEXT).json()['id']}"
        written = client.post(f"{path}/explain").json()
        assert written["explanation"]["origin"] == "model"
        assert written | {"id": None, "explanation": None} == report | {"id": None, "explanation": None}
        assert client.get(path).json() == written
        count = len(ollama.asked)
        assert count
        assert client.post(f"{path}/explain?language=en").json() == written
        assert len(ollama.asked) == count

    def test_in_the_other_language(self, client, ollama):
        """Both languages can be a model's: what it wrote in one stays when it writes in the other."""
        path = client.post("/v1/explain?language=en", content=EXAMPLE, headers=TEXT).headers["content-location"]
        english = client.get(path).json()["explanation"]
        assert client.get(f"{path}?language=zh").json()["explanation"]["origin"] == "rules"
        events = events_of(client.post(f"{path}/explain?language=zh", headers={"accept": "text/event-stream"}))
        assert {name for name, _ in events} >= {"progress", "statement", "done"}
        chinese = client.get(f"{path}?language=zh").json()
        assert (chinese["language"], chinese["explanation"]["origin"]) == ("zh", "model")
        assert client.get(f"{path}?language=en").json()["explanation"] == english

    def test_an_answer_stays(self, client, ollama):
        """A question that was asked with the log keeps its answer."""
        asked = {"question": "How large is the KV cache?", "llm": "false", "language": "en"}
        before = client.post("/v1/explain", params=asked, content=EXAMPLE, headers=TEXT).json()
        after = client.post(f"/v1/reports/{before['id']}/explain").json()["explanation"]
        assert after["origin"] == "model"
        assert after["sections"][0] == before["explanation"]["sections"][0]

    def test_deleted_while_the_model_writes(self, own_client, monkeypatch):
        """Whoever waits is told, in a stream too."""
        client = own_client()
        for headers in ({"accept": "text/event-stream"}, {}):
            path = client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT).headers["content-location"]
            with ScriptedOllama(first_seconds=0.1) as ollama, ThreadPoolExecutor(1) as pool:
                at(monkeypatch, ollama.url)
                waiting = pool.submit(client.post, f"{path}/explain", headers=headers)
                end = time.monotonic() + 20
                while not ollama.exchanges and time.monotonic() < end:
                    time.sleep(0.05)
                assert client.delete(path).status_code == 204
                answer = waiting.result(30)
            problem = events_of(answer)[-1][1]["problem"] if headers else answer.json()
            assert (problem["status"], "deleted" in problem["detail"]) == (404, True)

    def test_without_a_model(self, client, report):
        """The rules' text stays, with the reason; what is no report is 404."""
        answer = client.post(f"/v1/reports/{report['id']}/explain")
        assert answer.json() == report
        assert "127.0.0.1" in answer.headers["explain-log-notice"]
        assert client.post(f"/v1/reports/{'0' * 32}/explain").status_code == 404


class TestSaidBefore:
    """What a model said of a log is not written again, as long as a report of it is kept."""

    @pytest.fixture
    def ollama(self, monkeypatch):
        with ScriptedOllama() as ollama:
            at(monkeypatch, ollama.url)
            yield ollama

    @staticmethod
    def explained(client, ollama, **more):
        """A report in a model's words, its events, and how often the model was asked for it."""
        before = len(ollama.asked)
        headers = TEXT | {"accept": "text/event-stream"}
        events = events_of(
            client.post("/v1/explain", params={"language": "en"} | more, content=EXAMPLE, headers=headers)
        )
        report = client.get(f"/v1/reports/{events[-1][1]['id']}").json()
        assert report["explanation"]["origin"] == "model"
        return report, [data for name, data in events if name == "statement"], len(ollama.asked) - before

    def test_the_same_log_again(self, own_client, ollama):
        """Another report with the same words, told as events too; not by another model, in another language, or asked for more."""
        client = own_client(cache=True)
        first, _, asked = self.explained(client, ollama)
        assert asked
        again, events, asked = self.explained(client, ollama)
        assert asked == 0
        assert again["id"] != first["id"]
        assert again | {"id": None} == first | {"id": None}
        told = [statement for section in first["explanation"]["sections"] for statement in section["statements"]]
        assert [event["statement"] for event in events] == told
        assert self.explained(client, ollama, language="zh")[2]
        assert self.explained(client, ollama, question="How large is the KV cache?")[2]
        ollama.digest = "sha256:" + "77" * 32
        assert self.explained(client, ollama)[2]
        assert self.explained(client, ollama)[2] == 0

    def test_promised_and_later(self, own_client, ollama):
        """A job has it too, and a report that the rules wrote."""
        client = own_client(cache=True)
        first, _, _ = self.explained(client, ollama)
        asked = len(ollama.asked)
        path = client.post(
            "/v1/explain?language=en", content=EXAMPLE, headers=TEXT | {"prefer": "respond-async"}
        ).headers["location"]
        assert until_ready(client, path).json()["explanation"] == first["explanation"]
        path = client.post("/v1/explain?language=en&llm=false", content=EXAMPLE, headers=TEXT).headers[
            "content-location"
        ]
        assert client.post(f"{path}/explain").json()["explanation"] == first["explanation"]
        assert len(ollama.asked) == asked

    def test_deleted(self, own_client, ollama, tmp_path, monkeypatch):
        """With the last report of a log its words go: nothing is left, and the model writes anew."""
        monkeypatch.setenv("EXPLAIN_LOG_DATA_DIR", str(tmp_path))
        client = own_client(cache=True)
        reports = [self.explained(client, ollama)[0] for _ in range(2)]
        for report in reports:
            assert client.delete(f"/v1/reports/{report['id']}").status_code == 204
        with sqlite3.connect(tmp_path / "reports.sqlite") as database:
            for table in ("pointers", "contents", "logs", "log_lines"):
                assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert not (tmp_path / "explanations.sqlite").exists()
        assert self.explained(client, ollama)[2]

    def test_not_kept(self, own_client, ollama):
        """With --no-cache the model is asked each time."""
        client = own_client(cache=False)
        assert self.explained(client, ollama)[2]
        assert self.explained(client, ollama)[2]

    def test_two_at_once(self, own_client, monkeypatch):
        """Two who come at the same time each have their report; who comes then has one of the two."""
        client = own_client(cache=True, model_slots=2)
        with ScriptedOllama(first_seconds=0.2, parallel=2) as ollama, ThreadPoolExecutor(2) as pool:
            at(monkeypatch, ollama.url)
            both = [pool.submit(self.explained, client, ollama) for _ in range(2)]
            words = [one.result(60)[0]["explanation"] for one in both]
            last, _, asked = self.explained(client, ollama)
        assert asked == 0
        assert last["explanation"] in words


class TestPromises:
    def test_a_promised_report_comes(self, client, report):
        """202 with the address; there the state, then the report."""
        headers = TEXT | {"prefer": "respond-async"}
        response = client.post("/v1/explain?llm=false&language=en", content=EXAMPLE + "\nx\n", headers=headers)
        assert response.status_code == 202
        assert response.headers["preference-applied"] == "respond-async"
        path = response.headers["location"]
        assert path == f"/v1/reports/{response.json()['id']}"
        ready = until_ready(client, path).json()
        assert ready["id"] == response.json()["id"]
        assert ready["loads"] == report["loads"]
        assert client.get(f"{path}.md").status_code == 200

    def test_what_is_no_log_fails_there(self, client):
        """The problem is told at the address of the report."""
        headers = TEXT | {"prefer": "respond-async"}
        path = client.post("/v1/explain", content=bytes(range(256)) * 9, headers=headers).headers["location"]
        response = until_ready(client, path)
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        assert client.post(f"{path}/ask", json={"question": "why?"}).status_code == 422

    def test_no_raw_log_stays(self, own_client, tmp_path):
        """Until it is parsed the raw log lies in a file for this user only; afterwards nowhere."""
        client = own_client()
        service = client.app.state.service
        seen = []
        promise = service.jobs.promise

        def looked_at(body):
            path = tmp_path / "spool" / body.rpartition("/")[2]
            return body, path.stat().st_mode & 0o777, SECRET in path.read_text()

        async def watched(options, body, owner):
            seen.append(looked_at(body))
            return await promise(options, body, owner)

        service.jobs.promise = watched
        headers = TEXT | {"prefer": "respond-async"}
        path = client.post("/v1/explain?llm=false", content=f"{EXAMPLE}\n{SECRET}\n", headers=headers).headers[
            "location"
        ]
        assert until_ready(client, path).status_code == 200
        assert [(mode, raw) for _, mode, raw in seen] == [(0o600, True)]
        assert sorted(one.name for one in (tmp_path / "spool").iterdir()) == ["lock"]

    def test_a_promise_can_be_taken_back(self, own_client, monkeypatch):
        """Deleting a report that is being made ends the work on it."""
        client = own_client()
        with ScriptedOllama(first_seconds=60) as ollama:
            at(monkeypatch, ollama.url)
            headers = TEXT | {"prefer": "respond-async"}
            path = client.post("/v1/explain", content=EXAMPLE, headers=headers).headers["location"]
            end = time.monotonic() + 20
            while not ollama.exchanges and time.monotonic() < end:
                time.sleep(0.05)
            assert client.get(path).json()["state"] == "running"
            assert client.post(f"{path}/ask", json={"question": "x"}).status_code == 409
            assert client.delete(path).status_code == 204
            while not ollama.exchanges[0].broken and time.monotonic() < end:
                time.sleep(0.05)
            assert ollama.exchanges[0].broken
        assert client.get(path).status_code == 404

    def test_too_many(self, own_client):
        """Beyond the limit of open promises it is 503 with Retry-After."""
        client = own_client(most_jobs=0)
        response = client.post("/v1/explain", content=EXAMPLE, headers=TEXT | {"prefer": "respond-async"})
        assert response.status_code == 503
        assert response.headers["retry-after"].isdigit()


class TestReady:
    def test_without_a_model(self, client):
        """It is ready, and says plainly that it tells facts only, and why."""
        ready = client.get("/readyz").json()
        assert (ready["status"], ready["mode"]) == ("ready", "facts_only")
        assert "127.0.0.1:9" in ready["reason"]

    def test_with_a_model(self, own_client):
        """It names the model."""
        with ScriptedOllama() as ollama:
            client = own_client(model=ModelOptions(host=ollama.url))
            assert client.get("/readyz").json() == {
                "status": "ready",
                "mode": "model",
                "reason": None,
                "model": "scripted:8b",
            }

    def test_metrics(self, client, report):
        """Requests by route, never by id; parsing, queues, cache."""
        text = client.get("/metrics").text
        assert 'explain_log_requests_total{method="POST",route="/v1/explain",status="200"}' in text
        assert report["id"] not in text
        for name in ("parse_seconds_count", "model_seconds_count", "queue{", "cache_total{", "statements_total"):
            assert f"explain_log_{name}" in text
