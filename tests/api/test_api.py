"""The REST service: a log in, a report out; everything else is a problem of one line."""

import gzip
import socket
from pathlib import Path
from urllib.parse import unquote

import pytest
from evals.scripted.server import ScriptedOllama

from explain_log.api.options import ServiceOptions
from explain_log.api.server import Place, listen, run
from explain_log.errors import InputError
from explain_log.narration.options import ModelOptions

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_bytes()
TEXT = {"content-type": "text/plain"}


def at(url):
    """Model options for a server, in place of the service's own."""
    return lambda _, wanted: ModelOptions(host=url, question=wanted.question, language=wanted.language)


def problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert "\n" not in body["detail"]
    assert "Traceback" not in response.text
    return body["detail"]


class TestExplain:
    def test_text_in_report_out(self, client):
        """The example log as text gives the contract's report."""
        report = client.post("/v1/explain?llm=false&language=en", content=EXAMPLE, headers=TEXT).json()
        assert report["schema_version"] == "1.0"
        assert report["language"] == "en"
        assert report["loads"][0]["context"]["n_ctx"] == 8192
        assert report["explanation"]["origin"] == "rules"

    def test_json_in(self, client):
        """The same as JSON, with the options beside the log."""
        body = {"log": EXAMPLE.decode(), "language": "zh", "llm": False}
        report = client.post("/v1/explain", json=body).json()
        assert report["language"] == "zh"
        assert report["loads"][0]["layers_offloaded"] == 81

    @pytest.mark.parametrize("body", [{"content": b"", "headers": TEXT}, {"json": {}}, {"json": {"log": ""}}])
    def test_nothing_in(self, client, body):
        """An empty log is answered with an empty report."""
        response = client.post("/v1/explain?llm=false", **body)
        assert response.status_code == 200
        assert response.json()["loads"] == []
        assert response.json()["source"]["lines"] == 0

    @pytest.mark.parametrize(
        ("header", "language"),
        [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB", "en"), ("fr-FR, zh;q=0.5", "zh"), ("fr", "en"), ("", "en")],
    )
    def test_language_by_header(self, client, header, language):
        """Without a language in the request the client's own counts."""
        headers = TEXT | {"accept-language": header}
        report = client.post("/v1/explain?llm=false", content=b"", headers=headers).json()
        assert report["language"] == language

    def test_a_model_writes(self, client, monkeypatch):
        """With a model the explanation is in its words, verified."""
        with ScriptedOllama() as ollama:
            monkeypatch.setattr("explain_log.api.explain.Explainer.model_options", at(ollama.url))
            response = client.post("/v1/explain?language=en", content=EXAMPLE, headers=TEXT)
            report = response.json()
            again = client.get(f"/v1/reports/{report['id']}").json()
        assert report["explanation"]["origin"] == "model"
        assert report["explanation"]["model"] == "scripted:8b"
        assert again == report

    def test_no_model(self, client):
        """Without a server the rules answer, and a header says why, also when the report is fetched later."""
        response = client.post("/v1/explain?language=zh", content=EXAMPLE, headers=TEXT)
        assert response.status_code == 200
        assert response.json()["explanation"]["origin"] == "rules"
        assert "ollama serve" in unquote(response.headers["explain-log-notice"])
        assert client.get(response.headers["content-location"]).headers["explain-log-notice"]


class TestRefused:
    def test_too_long(self, own_client):
        """A log over the limit is refused, whether it says its length or not."""
        client = own_client(most_bytes=1000)
        assert "1000" in problem(client.post("/v1/explain", content=b"x" * 1001, headers=TEXT), 413)

        def unannounced():
            yield b"x" * 600
            yield b"x" * 600

        problem(client.post("/v1/explain", content=unannounced(), headers=TEXT), 413)
        assert client.post("/v1/explain?llm=0", content=b"x" * 1000, headers=TEXT).status_code == 200

    @pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "image/png", "text/html", "nonsense"])
    def test_wrong_type(self, client, kind):
        """Another type than text or JSON is refused with what to send instead."""
        response = client.post("/v1/explain", content=b"a=b", headers={"content-type": kind})
        assert "text/plain" in problem(response, 415)

    @pytest.mark.parametrize(
        "body", [b"{", b"[]", b'"log"', b'{"log": 1}', b'{"logs": ""}', b"\xff\xfe", b"[" * 100_000]
    )
    def test_wrong_json(self, client, body):
        """JSON that is none, or of another shape, is told in one line."""
        problem(client.post("/v1/explain", content=body, headers={"content-type": "application/json"}), 422)

    def test_the_log_is_not_echoed(self, client):
        """An error does not repeat what was sent."""
        body = {"log": "secret-in-the-log", "model": 7}
        assert "secret-in-the-log" not in problem(client.post("/v1/explain", json=body), 422)

    def test_not_text(self, client):
        """Bytes that are no text, and an archive in an archive, are no log."""
        problem(client.post("/v1/explain", content=bytes(range(256)) * 9, headers=TEXT), 422)
        problem(client.post("/v1/explain", content=gzip.compress(gzip.compress(EXAMPLE)), headers=TEXT), 422)

    def test_wrong_parameter(self, client):
        """A language that is not there is named."""
        assert "language" in problem(client.post("/v1/explain?language=de", content=b"", headers=TEXT), 422)

    def test_unknown_path_and_method(self, client):
        """What is not there is a problem as well."""
        problem(client.get("/v2/explain"), 404)
        problem(client.get("/v1/explain"), 405)

    def test_an_unexpected_error_shows_nothing(self, client, monkeypatch, caplog):
        """An error of our own is one line without a trace or the log's text."""

        def fails(*_):
            raise RuntimeError("text of the log")

        monkeypatch.setattr("explain_log.api.explain.Explainer.parsed", fails)
        response = client.post("/v1/explain?llm=false", content=b"text of the log!", headers=TEXT)
        assert "text of the log" not in problem(response, 500)
        assert "text of the log" not in caplog.text

    @pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "10.0.0.1:8377", "", "[::2]", "a b"])
    def test_other_hosts(self, client, host):
        """A name that only points here (DNS rebinding) is not answered."""
        problem(client.get("/healthz", headers={"host": host}), 421)

    @pytest.mark.parametrize("host", ["localhost", "localhost:8377", "127.0.0.1:1", "[::1]:8377", "127.8.8.8"])
    def test_own_hosts(self, client, host):
        """The names of this machine are."""
        assert client.get("/healthz", headers={"host": host}).status_code == 200

    def test_other_sites(self, client):
        """A page of another site cannot make the service work."""
        headers = TEXT | {"origin": "https://example.com"}
        problem(client.post("/v1/explain", content=b"", headers=headers), 403)
        headers["origin"] = "http://localhost:8377"  # another server on this machine
        problem(client.post("/v1/explain", content=b"", headers=headers), 403)
        headers["origin"] = "http://127.0.0.1"
        assert client.post("/v1/explain?llm=0", content=b"", headers=headers).status_code == 200


