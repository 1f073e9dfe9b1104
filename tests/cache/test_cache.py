"""Explanations are kept and found again by all that they depend on; what is wrong with the file costs nothing else."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.narration.conftest import GOOD, LIE, answer, example_report

from explain_log.cache import Entry, ExplanationCache, Store
from explain_log.cache.keeper import explanation_of
from explain_log.cache.key import key_of
from explain_log.narration.explanation import Explanation, Section, Sentence
from explain_log.narration.options import ModelOptions, TimeLimits
from explain_log.pipeline import report_of_text

DIGEST = "sha256:1"
OPTIONS = ModelOptions(language="en")


def entry(key, **changes):
    return replace(Entry(key, 1000.0, 1000.0, 0, "m:1", "en", "server.log", ""), **changes)


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "data" / "explanations.sqlite"), now=lambda: 1000.0)


class TestWayThrough:
    @pytest.fixture
    def ollama(self, ollama):
        ollama.tags[0]["digest"] = DIGEST
        return ollama

    def test_the_second_time_nothing_is_asked(self, ollama, explain, told, store):
        """The same report and model: the same explanation, its sentences told again, no request for an answer."""
        ollama.replies = [answer(GOOD["zh"])]
        first = explain("zh", keeper=ExplanationCache(store))
        asked = len(ollama.asked)
        again = explain("zh", keeper=ExplanationCache(store))
        assert len(ollama.asked) == asked
        assert again.stats.from_cache
        assert not first.stats.from_cache
        assert [(p.id, p.heading, [vars(s) for s in p.statements]) for p in again.sections] == [
            (p.id, p.heading, [vars(s) for s in p.statements]) for p in first.sections
        ]
        shown = told.of("sentence")
        assert [s.text for _, s in shown[: len(shown) // 2]] == [s.text for _, s in shown[len(shown) // 2 :]]

    def test_another_digest_is_another_model(self, ollama, explain, store):
        """A model that was pulled anew is asked again."""
        ollama.replies = [answer(GOOD["zh"])]
        explain("zh", keeper=ExplanationCache(store))
        ollama.tags[0]["digest"] = "sha256:2"
        assert not explain("zh", keeper=ExplanationCache(store)).stats.from_cache

    def test_what_failed_is_not_kept(self, ollama, explain, store):
        """An explanation with a section that went wrong, or of nothing but refused statements, is asked for again."""
        ollama.replies = [answer(LIE["zh"])]
        explain("zh", keeper=ExplanationCache(store))
        ollama.replies = [answer(GOOD["zh"]), "no JSON"]
        explain("zh", keeper=ExplanationCache(store))
        assert store.entries() == []

    def test_without_a_digest_nothing_is_kept(self, ollama, explain, store):
        """A server that does not tell which model it is gets asked each time."""
        del ollama.tags[0]["digest"]
        ollama.replies = [answer(GOOD["zh"])]
        explain("zh", keeper=ExplanationCache(store))
        assert store.entries() == []


class TestKey:
    KEY = property(lambda self: key_of(example_report("en"), DIGEST, OPTIONS))

    @pytest.mark.parametrize(
        "options",
        [replace(OPTIONS, question="why?"), replace(OPTIONS, language="zh")],
    )
    def test_what_changes_the_answer_changes_the_key(self, options):
        """Question and language do."""
        assert key_of(example_report("en"), DIGEST, options) != self.KEY

    def test_facts_model_and_versions(self, monkeypatch):
        """So do the facts, the model's digest, knowledge, prompts and code."""
        assert key_of(example_report("en"), "sha256:2", OPTIONS) != self.KEY
        assert key_of(report_of_text("llama_context: n_ctx = 4096\n", "en"), DIGEST, OPTIONS) != self.KEY
        before = self.KEY
        monkeypatch.setattr("explain_log.cache.key.prompts_version", lambda: "other")
        assert key_of(example_report("en"), DIGEST, OPTIONS) != before
        monkeypatch.undo()
        monkeypatch.setattr("explain_log.cache.key.code_version", lambda: "other")
        assert key_of(example_report("en"), DIGEST, OPTIONS) != before

    def test_what_does_not_change_the_answer(self):
        """Host, time-outs and the name of the file do not."""
        options = replace(OPTIONS, host="http://127.0.0.1:1", limits=TimeLimits(first=1), parallel=3, keep_alive="1m")
        assert key_of(example_report("en"), DIGEST, options) == self.KEY
        one = report_of_text("llama_context: n_ctx = 4096\n", "en", name="a.log")
        other = report_of_text("llama_context: n_ctx = 4096\n", "en", name="/home/x/b.log")
        assert key_of(one, DIGEST, OPTIONS) == key_of(other, DIGEST, OPTIONS)


