"""The laws of docs/knowledge-format.md over every finding's texts."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from explain_log.checks import Wording, run_checks
from explain_log.checks.registry import LOAD_CHECKS
from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.knowledge import load as load_knowledge
from explain_log.knowledge.compile import read_findings, read_terms
from explain_log.narration.explanation import SECTIONS

KNOWLEDGE = Path(CHECKOUT_FOLDER)
TESTS = Path(__file__).parents[1]
CHECKS = TESTS.parent / "service" / "explain_log" / "checks"
FINDINGS = {entry.id: entry for entry in read_findings(KNOWLEDGE)}
TERMS = {term.id for term in read_terms(KNOWLEDGE)}
CASES = runpy.run_path(str(TESTS / "checks" / "cases.py"))
LOGS = runpy.run_path(str(TESTS / "checks" / "test_whole_logs.py"))
every_finding = pytest.mark.parametrize("entry", FINDINGS.values(), ids=lambda entry: entry.id)

# The contract's table.
SEVERITIES = {
    "info": """offload.full split.balanced split.output_layer memory.weights_add_up memory.kv_adds_up memory.accounted memory.total
        kv.quantized flash_attention.on load.finished load.vocab_only gpu.detected server.restarted server.version_inferred
        tokenizer.eos_not_eog tokenizer.control_not_eog graph.splits_expected graph.pipeline_parallel log.partial""",
    "notice": """memory.kv_mismatch memory.unexplained memory.compute_large memory.estimate_off memory.vram_not_recovered
        memory.pinned_failed context.below_training context.shared_by_slots context.shifted flash_attention.off
        flash_attention.unsupported load.slow gpu.integrated_dropped gpu.override request.client_errors request.cancelled request.slow
        server.debug_logging graph.splits_high""",
    "warning": """offload.partial offload.none split.uneven memory.weights_mismatch memory.gpu_nearly_full context.above_training
        context.clamped context.prompt_truncated context.reduced_automatically kv.quantized_ignored load.cancelled load.repeated gpu.none
        gpu.unsupported gpu.driver_too_old gpu.discovery_timeout cpu.no_avx request.server_errors request.queue_full server.exposed
        log.secrets""",
    "error": """oom.gpu oom.system oom.killed context.full kv.needs_flash_attention load.timeout load.failed runner.terminated
        runner.assertion runner.segfault runner.panic gpu.permission gpu.error model.unknown_architecture model.corrupt model.missing
        model.projector_unsupported server.port_in_use config.invalid server.models_dir""",
}
CONTRACT = {finding: severity for severity, ids in SEVERITIES.items() for finding in ids.split()}
BENIGN = {"load.vocab_only", "tokenizer.eos_not_eog", "tokenizer.control_not_eog"}


def texts_of(entry):
    """(where, zh, en) of every text of a finding, each variant by itself."""
    for name in ("title", "detail", "say"):
        text = getattr(entry, name)
        if text is not None:
            yield from variants_of(name, text)
    for advice in entry.advice:
        for name in ("action", "effect", "check", "undo"):
            yield from variants_of(f"{advice.id}.{name}", getattr(advice, name))


def variants_of(where, text):
    """(where, zh, en) of each variant of a text, or of the text itself."""
    if not isinstance(text.zh, dict):
        yield where, text.zh, text.en
        return
    for variant in sorted({*text.zh, *text.en}):
        yield f"{where}.{variant}", text.zh.get(variant, ""), text.en.get(variant, "")


def placeholders(text):
    """The names in braces."""
    return set(re.findall(r"\{(\w+)(?::[^{}]+)?\}", text)) | optional(text)


def optional(text):
    """The names in labelled parts, which are shown where they are."""
    return {name for field in re.findall(r"\{([^{}:]*=[^{}:]*):", text) for name in re.findall(r"=(\w+)", field)}


def ids_in_code():
    """Every finding id that stands in the code of the checks."""
    found = set()
    for path in CHECKS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Observation", "load_check", "Unknown"):
                args = node.args if node.func.id == "load_check" else node.args[:1]
                found |= {arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
            if isinstance(node, ast.IfExp):
                found |= {arm.value for arm in (node.body, node.orelse) if isinstance(arm, ast.Constant) and arm.value in CONTRACT}
    return found | {finding for check in LOAD_CHECKS for finding in check.ids}


def all_facts():
    """(name, facts) of every case, of every small log, and of each line that knowledge/failures.toml names."""
    for case in CASES["read_cases"]():
        if "bug" not in case:
            yield case["name"], CASES["facts_of"](case)
    for case in LOGS["TABLE"]["log"]:
        yield case["name"], LOGS["facts_of"]("\n".join(LOGS["TABLE"]["text"][name] for name in case["lines"]))
    for statement in dict.fromkeys(name for _, _, name in LOGS["ROWS"]):
        for sample in LOGS["SAMPLES"][statement]:
            yield sample, LOGS["facts_of"](sample)


def observed():
    """(name, observation, facts) of all of them, those that show bugs apart."""
    for name, facts in all_facts():
        for observation in run_checks(facts)[0]:
            yield name, observation, facts


OBSERVED = list(observed())


def test_ids_are_unique():
    """Two entries with one id would hide each other."""
    ids = [entry.id for entry in read_findings(KNOWLEDGE)]
    assert sorted(ids) == sorted(set(ids))


def test_every_finding_that_a_check_can_give_has_texts():
    """No observation without words."""
    assert ids_in_code() <= set(FINDINGS)


@every_finding
def test_severity_is_the_contract_s(entry):
    """And so is what is benign."""
    assert re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", entry.id)
    assert entry.severity == CONTRACT.get(entry.id, entry.severity)
    assert entry.benign == (entry.id in BENIGN) or entry.id not in CONTRACT


def test_the_table_names_each_id_once():
    """The table above is a table."""
    ids = [finding for ids in SEVERITIES.values() for finding in ids.split()]
    assert len(ids) == len(set(ids))


@every_finding
def test_sections_and_terms_exist(entry):
    """A finding has a place in the explanation, and its terms are in the glossary."""
    assert entry.section in SECTIONS
    assert set(entry.terms) <= TERMS
    assert entry.benign <= (entry.section == "benign")


@every_finding
def test_both_languages_say_the_same_values(entry):
    """Each text has the same placeholders in Chinese and English."""
    for where, zh, en in texts_of(entry):
        assert zh
        assert en
        assert placeholders(zh) == placeholders(en), where


@every_finding
def test_formats_are_known(entry):
    """n, mib, gib, s, pct, x, t, list, a word for one and a word for more, labelled parts, and nothing else."""
    for where, zh, en in texts_of(entry):
        for text in (re.sub(r"\{[^{}:]*=\w+:(n|mib|gib|label)\}", "", each) for each in (zh, en)):
            assert text.count("{") == text.count("}") == len(re.findall(r"\{\w+(?::(?:n|mib|gib|s|pct|x|t|list|[^{}|]+\|[^{}|]+))?\}", text)), where


@every_finding
def test_both_languages_format_alike_what_has_a_unit(entry):
    """A size that is a size in one language is no bare number in the other, unless the text writes the unit itself."""
    for where, zh, en in texts_of(entry):
        for name in placeholders(zh):
            kinds = [set(re.findall(rf"\{{{name}:(pct|x|list)\}}", text)) for text in (zh, en)]
            assert kinds[0] == kinds[1], (where, name)


@every_finding
def test_variants_have_a_default(entry):
    """Whatever variant a check names, there is a text: one of that name, or the default."""
    given = {o.variant for _, o, _ in OBSERVED if o.id == entry.id}
    for name in ("title", "detail", "say"):
        text = getattr(entry, name)
        if text is not None and isinstance(text.zh, dict):
            assert "default" in text.zh or given <= set(text.zh), (name, given)


@every_finding
def test_every_variant_is_seen_in_a_case(entry):
    """No text that no case of tests/checks/cases gives: it would be words for nothing, or words untried."""
    given = {o.variant for _, o, _ in OBSERVED if o.id == entry.id}
    if entry.id not in {check_id for check in LOAD_CHECKS for check_id in check.ids} and not given:
        pytest.skip("a check of the whole log without a case here; see tests/checks")
    assert given, "no case gives this finding"
    wanted = set()
    for name in ("title", "detail", "say"):
        text = getattr(entry, name)
        wanted |= set(text.zh) if text is not None and isinstance(text.zh, dict) else set()
    if "default" not in given and wanted:
        wanted.discard("default")
    assert wanted - given <= UNREACHED.get(entry.id, set())


# Variants that no facts lead to.
UNREACHED: dict[str, set[str]] = {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_text_is_filled_by_what_its_check_gives(language):
    """Each placeholder is a value of the observation, for each case, and no brace is left."""
    wording = Wording(load_knowledge(), language)
    for name, observation, facts in OBSERVED:
        finding = wording.finding(observation, facts)
        texts = [finding.title, finding.detail, wording.say(observation) or ""]
        for advice in finding.advice:
            command = re.sub(r"'\{[^']*\}'", "", advice.command)  # a request's JSON has braces of its own
            texts += [advice.action, advice.effect, advice.check, advice.undo, command, advice.value or ""]
        for text in texts:
            assert "{" not in text, (name, observation.id)
            assert "}" not in text, (name, observation.id)
            assert not re.search(r"\bNone\b|\bnan\b|-0\b", text), (name, observation.id, text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_numbers_of_a_detail_are_its_values(language):
    """A program can check each number that a detail shows: it is a value, or part of a fixed text."""
    wording = Wording(load_knowledge(), language)
    for name, observation, facts in OBSERVED:
        finding = wording.finding(observation, facts)
        fixed = " ".join(text for _, zh, en in texts_of(FINDINGS[observation.id]) for text in (zh, en))
        for number in re.findall(r"\d+(?:\.\d+)?", finding.detail):
            assert is_shown(number, observation.values, fixed), (name, observation.id, number)


def is_shown(number, values, fixed):
    """Whether a number is a value as it is, in GiB or in percent, or stands in the text itself or in a value's text."""
    texts = re.sub(r"\{[^}]*\}", "", fixed)
    for value in values.values():
        if isinstance(value, str):
            texts += " " + value
            continue
        for shown in (value, value / 1024, value * 100):
            digits = len(number.partition(".")[2])
            if abs(round(shown, digits) - float(number)) <= 10.0**-digits / 1.9:
                return True
    return number in re.findall(r"\d+(?:\.\d+)?", texts)


