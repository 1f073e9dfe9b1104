"""What people try: each is refused or does no harm, and the service goes on."""

import gzip
import json
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest
import zstandard

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_bytes()
TEXT = {"content-type": "text/plain"}
MANY = 1_000_000


def goes_on(client):
    """The service still answers."""
    report = client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT).json()
    return report["loads"][0]["layers_total"] == 81


class TestBodies:
    def test_ten_gigabytes_declared(self, client):
        """The declared length is enough to refuse; nothing of the body is waited for."""
        headers = TEXT | {"content-length": str(10 * 10**9)}
        began = time.monotonic()
        response = client.post("/v1/explain", content=iter([b"x"]), headers=headers)
        assert response.status_code == 413
        assert time.monotonic() - began < 5
        assert goes_on(client)

    @pytest.mark.parametrize("encoding", ["gzip", "zstd", "file.gz", "file.zst"])
    def test_bombs(self, own_client, encoding):
        """A small body that unpacks to much is refused before it is all unpacked, as encoding and as a file."""
        client = own_client(most_bytes=4 << 20)
        zeros = b"0" * (1 << 20)
        if encoding in ("gzip", "file.gz"):
            packer = zlib.compressobj(9, wbits=31)
            bomb = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
        else:
            writer = zstandard.ZstdCompressor(level=19).compressobj()
            bomb = b"".join(writer.compress(zeros) for _ in range(300)) + writer.flush()
        assert len(bomb) < 1 << 20
        headers = TEXT if encoding.startswith("file") else TEXT | {"content-encoding": encoding}
        assert client.post("/v1/explain?llm=false", content=bomb, headers=headers).status_code == 413
        form = client.post("/v1/explain?llm=false", files={"log": ("a.log.gz", bomb)})
        assert form.status_code == 413
        assert goes_on(client)

    @pytest.mark.parametrize(
        ("encoding", "body", "status"),
        [
            ("gzip", gzip.compress(EXAMPLE), 200),
            ("zstd", zstandard.compress(EXAMPLE), 200),
            ("x-gzip", gzip.compress(EXAMPLE[:100]) + gzip.compress(EXAMPLE[100:]), 200),
            ("identity", EXAMPLE, 200),
            ("", gzip.compress(EXAMPLE), 200),
            ("", zstandard.compress(EXAMPLE), 200),
            ("gzip", EXAMPLE, 400),
            ("gzip", gzip.compress(EXAMPLE)[:-20], 400),
            ("zstd", gzip.compress(EXAMPLE), 400),
            ("br", EXAMPLE, 415),
            ("gzip, gzip", gzip.compress(gzip.compress(EXAMPLE)), 415),
            ("", gzip.compress(gzip.compress(EXAMPLE)), 422),
        ],
    )
    def test_packed(self, client, encoding, body, status):
        """gzip and zstd are taken, as content-encoding and as a file; anything else is told."""
        response = client.post("/v1/explain?llm=false", content=body, headers=TEXT | {"content-encoding": encoding})
        assert response.status_code == status
        assert status != 200 or response.json()["loads"][0]["layers_total"] == 81

    def test_a_million_short_lines(self, own_client):
        """They are read, in bearable time, and answered."""
        client = own_client()
        began = time.monotonic()
        response = client.post("/v1/explain?llm=false", content=b"a\n" * MANY, headers=TEXT)
        assert response.status_code == 200
        assert response.json()["source"]["lines"] == MANY
        assert time.monotonic() - began < 60
        lines = client.get(f"/v1/reports/{response.json()['id']}/lines?from=999990").json()
        assert [line["line"] for line in lines] == list(range(999_990, MANY + 1))

    @pytest.mark.parametrize("path", ["/v1/explain", "/v1/line", "/v1/verify", "/v1/chat/completions", "/v1/session"])
    @pytest.mark.parametrize(
        "body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe\x00", b'{"log": "\xff"}', b"", b"null"]
    )
    def test_json_that_is_none(self, client, path, body):
        """Deep, broken, not UTF-8, empty: one line that repeats nothing."""
        response = client.post(path, content=body, headers={"content-type": "application/json"})
        assert response.status_code in (413, 422)
        assert "\n" not in response.json()["detail"]

    @pytest.mark.parametrize(
        "body", [b"\xff" * 5000, bytes(range(128, 256)) * 99, EXAMPLE + b"\xff\xfe\xc3\x28", b"\x00" * 9999]
    )
    def test_no_utf8(self, client, body):
        """What is no UTF-8 is read as far as it goes, or refused as no text."""
        assert client.post("/v1/explain?llm=false", content=body, headers=TEXT).status_code in (200, 422)
        assert goes_on(client)

    @pytest.mark.parametrize(
        "kind",
        ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
         "multipart/form-data; boundary=" + "x" * 5000],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "body", [b"", b"--x", b"--x\r\n\r\n--x--", b"--x\r\nContent-Disposition: form-data\r\n\r\n"]
    )
    def test_forms_that_are_none(self, client, kind, body):
        """A form that cannot be read is told, never a trace."""
        response = client.post("/v1/explain?llm=false", content=body, headers={"content-type": kind})
        assert response.status_code in (200, 400, 422)
        assert "Traceback" not in response.text

    def test_forms(self, client):
        """A file and its name, which loses its folders; fields as in JSON; not too many."""
        files = {"log": ("C:\\Users\\joe\\server.log", EXAMPLE)}
        report = client.post("/v1/explain", files=files, data={"llm": "false", "language": "zh"}).json()
        assert (report["source"]["name"], report["language"]) == ("server.log", "zh")
        assert client.post("/v1/explain", files=files, data={"nonsense": "1"}).status_code == 422
        assert client.post("/v1/explain", files=files, data={str(n): "x" for n in range(50)}).status_code == 400
        assert client.post("/v1/explain", files=[("log", ("a", b"a")), ("log", ("b", b"b"))]).status_code == 400
        assert client.post("/v1/explain", files={"log": (None, "x" * 100_000)}).status_code == 400
        assert client.post("/v1/explain", files={"log": (None, "x")}, data={"llm": "false"}).status_code == 200
        assert client.post("/v1/explain", files={"log": (None, "x")}, data={"llm": "no"}).status_code == 422


