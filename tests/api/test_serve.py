"""`explain-log serve` and `explain-log keys`: what the options become."""

import json

import pytest

from explain_log.cli import main


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Runs the command up to where it would listen; gives the place and the options."""
    monkeypatch.setenv("EXPLAIN_LOG_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    seen = []
    monkeypatch.setattr(
        "explain_log.api.server.run", lambda place, options, on_key=None: seen.append((place, options, on_key))
    )

    def start(*arguments):
        assert main(["serve", *arguments]) == 0
        return seen[-1]

    return start


def test_defaults(started, tmp_path):
    """This machine only, a file in the user's data folder, thirty days, 2 GiB, 64 MiB, no limit of requests."""
    place, options, on_key = started()
    assert (place.host, place.port) == ("127.0.0.1", 8377)
    assert options.database == f"sqlite:///{tmp_path}/reports.sqlite"
    assert (options.days, options.store_bytes, options.most_bytes, options.rate) == (30, 2 << 30, 64 << 20, "")
    assert options.store
    assert options.llm
    assert not options.open_to_all
    assert on_key is None


def test_options(started):
    """Each option arrives."""
    _, options, _ = started(
        "--database",
        "postgresql://u@h/d",
        "--no-store",
        "--keep-days",
        "7",
        "--keep-mib",
        "100",
        "--hosts",
        "a.b, c",
        "--insecure",
        "--rate",
        "5/minute",
        "--body-mib",
        "1",
        "--workers",
        "3",
        "--model-slots",
        "2",
        "--no-llm",
        "--ollama-host",
        "http://ollama:11434",
        "--no-cache",
    )
    assert options.database == "postgresql://u@h/d"
    assert (options.days, options.store_bytes, options.most_bytes) == (7, 100 << 20, 1 << 20)
    assert (options.hosts, options.rate, options.workers, options.model_slots) == (("a.b", "c"), "5/minute", 3, 2)
    assert options.open_to_all is True
    assert (options.store, options.llm, options.cache) == (False, False, False)
    assert options.model.host == "http://ollama:11434"
    assert options.model.host_is_named


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("", False), ("no", False)])
def test_the_environment_allows_another_host(started, monkeypatch, value, allowed):
    """docker-compose.yml allows its own Ollama, which is another host to the service."""
    monkeypatch.setenv("OLLAMA_HOST", "http://ollama:11434")
    monkeypatch.setenv("EXPLAIN_LOG_ALLOW_REMOTE", value)
    _, options, _ = started()
    assert (options.model.host, options.model.allow_remote) == ("http://ollama:11434", allowed)


def test_the_container_makes_a_key(started, monkeypatch, capsys):
    """In the image the first key is printed: nobody could make one before the first start."""
    monkeypatch.setenv("EXPLAIN_LOG_CONTAINER", "1")
    _, _, on_key = started("--host", "0.0.0.0")
    on_key("first", "el_0_secret")
    assert "el_0_secret" in capsys.readouterr().err


def test_a_rate_that_is_none(started, capsys):
    """A rate that cannot be read is told with an example."""
    assert main(["serve", "--rate", "often"]) == 2
    assert "120/minute" in capsys.readouterr().err


def test_keys(monkeypatch, tmp_path, capsys):
    """A key is made, listed without its secret, revoked once, and not known afterwards."""
    monkeypatch.setenv("EXPLAIN_LOG_DATA_DIR", str(tmp_path))
    assert main(["keys", "create", "laptop", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["key"].startswith(f"el_{made['id']}_")
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert "laptop" in listed
    assert made["key"] not in listed
    assert made["key"].split("_", 2)[2].encode() not in (tmp_path / "reports.sqlite").read_bytes()
    assert main(["keys", "revoke", made["id"]]) == 0
    assert main(["keys", "revoke", made["id"]]) == 2
    assert made["id"] in capsys.readouterr().err


@pytest.mark.parametrize("words", [["create"], ["list", "x"], ["revoke"], ["drop", "x"]])
def test_what_keys_cannot_do(words, capsys):
    """Anything else is told in one line."""
    assert main(["keys", *words]) == 2
    assert "create NAME" in capsys.readouterr().err