ADVICE = [(entry, advice) for entry in FINDINGS.values() for advice in entry.advice]
every_advice = pytest.mark.parametrize(("entry", "advice"), ADVICE, ids=lambda x: x.id)


@every_advice
def test_advice_can_be_followed_checked_and_undone(entry, advice):
    """Command, check, undo and versions are there, in both languages; effect says what it costs and gains."""
    for text in (advice.action, advice.effect, advice.check, advice.undo):
        assert text.zh
        assert text.en
    assert advice.command
    assert re.fullmatch(r"(>=|<=|<|>)[b0-9.]+(,\s*(>=|<=|<|>)[b0-9.]+)*", advice.versions)
    if advice.setting and advice.setting.startswith("OLLAMA_"):
        assert advice.product == "ollama"
        assert advice.setting in advice.command
    if advice.setting and advice.setting.startswith("--"):
        assert advice.product == "llama.cpp"
    if advice.value is not None:
        assert advice.setting


@every_advice
def test_advice_needs_what_its_texts_show(entry, advice):
    """What `needs` does not name, the check gives in every case in which the advice is offered."""
    texts = [pair for name in ("action", "effect", "check", "undo") for pair in variants_of(name, getattr(advice, name))]
    shown = set().union(*(placeholders(text) for _, *pair in texts for text in pair))
    shown |= placeholders(advice.command) | placeholders(advice.value or "")
    shown -= set().union(*(optional(text) for _, *pair in texts for text in pair))
    for name, observation, _ in OBSERVED:
        if observation.id == entry.id and set(advice.needs) <= set(observation.values) and advice.id not in observation.without_advice:
            assert shown <= set(observation.values), name