class TestPaths:
    @pytest.mark.parametrize(
        "name",
        ["..", "../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "0" * 31, "0" * 33, "A" * 32, "0" * 32 + "%0a",
         "0" * 32 + ".exe", "0" * 32 + ".html/..", "'; DROP TABLE pointers;--", "日志", "x" * 5000, "0" * 31 + "%C2%B2"],
    )  # fmt: skip
    @pytest.mark.parametrize("end", ["", ".json", ".html", "/lines", "/ask"])
    def test_no_id(self, client, name, end):
        """Whatever is no id leads nowhere."""
        ask = client.post if end == "/ask" else client.get
        response = ask(f"/v1/reports/{name}{end}", **({"json": {"question": "x"}} if end == "/ask" else {}))
        assert response.status_code in (404, 405, 422)
        assert "root:" not in response.text

    @pytest.mark.parametrize(
        "path", ["/static/../../pyproject.toml", "/static/%2e%2e/%2e%2e/pyproject.toml", "//etc/passwd"]
    )
    def test_no_file(self, client, path):
        """No file of the machine is served."""
        assert client.get(path).status_code == 404


class TestWorkers:
    def test_a_log_that_takes_too_long(self, own_client):
        """The worker is ended, the client told, and another one takes its place."""
        client = own_client(parse_seconds=0.5)
        response = client.post("/v1/explain?llm=false", content=b"x = 1 y = 2\n" * 400_000, headers=TEXT)
        assert response.status_code == 422
        assert "0.5 s" in response.json()["detail"]
        service = client.app.state.service
        service.workers.seconds = 60
        assert goes_on(client)

    def test_a_worker_that_dies(self, own_client):
        """What a crash takes along is one task."""
        client = own_client()
        worker = next(iter(client.app.state.service.workers._all))
        worker._process.kill()
        statuses = [client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT).status_code for _ in range(2)]
        assert statuses[-1] == 200

    def test_no_room(self, own_client):
        """Where none may wait, who comes while one is worked on is told to come again."""
        client = own_client(parses_waiting=0)
        slow = b"llama_context: n_ctx = 1\n" * 100_000
        with_answer = []
        first = threading.Thread(
            target=lambda: with_answer.append(
                client.post("/v1/explain?llm=false", content=slow, headers=TEXT).status_code
            )
        )
        first.start()
        statuses = set()
        while first.is_alive():
            response = client.post("/v1/explain?llm=false", content=b"x%d" % time.monotonic_ns(), headers=TEXT)
            statuses.add(response.status_code)
            assert response.status_code != 503 or int(response.headers["retry-after"]) >= 1
        assert {*statuses, *with_answer} == {200, 503}  # which of the two comes first is the machine's to say


class TestSlowClients:
    """On real sockets, with the service as a process of its own (see test_process.py for its end)."""

    def test_a_body_that_comes_slowly(self, client):
        """The service waits for a body only as long as something comes."""

        def slowly():
            yield b"a"
            time.sleep(3)
            yield b"b"

        response = client.post("/v1/explain", content=slowly(), headers=TEXT)
        assert response.status_code in (200, 408)  # this transport hands the body over as a whole

    def test_heads_that_never_end(self, process):
        """Connections that send their head byte by byte are closed, while others are answered."""
        many = [socket.create_connection(("127.0.0.1", process.port)) for _ in range(100)]
        try:
            for one in many:
                one.sendall(b"POST /v1/explain HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            began = time.monotonic()
            closed = 0
            for one in many:
                one.settimeout(1)
            while closed < len(many) and time.monotonic() - began < 40:
                assert process.get("/healthz")[0] == 200
                closed = sum(_is_closed(one) for one in many)
                time.sleep(0.5)
            assert closed == len(many)
            assert time.monotonic() - began > 5
        finally:
            for one in many:
                one.close()

    def test_bodies_that_never_end(self, process):
        """A body of which nothing more comes is refused, and its connection closed."""
        one = socket.create_connection(("127.0.0.1", process.port), timeout=40)
        head = b"POST /v1/explain?llm=false HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nabc"
        one.sendall(head)
        answer = one.recv(65536)
        one.close()
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in answer

    @pytest.mark.parametrize(
        "head", [b"\x16\x03\x01\x02", b"GET /" + b"x" * 70_000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9000]
    )
    def test_no_http(self, process, head):
        """What is no HTTP, or too much of it, ends the connection."""
        with socket.create_connection(("127.0.0.1", process.port), timeout=10) as one:
            one.sendall(head + b"\r\n\r\n")
            answer = one.recv(65536)
        assert answer.startswith(b"HTTP/1.1 4") or answer == b""
        assert process.get("/healthz")[0] == 200


def _is_closed(one):
    try:
        one.setblocking(False)
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_own_logs_hold_no_text_of_logs(process):
    """Whatever was sent, nothing of it stands in what the service writes."""
    secret = b"a-text-of-the-log-4711"
    for body in (secret, gzip.compress(secret) + b"damaged", json.dumps({"log": secret.decode(), "x": 1}).encode()):
        process.post("/v1/explain?llm=false&question=a-text-of-the-log-4711", body)
    process.get("/v1/terms/a-text-of-the-log-4711")
    assert secret.decode() not in process.output()
