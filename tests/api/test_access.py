"""Who may use the service: keys, sessions of browsers, names, origins, rates."""

import asyncio
import re
from pathlib import Path

import pytest

from explain_log.store import Keys, open_database

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")
TEXT = {"content-type": "text/plain"}
OWN = {"origin": "http://127.0.0.1"}


def key_for(folder, name):
    """A new key's token and id."""

    async def make():
        database = await open_database(f"sqlite:///{folder}/reports.sqlite")
        key, token = await Keys(database).create(name)
        await database.close()
        return token, key.id

    return asyncio.run(make())


@pytest.fixture
def keys(tmp_path):
    """Two keys, as headers."""
    return [{"authorization": f"Bearer {key_for(tmp_path, name)[0]}"} for name in ("one", "two")]


def explain(client, **headers):
    return client.post("/v1/explain?llm=false", content=EXAMPLE, headers=TEXT | headers)


class TestKeys:
    def test_without_a_key(self, own_client, keys):
        """As soon as there is a key, nothing is answered without one; health is."""
        client = own_client()
        for headers in (
            {},
            {"authorization": "Bearer el_x_y"},
            {"authorization": "Basic eDp5"},
            {"authorization": "Bearer"},
        ):
            response = explain(client, **headers)
            assert response.status_code == 401
            assert response.headers["content-type"] == "application/problem+json"
        for path in ("/metrics", "/v1/terms", "/v1/models", f"/v1/reports/{'0' * 32}"):
            assert client.get(path).status_code == 401
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json", "/v1/session", "/login"):
            assert client.get(path).status_code == 200

    def test_required_before_the_first(self, own_client):
        """Where other machines reach it, keys are needed although none was made yet."""
        assert explain(own_client(keys_required=True)).status_code == 401

    def test_insecure(self, own_client, keys):
        """--insecure means that keys do not count."""
        assert explain(own_client(open_to_all=True)).status_code == 200

    def test_a_report_is_its_keys(self, own_client, keys):
        """Another key neither sees nor deletes it, nor asks about it, nor learns that it is there."""
        client = own_client()
        one, two = keys
        path = f"/v1/reports/{explain(client, **one).json()['id']}"
        for end in ("", ".md", ".html", ".svg", ".sarif", "/lines"):
            assert client.get(path + end, headers=one).status_code == 200
            assert client.get(path + end, headers=two).status_code == 404
        assert client.post(f"{path}/ask", json={"question": "x"}, headers=two).status_code == 404
        assert client.post(f"{path}/explain", headers=two).status_code == 404
        verify = {"answer": "n_ctx is 8192.", "report": path.rpartition("/")[2]}
        assert client.post("/v1/verify", json=verify, headers=two).status_code == 404
        assert client.delete(path, headers=two).status_code == 404
        promised = explain(client, prefer="respond-async", **one).headers["location"]
        assert client.get(promised, headers=two).status_code == 404
        assert client.delete(promised, headers=two).status_code == 404
        assert client.get(path, headers=one).status_code == 200
        assert client.delete(path, headers=one).status_code == 204

    def test_guessing_is_slow(self, own_client, keys):
        """After twenty wrong keys an address has to wait, also with a right one."""
        client = own_client()
        statuses = [client.get("/v1/terms", headers={"authorization": "Bearer el_a_b"}).status_code for _ in range(25)]
        assert statuses == [401] * 20 + [429] * 5
        assert client.get("/v1/terms", headers=keys[0]).status_code == 429

    def test_rates(self, own_client, keys):
        """Each key has its own rate; Retry-After says when to come again."""
        client = own_client(rate="2/minute")
        statuses = [explain(client, **keys[0]).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert 1 <= int(explain(client, **keys[0]).headers["retry-after"]) <= 60
        assert explain(client, **keys[1]).status_code == 200
        assert client.get("/v1/terms", headers=keys[0]).status_code == 200


class TestSessions:
    def test_a_browser_comes_in(self, own_client, tmp_path):
        """The key once; then the cookie, which scripts cannot read and other sites do not send."""
        token, _ = key_for(tmp_path, "one")
        client = own_client()
        page = client.get("/v1/terms", headers={"accept": "text/html"}, follow_redirects=False)
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        assert client.get("/v1/session").json() == {"keys": True, "open": False, "csrf": None}
        state = client.post("/v1/session", json={"key": token})
        cookie = state.headers["set-cookie"]
        assert re.search("httponly", cookie, re.IGNORECASE)
        assert re.search("samesite=strict", cookie, re.IGNORECASE)
        assert token not in cookie
        csrf = state.json()["csrf"]
        assert client.get("/v1/session").json() == {"keys": True, "open": True, "csrf": csrf}
        assert client.get("/v1/terms").status_code == 200
        assert explain(client).status_code == 403
        assert explain(client, **{"x-csrf-token": csrf[:-1] + "x"}).status_code == 403
        path = f"/v1/reports/{explain(client, **{'x-csrf-token': csrf}).json()['id']}"
        assert client.get(path, headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert client.delete(path).status_code == 403
        assert client.delete("/v1/session").status_code == 204
        assert client.get("/v1/terms").status_code == 401

    def test_by_the_form(self, own_client, tmp_path):
        """The page at /login works without a script, from this service's page only."""
        token, _ = key_for(tmp_path, "one")
        client = own_client()
        assert "csrf" not in client.get("/login").text
        assert client.post("/v1/session", data={"key": token}, follow_redirects=False).status_code == 403
        wrong = client.post("/v1/session", data={"key": "el_a_b"}, headers=OWN, follow_redirects=False)
        assert wrong.headers["location"] == "/login?wrong=1"
        assert 'role="alert"' in client.get(wrong.headers["location"]).text
        right = client.post("/v1/session", data={"key": token}, headers=OWN, follow_redirects=False)
        assert (right.status_code, right.headers["location"]) == (303, "/")
        assert client.get("/v1/terms").status_code == 200

    def test_guessing_by_the_form_is_slow(self, own_client, tmp_path):
        """The same limit holds there."""
        key_for(tmp_path, "one")
        client = own_client()
        statuses = [client.post("/v1/session", json={"key": "el_a_b"}).status_code for _ in range(22)]
        assert statuses == [401] * 20 + [429] * 2

    def test_a_revoked_key_ends_its_sessions(self, own_client, tmp_path):
        """The cookie opens nothing any more."""
        token, key_id = key_for(tmp_path, "one")
        client = own_client()
        client.post("/v1/session", json={"key": token})
        assert client.get("/v1/terms").status_code == 200
        client.portal.call(client.app.state.service.keys.revoke, key_id)
        assert client.get("/v1/terms").status_code == 401

    @pytest.mark.parametrize("cookie", ["x", "", "a=b; explain_log_session=", "explain_log_session=\x01", '"'])
    def test_strange_cookies(self, own_client, tmp_path, cookie):
        """What is no session is none."""
        key_for(tmp_path, "one")
        assert own_client().get("/v1/terms", headers={"cookie": cookie}).status_code == 401


class TestNames:
    @pytest.mark.parametrize(
        ("host", "status"),
        [("logs.example.org", 200), ("LOGS.example.org:443", 200), ("10.0.0.7:8377", 200), ("[2001:db8::1]", 200),
         ("evil.example.org", 421), ("logs.example.org.evil.org", 421), ("user@logs.example.org", 421), ("a/b", 421),
         ("", 421), ("x:y", 421)],
    )  # fmt: skip
    def test_beyond_loopback(self, own_client, host, status):
        """Named hosts and bare addresses, which cannot be rebound; no other name."""
        client = own_client(beyond_loopback=True, hosts=("logs.example.org",), open_to_all=True)
        assert client.get("/healthz", headers={"host": host}).status_code == status

    @pytest.mark.parametrize(
        "headers",
        [{"origin": "https://evil.example.org"}, {"origin": "null"}, {"origin": "http://127.0.0.1:81"}, {"origin": ""},
         {"origin": "http://127.0.0.1@evil.org"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
    )  # fmt: skip
    def test_cross_site_posts(self, client, headers):
        """A page of another site, also of another port, cannot make the service work."""
        for path in ("/v1/explain?llm=false", "/v1/line", "/v1/session", "/v1/chat/completions"):
            response = client.post(path, content="x", headers=TEXT | headers)
            assert response.status_code == 403
            assert response.headers["content-type"] == "application/problem+json"

    def test_no_cors(self, client):
        """No other site's script may read an answer."""
        headers = {"access-control-request-method": "POST", "origin": "http://127.0.0.1"}
        response = client.options("/v1/explain", headers=headers)
        assert response.status_code == 405
        assert not [name for name in response.headers if name.startswith("access-control")]

    def test_every_answer_has_the_headers(self, client):
        """Strict CSP, nosniff, no referrer, no caching, on successes and problems alike."""
        for response in (
            client.get("/v1/terms"),
            client.get("/nothing"),
            client.get("/healthz", headers={"host": "x.org"}),
        ):
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"
            assert response.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert "server" not in response.headers