@every_finding
def test_advice_ids_are_unique(entry):
    """Within a finding."""
    ids = [advice.id for advice in entry.advice]
    assert len(ids) == len(set(ids))


HAN = "一-鿿"


def opened(text):
    """Labelled parts as they are shown: `{权重=a、KV 缓存=b:label}` as 权重、KV 缓存."""
    def shown(field):
        behind = "" if field[2] == "label" else " {n}"
        return re.sub(r"=\w+", behind, field[1])
    return re.sub(r"\{([^{}:]*=\w+):(\w+)\}", shown, text)


def style_faults(text):
    """What a Chinese text of ours does not do."""
    bare = re.sub(r"“[^”]*”", "“”", opened(text))
    if re.search(rf"[{HAN}][A-Za-z0-9{{]|[A-Za-z0-9}}%][{HAN}]", bare):
        yield "no blank between Han and Latin letters or digits"
    if re.search(rf"[{HAN}][,.;:!?()]|[,;:!?()][{HAN}]", bare):
        yield "half-width punctuation beside Han"
    if "！" in text or "!" in bare:
        yield "an exclamation mark"
    if "您" in text:
        yield "您"
    if re.search(r"[，。；：、（）] | [，。；：、（）]", bare):
        yield "a blank beside full-width punctuation"


@every_finding
def test_chinese_style(entry):
    """Blanks between Han and Latin, full-width punctuation, no ！, no 您."""
    for where, zh, _ in texts_of(entry):
        assert re.search(f"[{HAN}]", zh) or where.endswith((".undo", ".check")), where  # which may be a command and nothing else
        # list and size placeholders bring their own text; a format in seconds brings 秒
        assert not list(style_faults(zh)), (where, zh, list(style_faults(zh)))


@every_finding
def test_english_has_no_han(entry):
    """Nor full-width punctuation."""
    for where, _, en in texts_of(entry):
        assert not re.search(f"[{HAN}，。；：、（）！]", en), where
        assert "!" not in en, where


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_language_holds_after_filling(language):
    """Values bring no Chinese into English, and no faults into Chinese."""
    wording = Wording(load_knowledge(), language)
    for name, observation, facts in OBSERVED:
        finding = wording.finding(observation, facts)
        for text in (finding.title, finding.detail, wording.say(observation) or ""):
            if language == "en":
                assert not re.search(f"[{HAN}，。；：、]", text), (name, text)
            else:
                assert not list(style_faults(text)), (name, text, list(style_faults(text)))
