"""The explanation by the rules: what it tells, of which load, and what it says that it cannot know."""

import runpy
from pathlib import Path

import pytest

from explain_log.checks import Wording, run_checks
from explain_log.facts.models import Facts, LoadError, ModelLoad, RequestSummary, RunDevice, ServerRun
from explain_log.facts.selection import leading
from explain_log.knowledge import load as load_knowledge
from explain_log.narration.explanation import SECTIONS
from explain_log.narration.gaps import gaps
from explain_log.narration.rules import MOST_ADVICE, RulesNarrator, _params

READER = runpy.run_path(str(Path(__file__).parents[1] / "checks" / "cases.py"))
LANGUAGES = ["zh", "en"]


def explained(facts, language="en", recognised=100):
    """{section: [text]} of the explanation."""
    observations, unknowns = run_checks(facts)
    narrator = RulesNarrator(load_knowledge(), language, Wording(load_knowledge(), language))
    explanation = narrator.explain(facts, observations, unknowns, recognised)
    return {section.id: [s.text for s in section.statements] for section in explanation.sections}


def of(base, **case):
    """Facts of a base."""
    return READER["facts_of"]({"base": base, **case})


def loads(*kinds):
    """Facts of loads of these purposes and outcomes."""
    return Facts(loads=[ModelLoad(index=n, purpose=p, outcome=o) for n, (p, o) in enumerate(kinds, 1)])


class TestFocus:
    @pytest.mark.parametrize(
        ("kinds", "index"),
        [
            ([("serve", "ready")], 1),
            ([("serve", "ready"), ("serve", "ready")], 2),
            ([("serve", "ready"), ("serve", "failed")], 2),
            ([("serve", "failed"), ("serve", "ready")], 1),
            ([("serve", "ready"), ("vocab_only", "ready")], 1),
            ([("vocab_only", "ready"), ("serve", "unknown")], 2),
            ([("fit_probe", "ready"), ("serve", "ready")], 2),
        ],
    )
    def test_the_latest_failure_else_the_latest_that_serves(self, kinds, index):
        """Of passes and probes nobody wants to hear first."""
        assert leading(loads(*kinds).loads).index == index

    @pytest.mark.parametrize("kinds", [[], [("vocab_only", "ready")]])
    def test_none(self, kinds):
        """A log may have no load."""
        assert leading(loads(*kinds).loads) is None


