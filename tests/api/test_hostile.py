"""What people try: each is refused or does no harm, and the service goes on."""

import contextlib
import gzip
import json
import os
import signal
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import zstandard
from served import Served

from explain_log.api.server import PatientlyNot

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_bytes()
TEXT = {"content-type": "text/plain"}
MANY = 1_000_000


def goes_on(client):
    """The service still answers."""
    report = client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT).json()
    return report["loads"][0]["layers_total"] == 81


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A service on a real socket that waits two seconds for a head, and one for a body's next piece."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PatientlyNot, "head_seconds", 2.0)
        with Served(tmp_path_factory.mktemp("impatient"), body_idle_seconds=1.0, llm=False) as service:
            yield service


def others_are_answered(service):
    """A service on a socket goes on."""
    with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as client:
        return goes_on(client)


class TestBodies:
    def test_ten_gigabytes_declared(self, impatient):
        """The declared length is enough to refuse; nothing of the body is waited for, which would end as 408."""
        with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as one:
            one.sendall(b"POST /v1/explain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\nx" % (10 * 10**9))
            assert one.recv(65536).startswith(b"HTTP/1.1 413 ")
        assert others_are_answered(impatient)

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
        """One is worked on, one waits; who comes third is told to come again, and the two are answered."""
        client = own_client(parses_waiting=1)
        workers = client.app.state.service.workers
        (worker,) = workers._all

        def post(number):
            return client.post("/v1/explain?llm=false", content=b"x%d" % number, headers=TEXT)

        os.kill(worker._process.pid, signal.SIGSTOP)  # whatever it works on takes until it may go on
        with ThreadPoolExecutor(2) as pool:
            try:
                first = pool.submit(post, 1)
                until(lambda: workers.queue.running == 1)
                second = pool.submit(post, 2)
                until(lambda: workers.queue.waiting == 1)
                third = post(3)
            finally:
                os.kill(worker._process.pid, signal.SIGCONT)
            assert (third.status_code, first.result().status_code, second.result().status_code) == (503, 200, 200)
        assert int(third.headers["retry-after"]) >= 1
        assert post(3).status_code == 200


def until(holds):
    """Waits for what is about to be so."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def dripped(service, start, drip, pause=0.1, seconds=20):
    """Sends the start and then one drip after the other; what came back, and after how many seconds it ended."""
    began, answer = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", service.port)) as one:
        one.settimeout(pause)
        one.sendall(start)
        while time.monotonic() - began < seconds:
            try:
                piece = one.recv(65536)
            except TimeoutError:
                piece = None
            except OSError:
                return answer, time.monotonic() - began
            if piece == b"":
                return answer, time.monotonic() - began
            answer += piece or b""
            with contextlib.suppress(OSError):
                one.sendall(drip)
    raise AssertionError("the connection was held for as long as its client liked")


class TestSlowClients:
    """On real sockets: what comes byte by byte is not waited for, however steadily it comes."""

    POST = b"POST /v1/explain?llm=false HTTP/1.1\r\nHost: 127.0.0.1\r\n"

    @pytest.mark.parametrize(
        ("start", "drip"),
        [(POST + b"X-Slow: ", b"a"), (POST, b"X: a\r\n"), (b"P", b""), (b"", b""), (b"GET /" + b"x" * 99, b"x")],
    )
    def test_heads_that_drip(self, impatient, start, drip):
        """A head that is not complete in time ends its connection; that something comes is no reprieve."""
        answer, seconds = dripped(impatient, start, drip)
        assert answer == b""
        assert seconds >= 1.9
        assert others_are_answered(impatient)

    @pytest.mark.parametrize("declared", [b"Content-Length: 1000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
    @pytest.mark.parametrize("steadily", [True, False])
    def test_bodies_that_drip(self, impatient, declared, steadily):
        """A body of which nothing more comes, or too little a second, is 408, and its connection is closed."""
        piece = b"1\r\na\r\n" if b"chunked" in declared else b"a"
        answer, seconds = dripped(impatient, self.POST + declared + piece, piece if steadily else b"")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in answer
        assert seconds >= 0.9
        assert others_are_answered(impatient)

    def test_a_slow_body_that_keeps_coming(self, impatient):
        """Who is slow and not too slow is answered."""
        body = EXAMPLE * 20
        with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as one:
            one.sendall(self.POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
            for at in range(0, len(body), len(body) // 10):
                time.sleep(0.15)
                one.sendall(body[at : at + len(body) // 10])
            answer = one.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200 ")

    def test_a_hundred_at_once(self, impatient):
        """While they hold their connections, others are answered."""
        many = [socket.create_connection(("127.0.0.1", impatient.port)) for _ in range(100)]
        try:
            for one in many:
                one.sendall(self.POST + b"X-Slow: ")
            assert others_are_answered(impatient)
            until(lambda: all(map(_is_closed, many)))
        finally:
            for one in many:
                one.close()

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