class TestKept:
    def test_only_redacted(self, store):
        """A secret in a question or in what a model said is replaced by its marker before it is written."""
        secret = "sk-proj-" + "a1B2" * 10
        said = Explanation(
            "en", "model", "m:1", [Section("answer", "Answer", [Sentence(f"Use {secret}.", [], "model")])]
        )
        options = replace(OPTIONS, question=f"is Authorization: Bearer {secret} wrong?")
        report = report_of_text("llama_context: n_ctx = 4096\n", "en", name="/home/somebody/server.log")
        ExplanationCache(store).keep(said, report, DIGEST, options)
        assert len(store.entries()) == 1
        files = [path.read_bytes() for path in Path(store.path).parent.iterdir()]
        assert not any(secret.encode() in content or b"somebody" in content for content in files)

    def test_size_has_a_limit(self, tmp_path):
        """Beyond it goes what was not used for the longest time."""
        store = Store(str(tmp_path / "x.sqlite"), most_bytes=250, now=lambda: 1000.0)
        for number in range(4):
            store.keep(entry(f"k{number}", used=1000.0 + number), "v" * 100)
        assert [e.key for e in store.entries()] == ["k3", "k2"]

    def test_age_has_a_limit(self, tmp_path):
        """Nothing is found that is too old, and keeping another drops it."""
        clock = [0.0]
        store = Store(str(tmp_path / "x.sqlite"), now=lambda: clock[0])
        store.keep(entry("old", made=0.0), "{}")
        clock[0] = 91 * 24 * 3600.0
        assert store.find("old") is None
        store.keep(entry("new", made=clock[0]), "{}")
        assert [e.key for e in store.entries()] == ["new"]

    def test_purge(self, store):
        """One by the beginning of its key, or all."""
        for key in ("ab1", "ab2", "cd3"):
            store.keep(entry(key), "{}")
        assert (store.purge("cd"), store.purge("x"), store.purge()) == (1, 0, 2)
        assert store.entries() == []

    @pytest.mark.parametrize(
        "value", ["", "[]", "{", '{"language": "en"}', '{"language": 1, "origin": 2, "model": 3, "sections": [1]}']
    )
    def test_a_value_that_is_no_explanation(self, value):
        """Is as good as none."""
        assert explanation_of(value) is None


class TestTrouble:
    def test_a_damaged_file_is_put_aside(self, store):
        """What cannot be read is moved away, and keeping goes on."""
        Path(store.path).parent.mkdir()
        Path(store.path).write_bytes(b"this is no database, and long enough to be looked at " * 40)
        assert store.find("k") is None
        assert store.keep(entry("k"), "{}")
        assert store.find("k") == "{}"
        assert Path(store.path + ".damaged").exists()

    def test_a_folder_that_cannot_be_made(self, tmp_path):
        """Nothing is kept and nothing raised."""
        (tmp_path / "file").write_text("", encoding="utf-8")
        store = Store(str(tmp_path / "file" / "below" / "x.sqlite"))
        assert not store.keep(entry("k"), "{}")
        assert (store.find("k"), store.entries(), store.purge()) == (None, [], 0)

    def test_a_file_that_another_holds(self, store, monkeypatch):
        """Who waits too long goes without."""
        store.keep(entry("k"), "{}")
        monkeypatch.setattr("explain_log.cache.store._BUSY_SECONDS", 0.05)
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert not store.keep(entry("k2"), "{}")
        other.execute("ROLLBACK")
        other.close()
        assert store.keep(entry("k2"), "{}")

    def test_an_older_table_is_not_used(self, tmp_path):
        """A file with a table of another shape costs what is in it, not the run."""
        path = tmp_path / "x.sqlite"
        file = sqlite3.connect(path)
        file.execute("CREATE TABLE explanations (key TEXT)")
        file.commit()
        file.close()
        store = Store(str(path))
        assert not store.keep(entry("k"), "{}")
        assert store.find("k") is None

    def test_two_processes_at_once(self, store):
        """Both write and read the same file at the same time; nothing is lost and nothing raised."""
        script = (
            "import sys\nfrom explain_log.cache import Entry, Store\n"
            "path, name = sys.argv[1:]\nstore = Store(path, now=lambda: 1000.0)\n"
            "for n in range(100):\n"
            "    assert store.keep(Entry(f'{name}{n}', 1000.0, 1000.0, 0, 'm', 'en', 'x', ''), '{\"n\": %d}' % n), n\n"
            "    assert store.find(f'{name}{n}') == '{\"n\": %d}' % n, n\n"
        )
        environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
        processes = [
            subprocess.Popen([sys.executable, "-c", script, store.path, name], env=environment, stderr=subprocess.PIPE)
            for name in "ab"
        ]
        errors = [process.communicate(timeout=120)[1].decode() for process in processes]
        assert [process.returncode for process in processes] == [0, 0], errors
        assert len(store.entries()) == 200
        assert sorted(json.loads(store.value(e.key))["n"] for e in store.entries("a")) == list(range(100))