class TestSummary:
    @pytest.mark.parametrize(("base", "zh", "en"), [
        ("eight_gpus", "8 块 GPU", "over 8 GPUs"), ("one_gpu", "加载到 CUDA0", "loaded on CUDA0"), ("cpu_only", "CPU 上运行", "on the CPU alone"),
    ])
    def test_where_it_is(self, base, zh, en):
        """Several GPUs, one, or none."""
        assert zh in explained(of(base), "zh")["summary"][0]
        assert en in explained(of(base), "en")["summary"][0]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_numbers_that_matter(self, language):
        """Context of a request, slots, VRAM and seconds."""
        text = explained(of("eight_gpus"), language)["summary"][1]
        assert all(number in text for number in ("2048", "4", "51.04 GiB", "231.27"))

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_without_gpus_there_is_no_vram(self, language):
        """The numbers of a CPU load name none."""
        text = explained(of("cpu_only"), language)["summary"][1]
        assert "2048" in text
        assert "VRAM" not in text
        assert "显存" not in text

    def test_the_model_is_named_as_far_as_it_is_known(self):
        """With size and type, by its name alone, or as the model."""
        assert "Example 70B (70.55B, Q4_K - Medium)" in explained(of("eight_gpus"))["summary"][0]
        assert "Example 70B is" in explained(of("eight_gpus", without=["model.params"]))["summary"][0]
        assert explained(of("eight_gpus", without=["model.name"]))["summary"][0].startswith("The model is")

    def test_no_blank_after_a_full_width_bracket(self):
        """Chinese sets none."""
        assert "） " not in explained(of("eight_gpus"), "zh")["summary"][0]

    @pytest.mark.parametrize(("language", "text"), [("zh", "在出结果之前就断了"), ("en", "how its load ended is not in this log")])
    def test_a_load_without_its_end(self, language, text):
        """It is not called a success."""
        assert text in explained(of("one_gpu", load={"outcome": "unknown"}), language)["summary"][0]

    def test_no_blank_between_chinese_words(self):
        """What stands for a name that the log lacks is no foreign word."""
        facts = of("one_gpu", without=["model.name"], load={"outcome": "unknown"})
        assert explained(facts, "zh")["summary"][0].startswith("模型正在加载")

    def test_one_request_at_a_time(self):
        """Is not “up to 1 run at once”."""
        facts = of("one_gpu")
        facts.loads[0].context.n_seq_max = 1
        assert "1 runs at a time" in explained(facts)["summary"][1]
        assert "一次只处理 1 个请求" in explained(facts, "zh")["summary"][1]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_failed_load_says_why(self, language):
        """With the error's own message."""
        facts = of("one_gpu", load={"outcome": "failed"})
        facts.loads[0].error = LoadError("oom.gpu", "cudaMalloc failed: out of memory", 7)
        assert "cudaMalloc failed: out of memory" in explained(facts, language)["summary"][0]

    def test_several_loads_are_counted(self):
        """How many, how many failed, and which one this is about."""
        facts = loads(("serve", "ready"), ("serve", "failed"))
        facts.loads[1].error = LoadError("load.failed", "no such thing", 7)
        assert explained(facts)["summary"][0].startswith("The log has 2 loads (1 failed)")

    def test_an_earlier_failure_is_not_called_the_latest_load(self):
        """A failure and then a success: the explanation is about the failure, which is not the latest load."""
        facts = loads(("serve", "failed"), ("serve", "ready"))
        facts.loads[0].error = LoadError("load.failed", "no such thing", 7)
        text = explained(facts)["summary"][0]
        assert "load 1" not in text or "latest one" not in text

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_nothing_to_tell(self, language):
        """No load, and no known line at all, are two different answers."""
        no_load, nothing = explained(Facts(), language, recognised=5)["summary"], explained(Facts(), language, recognised=0)["summary"]
        assert len(no_load) == len(nothing) == 1
        assert no_load != nothing


class TestSections:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("base", ["eight_gpus", "one_gpu", "cpu_only", "bare"])
    def test_order(self, base, language):
        """Sections stand in the contract's order; none is empty."""
        found = explained(of(base), language)
        assert list(found) == [name for name in SECTIONS if name in found]
        assert all(found.values())

    def test_only_the_load_in_focus_is_told(self):
        """The findings of other loads are in the list of findings, not in the explanation."""
        facts = of("one_gpu")
        other = of("eight_gpus").loads[0]
        other.index, other.outcome = 2, "unknown"
        facts.loads.append(other)
        text = str(explained(facts))
        assert "8 GPUs" in text
        assert "512 MiB are the attention score matrix" not in text

    def test_a_vocab_only_pass_beside_it_is_told(self):
        """Since it looks like a second model; one further away is not."""
        facts = of("one_gpu")
        facts.loads += [ModelLoad(index=2, purpose="vocab_only", outcome="ready"), ModelLoad(index=3, purpose="vocab_only", outcome="ready")]
        assert len(explained(facts)["benign"]) == 1


class TestAdvice:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_by_rank_and_not_too_much(self, language):
        """The most useful first: one long slot, then flash attention, then q8_0."""
        facts = of("eight_gpus", run=[{"version": "0.5.7"}])
        texts = explained(facts, language)["advice"]
        assert len(texts) <= MOST_ADVICE
        assert len(texts) == len(set(texts))
        order = [next(n for n, text in enumerate(texts) if sign in text) for sign in ("8192 × 1", "OLLAMA_FLASH_ATTENTION=1", "OLLAMA_KV_CACHE_TYPE=q8_0")]
        assert order == sorted(order)
        assert order[0] == 0

    def test_not_more_than_there_is(self):
        """A load with nothing to change has no advice."""
        facts = of("one_gpu", load={"context": {"flash_attn": "enabled"}}, run=[{"version": "0.5.7"}])
        assert "advice" not in explained(facts)


