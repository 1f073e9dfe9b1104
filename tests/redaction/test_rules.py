"""Every rule of knowledge/redaction.toml: what it finds, and what it lets be."""

import re
import runpy
import time
import tomllib
from pathlib import Path

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.knowledge import load as load_knowledge
from explain_log.redaction import Redactor
from explain_log.redaction.redactor import MOST_VALUES, Rule

filled = runpy.run_path(str(Path(__file__).parent / "fill.py"))["filled"]
TABLE = tomllib.loads((Path(CHECKOUT_FOLDER) / "redaction.toml").read_text(encoding="utf-8"))
RULES = list(enumerate(TABLE["rule"]))
PATTERNS = ("near", "where", "pattern", "unless", "not_after", "not_before")
SAMPLES = [(place, row["kind"], sample) for place, row in RULES for sample in row["samples"]]
NEAR_MISSES = [(place, row["kind"], sample) for place, row in RULES for sample in row.get("near_misses", [])]


def redacted(text):
    """The text as a fresh report would have it."""
    return Redactor(load_knowledge()).redact(text)


@pytest.mark.parametrize(("place", "row"), RULES, ids=lambda value: str(value) if isinstance(value, int) else value["kind"])
def test_a_rule_is_whole(place, row):
    """It knows where to look, its patterns are linear in the line's length, and each has a sample and a group."""
    assert ("hints" in row) != ("near" in row)
    assert all(hint == hint.lower() for hint in row.get("hints", []))
    assert row["severity"] in ("secret", "private")
    assert row["samples"]
    assert set(row) <= {"kind", "severity", "hints", "block_end", "samples", "near_misses", *PATTERNS}
    for name in PATTERNS:
        if name in row:
            re2.compile(row[name])
    assert re.compile(row["pattern"]).groups >= 1


@pytest.mark.parametrize(("place", "kind", "sample"), SAMPLES)
def test_a_sample_is_masked_by_its_own_rule_and_by_all_together(place, kind, sample):
    """Nothing of the value is left, and the marker says what it was."""
    for seed in range(5):
        text, values = filled(sample, seed)
        rule = Rule(TABLE["rule"][place])
        assert rule.is_near(text, text.lower())
        assert list(rule.values(text))
        after = redacted(text)
        assert not [value for value in values if value in after]
        assert f"[REDACTED:{kind}#1]" in after


@pytest.mark.parametrize(("place", "kind", "sample"), NEAR_MISSES)
def test_a_near_miss_is_let_be(place, kind, sample):
    """What only looks alike stays as it is, under all rules."""
    assert redacted(sample) == sample


@pytest.mark.parametrize(("place", "kind", "sample"), SAMPLES)
def test_redacting_twice_changes_nothing(place, kind, sample):
    """Markers survive."""
    once = redacted(filled(sample, 1)[0])
    assert redacted(once) == once


@given(
    st.lists(
        st.one_of(
            st.sampled_from([(sample, seed) for _, _, sample in SAMPLES for seed in range(3)]).map(lambda p: filled(*p)[0]),
            st.text(max_size=12),
            st.sampled_from(["[REDACTED:api_key#1]", "password=", "token: ", "://", "@", '"', "Bearer ", " ", "\\", "/home/"]),
        ),
        max_size=6,
    )
)
@settings(deadline=None, max_examples=300)
def test_any_text_is_redacted_once_and_for_all(parts):
    """However samples, markers and noise are put together, a second time changes nothing."""
    redactor = Redactor(load_knowledge())
    once = redactor.redact("".join(parts))
    assert Redactor(load_knowledge()).redact(once).count("[REDACTED:") == once.count("[REDACTED:")


