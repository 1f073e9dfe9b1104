"""The laws of docs/knowledge-format.md over every statement entry."""

import re
from pathlib import Path

import pytest
import re2

from explain_log.facts.models import (
    Context,
    DeviceMemory,
    Estimate,
    Graph,
    KvCache,
    Model,
    ModelLoad,
    RunDevice,
    ServerRun,
)
from explain_log.knowledge import CHECKOUT_FOLDER, Knowledge
from explain_log.knowledge.compile import compile_bundle, read_statements, read_terms
from explain_log.knowledge.forms import split_form
from explain_log.lines import lines_of_text
from explain_log.statements import Recogniser

KNOWLEDGE = Path(CHECKOUT_FOLDER)
STATEMENTS = read_statements(KNOWLEDGE)
RECOGNISER = Recogniser(Knowledge(compile_bundle(KNOWLEDGE)))
TERMS = {term.id for term in read_terms(KNOWLEDGE)}
every_statement = pytest.mark.parametrize("entry", STATEMENTS, ids=lambda entry: entry.id)


def recognise(sample):
    """The statements of a sample; a sample is one line, or one statement printed over several."""
    return [found for found in (RECOGNISER.recognise(line) for line in lines_of_text(sample)) if found]


def test_ids_are_unique():
    """Two entries with one id would hide each other."""
    ids = [entry.id for entry in STATEMENTS]
    assert sorted(ids) == sorted(set(ids))


@every_statement
def test_every_sample_matches_its_own_statement_and_no_other(entry):
    """The sample of each wording is recognised as this statement."""
    for sample in entry.samples:
        found = [statement.id for statement in recognise(sample)]
        assert found == [entry.id], sample


@every_statement
def test_every_wording_is_matched_by_its_own_sample(entry):
    """Sample number n is of wording number n."""
    wordings = [*entry.forms, *entry.msg]
    for wording, sample in zip(wordings, entry.samples, strict=True):
        text = " ".join(next(iter(lines_of_text(sample))).text.split())
        assert re.fullmatch(equivalent_regex(wording), text), (wording, text)


@every_statement
def test_near_misses_do_not_match(entry):
    """A line that only looks like the statement is not taken for it."""
    for near_miss in entry.near_misses:
        assert entry.id not in [statement.id for statement in recognise(near_miss)]


@every_statement
def test_every_field_that_a_wording_has_is_filled_by_its_sample(entry):
    """Types fit what is printed: no field of a sample is lost in conversion."""
    for wording, sample in zip([*entry.forms, *entry.msg], entry.samples, strict=True):
        (statement,) = recognise(sample)
        wanted = {part[0] for part in split_form(wording) if isinstance(part, tuple)}
        assert wanted <= set(statement.fields)


@every_statement
def test_names_of_numbers_say_what_they_are(entry):
    """Where a line is explained, its numbers have names: not n, a or n1."""
    if entry.meaning is None:
        return
    parts = [part for wording in (*entry.forms, *entry.msg) for part in split_form(wording)]
    numbers = {part[0] for part in parts if isinstance(part, tuple) and part[1] in ("int", "float")}
    assert not {name for name in numbers if re.fullmatch(r"[a-z]\d|[abcn]", name)}


@every_statement
def test_words_do_not_take_in_the_punctuation_after_them(entry):
    """`type f16, expected q8_0` has the type f16, not `f16,`."""
    wordings = [*entry.forms, *entry.msg]
    words = {part[0] for wording in wordings for part in split_form(wording) if part[1:2] == ("word",)}
    if entry.meaning is None:
        return
    for sample in entry.samples:
        for statement in recognise(sample):
            taken = {name: value for name, value in statement.fields.items() if name in words - {"function"} and isinstance(value, str)}
            assert not [value for value in taken.values() if value.endswith((",", ";", ":"))]


@every_statement
def test_attributes_of_the_samples_are_typed(entry):
    """Each slog attribute that a sample has and the entry names is converted."""
    seen = set()
    for sample in entry.samples:
        for statement in recognise(sample):
            seen |= set(statement.fields)
    if entry.msg:
        assert set(entry.fields) <= seen, "a sample has to show every attribute"


@every_statement
def test_a_meaning_says_more_than_the_line(entry):
    """Both languages are there, Chinese is in Chinese, English in English."""
    if entry.meaning is None:
        assert not entry.detail
        return
    assert re.search(r"[一-鿿]", entry.meaning.zh)
    assert not re.search(r"[一-鿿]", entry.meaning.en)
    assert "！" not in entry.meaning.zh
    assert "!" not in entry.meaning.zh


@every_statement
def test_sources_name_file_and_function(entry):
    """A reader can look it up; for recognised-only entries the file is enough."""
    assert re.search(r"\.\w+|[a-z]/", entry.source)
    if entry.detail:
        assert re.search(r"[\s,:]", entry.source), "name the function too"


@every_statement
def test_terms_and_fact_paths_exist(entry):
    """What an entry points to is there."""
    if entry.term is not None and TERMS:
        assert entry.term in TERMS
    for path in [*entry.facts.values(), *([entry.fact] if entry.fact else [])]:
        assert fact_path_exists(path), path


@every_statement
def test_forms_have_a_linear_time_equivalent(entry):
    """RE2, which matches in linear time, accepts the form's regex and the sample."""
    for wording, sample in zip([*entry.forms, *entry.msg], entry.samples, strict=True):
        text = " ".join(next(iter(lines_of_text(sample))).text.split())
        assert re2.fullmatch(equivalent_regex(wording), text)


TYPE_REGEX = {
    "int": r"-?\d+", "float": r"[-+0-9.eEinfa]+", "hex": r"(?:0[xX])?[0-9a-fA-F]+", "bool": r"\w+",
    "word": r"\S+", "str": r".+?", "path": r".+", "text": r".*?", "duration": r"-?[0-9a-zµμ.]+",
    "size": r"[-0-9.]+ ?[KMGTP]?i?B", "sizes": r"\[.*\]",
}


def equivalent_regex(wording):
    """The regular expression that says what a form says."""
    parts = split_form(" ".join(wording.split()))
    regex = "".join(re.escape(part) if isinstance(part, str) else TYPE_REGEX[part[1]] for part in parts)
    if isinstance(parts[-1], tuple) and parts[-1][1] == "text" and len(parts) > 1 and parts[-2].endswith(" "):
        regex = regex[: -len("\\ .*?")] + "(?: .*)?"
    return regex


def fact_path_exists(path):
    """Whether the contract has such a field."""
    fields_of = {
        "load": ModelLoad, "run": ServerRun, "load.model": Model, "load.context": Context, "load.kv_cache": KvCache,
        "load.graph": Graph, "load.estimate": Estimate, "load.devices[device]": DeviceMemory, "run.devices[id]": RunDevice,
    }
    owner, _, name = path.rpartition(".")
    if path == "load.model.tensor_types[type]" or owner == "run.config":
        return True
    return owner in fields_of and name in fields_of[owner].__dataclass_fields__