class TestUnknown:
    @pytest.mark.parametrize(("product", "how"), [("ollama", "OLLAMA_DEBUG=1"), ("llama.cpp", "-lv 4")])
    def test_a_missing_fact_is_named_with_how_to_see_it(self, product, how):
        """In the words of the product."""
        facts = of("one_gpu", without=["model.n_head_kv"], run=[{"product": product}])
        (text,) = [t for t in explained(facts)["unknown"] if "the number of KV heads" in t]
        assert "Nothing that needs them was checked" in text
        assert how in text

    def test_each_missing_fact_is_told_once(self):
        """Whatever several checks lack is one sentence."""
        texts = explained(of("one_gpu", without=["model.size_mib", "model.n_ctx_train"]), "zh")["unknown"]
        (text,) = [text for text in texts if "模型大小" in text or "训练时的上下文长度" in text]
        assert text.count("模型大小") == text.count("训练时的上下文长度") == 1

    def test_nothing_is_missed_of_a_load_that_did_not_get_ready(self):
        """The failure is what matters."""
        facts = of("one_gpu", without=["model.n_head_kv"], load={"outcome": "unknown"})
        assert not [t for t in explained(facts).get("unknown", []) if "the number of KV heads" in t]


class TestGaps:
    def names(self, facts, load):
        """The gaps of a log."""
        return {entry["when"] for entry in gaps(load_knowledge().table("narration")["gap"], facts, load)}

    def test_of_a_part_of_an_ollama_log(self):
        """Neither memory of the devices, nor settings, nor requests."""
        facts = of("one_gpu", run=[{"version": "0.5.7"}])
        assert {"no_device_memory", "no_config", "no_requests"} <= self.names(facts, facts.loads[0])

    def test_of_a_whole_one(self):
        """None of them."""
        facts = of("one_gpu", run=[{"version": "0.5.7"}])
        run = facts.server_runs[0]
        run.devices, run.config, facts.requests = [RunDevice(id="GPU-1")], {"OLLAMA_DEBUG": "INFO"}, RequestSummary(count=1)
        assert not {"no_device_memory", "no_config", "no_requests", "library_hidden"} & self.names(facts, facts.loads[0])

    def test_of_a_llama_server_that_hides_its_library(self):
        """It got ready and printed no buffer."""
        facts = Facts(server_runs=[ServerRun(1, 2, product="llama.cpp")], loads=[ModelLoad(index=1, outcome="ready")])
        assert "library_hidden" in self.names(facts, facts.loads[0])

    def test_without_a_load(self):
        """Nothing is missed of a load that is not there."""
        assert self.names(Facts(server_runs=[ServerRun(1, 2)]), None) == set()

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_gap_has_its_text(self, language):
        """In both languages."""
        assert all(entry[language] for entry in load_knowledge().table("narration")["gap"])


@pytest.mark.parametrize(
    ("params", "text"),
    [(70.55e9, "70.55B"), (1.03e12, "1.03T"), (494.03e6, "494.03M"), (15.2e3, "15.2K"), (7e9, "7B"), (999.0, "999")],
)
def test_params(params, text):
    """Parameters as people write them."""
    assert _params(params) == text


def test_headings_and_summary_have_both_languages():
    """The same keys in both."""
    table = load_knowledge().table("narration")
    assert set(table["headings"]["zh"]) == set(table["headings"]["en"]) == set(SECTIONS)
    assert set(table["summary"]["zh"]) == set(table["summary"]["en"])