class TestPages:
    def test_health(self, client):
        """The service says that it runs, and which version."""
        assert client.get("/healthz").json()["status"] == "ok"

    def test_docs_load_nothing(self, client):
        """The page names the operations and needs nothing from any other host."""
        page = client.get("/docs")
        assert "POST /v1/explain" in page.text
        assert "://" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]

    def test_openapi_has_the_report(self, client):
        """The schema describes the report and the problems."""
        schema = client.get("/openapi.json").json()
        schemas = schema["components"]["schemas"]
        assert {"schema_version", "loads", "findings", "explanation"} <= set(schemas["Report"]["properties"])
        assert "Problem" in schemas
        body = schema["paths"]["/v1/explain"]["post"]["requestBody"]["content"]
        assert set(body) == {"text/plain", "application/json", "multipart/form-data"}

    def test_a_report_fits_its_schema(self, client):
        """What the service answers is what the schema describes."""
        from pydantic import TypeAdapter

        from explain_log.report import Report

        text = client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT).text
        report = TypeAdapter(Report).validate_json(text)
        assert report.loads[0].context.n_ctx == 8192


class TestServer:
    def test_another_address_needs_a_key(self, tmp_path):
        """Where other machines reach it, it does not start without a key; the container makes one and tells it."""
        options = ServiceOptions(database=f"sqlite:///{tmp_path}/r.sqlite", folder=str(tmp_path / "spool"))
        with pytest.raises(InputError, match="keys create"):
            run(Place("0.0.0.0", 0), options)

    @pytest.mark.parametrize("host", ["example.invalid", "10.255.255.1"])
    def test_an_address_that_is_not_ours(self, host, tmp_path):
        """An address that cannot be listened on is one line."""
        options = ServiceOptions(database=f"sqlite:///{tmp_path}/r.sqlite", folder=str(tmp_path), open_to_all=True)
        with pytest.raises(InputError, match="--port"):
            run(Place(host, 0), options)

    def test_port_in_use(self):
        """A port that is taken is named, with what to do."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(InputError, match=f"{port}.*--port"):
                listen(Place(port=port))

    @pytest.mark.parametrize("port", [-1, 65536])
    def test_no_port(self, port):
        """A number that is no port is refused."""
        with pytest.raises(InputError, match="port"):
            listen(Place(port=port))

    @pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite:////proc/none/x.sqlite"])
    def test_no_database(self, url):
        """A database that cannot be had is one line, without its password."""
        with pytest.raises(InputError, match="--database"):
            run(Place(port=0), ServiceOptions(database=url))

    def test_listens(self):
        """A free port on loopback is had."""
        with listen(Place(port=0)) as listener:
            assert listener.getsockname()[1] > 0