def test_the_same_value_has_the_same_number():
    """Whoever reads the report can tell which are the same; numbers count by kind."""
    redactor = Redactor(load_knowledge())
    first, second = "sk-" + "aB3" * 12, "sk-" + "bC4" * 12
    assert redactor.redact(f"{first} {second} {first} /home/ann/x") == (
        "[REDACTED:api_key#1] [REDACTED:api_key#2] [REDACTED:api_key#1] /home/[REDACTED:user#1]/x"
    )
    assert redactor.redact(f"again {second}") == "again [REDACTED:api_key#2]"
    assert redactor.counts == {"api_key": 2, "user": 1}


def test_a_marker_within_a_value_does_not_protect_it():
    """A marker that somebody wrote before a password is part of the password."""
    assert "hunter2" not in redacted("password=[REDACTED:api_key#1]hunter2")


@pytest.mark.parametrize("kept", [998, 990, 985])
def test_half_a_secret_at_the_end_of_a_cut_text_goes_too(kept):
    """A text that was cut may end in the first letters of a key."""
    text = ("x " * 500)[:kept] + " sk-aB3dE5gH7jK9"
    after = Redactor(load_knowledge()).redact_cut(text[:1000], 1000)
    assert "sk" not in after
    assert after.endswith("…")


def test_memory_is_bounded():
    """Beyond so many values of a kind all others share a number; they are masked all the same."""
    redactor = Redactor(load_knowledge())
    for number in range(MOST_VALUES + 5):
        after = redactor.redact(f"/home/u{number}x/y")
    assert after == f"/home/[REDACTED:user#{MOST_VALUES}]/y"
    assert redactor.counts == {"user": MOST_VALUES}


@pytest.mark.parametrize(
    "text",
    [
        "model=/usr/share/ollama/.ollama/models/blobs/sha256-" + "6a0746a1ec1aef3e" * 4,
        "inference compute id=GPU-7d4a3c9e-1f2b-4c5d-8e6f-0a1b2c3d4e5f library=cuda",
        "Your new public key is: \n\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDx4kfH2bq9ZLr8Yt1mN0pQs3uVw5xYz7A9bCdEfGhIj\n",
        "print_info: EOS token        = 151645 '<|im_end|>'",
        "llama_model_loader: - kv   3: tokenizer.ggml.tokens arr[str,128256] = [\"!\", \"\\\"\", \"#\", ...",
        "build: 6050 (b77d1117) with cc (Debian 12.2.0-14) 12.2.0 for x86_64-linux-gnu",
    ],
)
def test_what_logs_are_full_of_is_no_secret(text):
    """Digests, GPU ids, the public key, tokens of a vocabulary, versions."""
    assert redacted(text) == text


def test_each_prompt_statement_is_known_and_has_these_fields():
    """[[statement]] names what the catalogue has."""
    for row in TABLE["statement"]:
        record = load_knowledge().statement(row["id"])
        assert record is not None, row["id"]
        named = set(record.get("fields", {})) | {name for form in record.get("forms", []) for name in re.findall(r"{(\w+):", form)}
        assert not named or set(row["fields"]) <= named


HOSTILE = ["a", ":", "://a:", "a@a.", "@", "-----BEGIN A ", "eyJa-", "sk-a", '"', '\\"', "=", "1.", "2a00::", "::", "[", "\\", "}]", " ", "/home/"]


@pytest.mark.parametrize(("place", "row"), RULES, ids=lambda value: str(value) if isinstance(value, int) else value["kind"])
def test_hostile_lines_take_no_time(place, row):
    """The longest line that is read, made of what a pattern tries again and again."""
    rule = Rule(row)
    started = time.monotonic()
    for head in row.get("hints", ["://", "1."]):
        for part in (*HOSTILE, head):
            text = (head + part * 65_536)[:65_536]
            for _ in rule.values(text):
                pass
    assert time.monotonic() - started < 20


def test_long_values_are_not_kept():
    """A prompt of a whole line is told apart from another one without being held."""
    redactor = Redactor(load_knowledge())
    long = "x" * 60_000
    assert [redactor.mark("prompt", long + end) for end in "aba"] == [f"[REDACTED:prompt#{number}]" for number in (1, 2, 1)]
