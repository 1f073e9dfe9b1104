"""What a change of settings would cost in the load of the example: 70B over 8 GPUs, 4 slots of 2048."""

import runpy
from pathlib import Path

import pytest

from explain_log.checks import Wording, run_checks
from explain_log.checks.kv_cache import predicted_kv_mib
from explain_log.checks.memory_model import hidden_state_mib, kv_mib, logits_mib, mask_mib, matrix_mib, scores_mib
from explain_log.checks.quant import block_of, output_type_of
from explain_log.checks.versions import Server, build_key, offered
from explain_log.checks.what_if import of_flash_attention, of_kv_type, of_n_ctx
from explain_log.facts.models import ServerRun
from explain_log.knowledge import load as load_knowledge

READER = runpy.run_path(str(Path(__file__).parent / "cases.py"))
MIB = 1024 * 1024


def example(**changes):
    """The facts of the example, of an Ollama of these releases."""
    case = {"base": "eight_gpus", "load": changes}
    facts = READER["facts_of"](case)
    facts.server_runs = [ServerRun(1, 200, version_range=["0.5.2", "0.5.7"], lines={"version_range": [45]})]
    facts.loads[0].server_run = 0
    return facts


def load():
    """The load of the example."""
    return example().loads[0]


class TestMemoryModel:
    def test_kv_cache(self):
        """2 · 8192 · 80 · 8 · 128 · 2 bytes are 2560 MiB, half of it K."""
        assert 2 * 8192 * 80 * 8 * 128 * 2 / MIB == 2560
        assert predicted_kv_mib(load(), 8192) == (1280.0, 1280.0)
        assert kv_mib(8192, 8 * 80, 128, (1, 2)) == 1280.0

    def test_scores(self):
        """64 · 8192 · 512 · 4 bytes are 1024 MiB of the 1216 of a compute buffer."""
        assert scores_mib(64, 8192, 512) == 64 * 8192 * 512 * 4 / MIB == 1024.0

    def test_copies_of_mask_and_hidden_state(self):
        """Four copies of a 16 MiB mask and of a 16 MiB hidden state are 128 MiB."""
        assert mask_mib(8192, 512, 1) == hidden_state_mib(8192, 512, 1) == 16.0
        assert mask_mib(8192, 512, 4) + hidden_state_mib(8192, 512, 4) == 128.0

    def test_mask_and_hidden_state_are_about_different_lengths(self):
        """The mask grows with the context, the hidden state with the model's width."""
        assert mask_mib(32768, 512, 1) == 64.0
        assert hidden_state_mib(4096, 512, 1) == 8.0

    def test_the_parts_make_the_buffer(self):
        """Scores, copies and four 16 MiB activations are the 1216 MiB that the log prints."""
        assert scores_mib(64, 8192, 512) + mask_mib(8192, 512, 4) + hidden_state_mib(8192, 512, 4) + 4 * 16 == 1216

    def test_output_matrix(self):
        """128256 · 8192 elements in q6_K, 210 bytes for 256, are 821.95 MiB."""
        assert matrix_mib(128256, 8192, block_of("q6_k")) == pytest.approx(821.95, abs=0.005)

    def test_embedding_table(self):
        """The same matrix in q4_K is the 563.62 MiB that stay on the CPU."""
        assert matrix_mib(128256, 8192, block_of("q4_K")) == 563.625

    def test_logits(self):
        """128256 · 512 · 4 bytes are 250.5 MiB."""
        assert logits_mib(128256, 512) == 250.5


class TestBlocks:
    @pytest.mark.parametrize(
        ("name", "block"),
        [("f32", (1, 4)), ("f16", (1, 2)), ("bf16", (1, 2)), ("q8_0", (32, 34)), ("q5_1", (32, 24)), ("q5_0", (32, 22)),
         ("q4_1", (32, 20)), ("q4_0", (32, 18)), ("iq4_nl", (32, 18)), ("q4_K", (256, 144)), ("q6_K", (256, 210)),
         ("mxfp4", (32, 17))],
    )
    def test_block(self, name, block):
        """Elements and bytes of a block, as ggml has them."""
        assert block_of(name) == block

    @pytest.mark.parametrize("name", [None, "", "q7_9"])
    def test_unknown_type(self, name):
        """A type that is not known has no block."""
        assert block_of(name) is None

    @pytest.mark.parametrize(
        ("file_type", "output"),
        [("Q4_K - Medium", "q6_k"), ("Q8_0", "q8_0"), ("F16", "f16"), ("all F32", "f32"), ("IQ2_M - 2.7 bpw", None), (None, None)],
    )
    def test_output_type(self, file_type, output):
        """The quantizer's choice for the output matrix."""
        assert output_type_of(file_type) == output


class TestContext:
    def test_one_slot_alone(self):
        """OLLAMA_NUM_PARALLEL=1 leaves 2048 a request and frees 1920 MiB of KV cache and 816 MiB of compute a GPU."""
        effect = of_n_ctx(load(), 2048)
        assert (effect.kv_mib, effect.compute_each_mib, effect.gpus) == (-1920.0, -816.0, 8)
        assert effect.host_mib == -48.0

    def test_one_slot_of_8192_costs_nothing(self):
        """num_ctx 8192 with one slot is n_ctx 8192: today's memory."""
        effect = of_n_ctx(load(), 8192)
        assert (effect.kv_mib, effect.compute_each_mib, effect.host_mib, effect.total_mib) == (0.0, 0.0, 0.0, 0.0)

    def test_four_slots_of_8192(self):
        """n_ctx 32768 takes 7680 MiB more KV cache and 3264 MiB more compute a GPU, 33 GiB in all."""
        effect = of_n_ctx(load(), 32768)
        assert (effect.kv_mib, effect.compute_each_mib) == (7680.0, 3264.0)
        assert effect.total_mib == 33 * 1024

    def test_where_the_3264_come_from(self):
        """Scores go from 1024 to 4096 MiB, the four copies of the mask from 64 to 256."""
        assert scores_mib(64, 32768, 512) - scores_mib(64, 8192, 512) == 4096 - 1024
        assert mask_mib(32768, 512, 4) - mask_mib(8192, 512, 4) == 256 - 64

    @pytest.mark.parametrize("lacking", ["context.n_ctx", "context.n_ubatch", "model.n_head", "model.n_head_kv", "context.flash_attn"])
    def test_a_missing_number_gives_no_effect(self, lacking):
        """Nothing is guessed."""
        facts = READER["facts_of"]({"base": "eight_gpus", "without": [lacking]})
        assert of_n_ctx(facts.loads[0], 2048) is None

    def test_cells_that_are_not_n_ctx_give_no_effect(self):
        """A cache of another length than n_ctx does not follow this formula."""
        assert of_n_ctx(example(kv_cache={"n_cells": 4096}).loads[0], 2048) is None


class TestFlashAttentionAndCacheTypes:
    def test_freed_by_flash_attention(self):
        """Seven GPUs lose 1024 MiB each, the one with the output layer 1024 − 250.5."""
        assert of_flash_attention(load()) == (1024.0, 773.5, 7 * 1024 + 773.5)

    def test_more_logits_than_scores_free_nothing_at_the_output(self):
        """What the logits need is at most all of the scores."""
        each, at_output, in_all = of_flash_attention(example(model={"n_vocab": 1_000_000}).loads[0])
        assert (each, at_output, in_all) == (1024.0, 0.0, 7 * 1024.0)

    @pytest.mark.parametrize("lacking", ["context.n_ctx", "context.n_ubatch", "model.n_head"])
    def test_a_missing_number_gives_none(self, lacking):
        """Nothing is guessed."""
        assert of_flash_attention(READER["facts_of"]({"base": "eight_gpus", "without": [lacking]}).loads[0]) is None

    def test_q8_0_saves_15_of_32(self):
        """f16 has 2 bytes, q8_0 34/32: 2560 becomes 1360 MiB."""
        assert of_kv_type(load(), 34 / 32) == 1200.0

    @pytest.mark.parametrize("cache", [{"k_type": "q8_0"}, {"v_type": "q8_0"}])
    def test_only_an_f16_cache_is_compared(self, cache):
        """Of another type nothing is said."""
        assert of_kv_type(example(kv_cache=cache).loads[0], 34 / 32) is None


class TestVersions:
    @pytest.mark.parametrize(
        ("first", "last", "bound", "yes"),
        [
            ("0.5.2", "0.5.7", ">=0.5.13", False), ("0.5.13", "0.5.13", ">=0.5.13", True), ("0.5.12", "0.5.12", ">=0.5.13", False),
            ("0.5.2", "0.6.0", ">=0.5.13", True), ("0.30.1", "0.30.1", "<0.30", False), ("0.29.9", "0.29.9", "<0.30", True),
            ("0.5.7", "0.5.7", "<=0.5.7", True), ("0.5.8", "0.5.8", "<=0.5.7", False), ("0.5.7", "0.5.7", ">0.5.7", False),
            ("0.5.8", "0.5.8", ">0.5.7", True), ("0.3.9", "0.3.9", ">=0.3.10,<0.30", False), ("0.10.0", "0.10.0", ">=0.3.10,<0.30", True),
            ("0.31.0", "0.31.0", ">=0.3.10,<0.30", False),
        ],
    )
    def test_offered(self, first, last, bound, yes):
        """A setting is offered where at least one possible version knows it; 0.10 comes after 0.3."""
        assert offered("ollama", bound, Server("ollama", build_key(first), build_key(last))) is yes

    def test_another_product(self):
        """A setting of Ollama is none of llama-server's."""
        assert not offered("ollama", ">=0.1.0", Server("llama.cpp"))

    def test_builds(self):
        """llama.cpp's builds are ordered by number."""
        assert build_key("b6050") == (6050,)
        assert offered("llama.cpp", ">=b6000", Server("llama.cpp", build_key("b6050"), build_key("b6050")))
        assert not offered("llama.cpp", ">=b6451", Server("llama.cpp", build_key("b6050"), build_key("b6050")))

    def test_server_of_a_load(self):
        """A load's own run counts, not the last one."""
        facts = example()
        facts.server_runs.append(ServerRun(150, 200, version="0.9.0"))
        assert Server.of(facts, 1) == Server("ollama", (0, 5, 2), (0, 5, 7))
        assert Server.of(facts, None) == Server("ollama", (0, 9, 0), (0, 9, 0))

    def test_server_without_a_version(self):
        """It can be any."""
        facts = example()
        facts.server_runs[0].version_range = None
        assert offered("ollama", ">=99", Server.of(facts, 1))

    def test_no_server(self):
        """A log without a run is a command-line tool's."""
        facts = example()
        facts.server_runs, facts.loads[0].server_run = [], None
        assert Server.of(facts, 1) == Server("llama.cpp")


def settings_offered(facts, language="en"):
    """(setting, value) of all advice."""
    wording = Wording(load_knowledge(), language)
    return {(a.setting, a.value) for finding in wording.findings(run_checks(facts)[0], facts) for a in finding.advice}


class TestAdvice:
    def test_what_the_example_is_offered(self):
        """One long slot, one slot, all slots long, flash attention and then q8_0."""
        assert {("OLLAMA_NUM_PARALLEL", "1"), ("num_ctx", "8192"), ("num_ctx", "4096"), ("OLLAMA_FLASH_ATTENTION", "1"),
                ("OLLAMA_KV_CACHE_TYPE", "q8_0"), ("OLLAMA_KEEP_ALIVE", "-1")} <= settings_offered(example())

    def test_context_length_is_not_offered_before_0_5_13(self):
        """The releases that can have written the example do not know OLLAMA_CONTEXT_LENGTH."""
        assert "OLLAMA_CONTEXT_LENGTH" not in {name for name, _ in settings_offered(example())}

    def test_context_length_is_offered_from_0_5_13_on(self):
        """A later server knows it."""
        facts = example()
        facts.server_runs[0].version = "0.5.13"
        assert "OLLAMA_CONTEXT_LENGTH" in {name for name, _ in settings_offered(facts)}

    def test_a_command_line_tool_gets_its_own_options(self):
        """No environment variable of Ollama is offered to llama.cpp."""
        facts = example()
        facts.server_runs, facts.loads[0].server_run = [], None
        names = {name for name, _ in settings_offered(facts)}
        assert {"--parallel", "--flash-attn"} <= names
        assert not [name for name in names if name.startswith("OLLAMA_")]

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_effects_are_told_with_their_numbers(self, language):
        """One slot frees 1920 and 816 MiB; four slots of 8192 take 7680 and 3264 MiB, 33 GiB."""
        facts = example()
        wording = Wording(load_knowledge(), language)
        (shared,) = [f for f in wording.findings(run_checks(facts)[0], facts) if f.id == "context.shared_by_slots"]
        long, alone, wide = shared.advice
        assert "8192 × 1" in long.effect
        assert all(number in alone.effect for number in ("2048", "1920 MiB", "816 MiB"))
        assert all(number in wide.effect for number in ("32768", "7680 MiB", "3264 MiB", "33 GiB"))

    def test_a_longer_context_is_never_a_shorter_one(self):
        """To a server that gives each request 16384 tokens, 8192 is no remedy for cut prompts."""
        facts = example(context={"n_ctx": 65536, "n_ctx_per_seq": 16384}, kv_cache={"n_cells": 65536, "size_mib": 20480.0})
        facts.server_runs[0].version = "0.6.0"
        assert ("OLLAMA_CONTEXT_LENGTH", "8192") not in settings_offered(facts)

    def test_one_slot_is_not_offered_to_one_slot(self):
        """A load with a single slot cannot be given fewer."""
        facts = READER["facts_of"]({"base": "one_gpu", "load": {"layers_offloaded": 20}, "run": [{"version": "0.6.0"}]})
        assert ("OLLAMA_NUM_PARALLEL", "1") not in settings_offered(facts)

    def test_a_smaller_context_is_smaller(self):
        """A request that has 2048 tokens gains nothing from num_ctx 2048."""
        facts = READER["facts_of"]({"base": "one_gpu", "run": [{"version": "0.6.0"}], "load": {
            "layers_offloaded": 20, "context": {"n_ctx": 2048, "n_ctx_per_seq": 2048}, "kv_cache": {"n_cells": 2048, "size_mib": 256.0}}})
        assert ("num_ctx", "2048") not in settings_offered(facts)

    def test_no_longer_context_than_in_training_is_offered(self):
        """One slot of all 8192 tokens is no advice where the model was trained with 4096."""
        assert ("num_ctx", "8192") in settings_offered(example())
        facts = example(model={"n_ctx_train": 4096})
        assert ("num_ctx", "8192") not in settings_offered(facts)
        wording = Wording(load_knowledge(), "en")
        (shared,) = [f for f in wording.findings(run_checks(facts)[0], facts) if f.id == "context.shared_by_slots"]
        assert not [advice.effect for advice in shared.advice if "8192" in advice.action]

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_the_cpu_alone_is_told_of_no_gpu(self, language):
        """Advice for a load without a GPU speaks of memory, neither of VRAM nor of each GPU."""
        context = {"n_seq_max": 2, "n_ctx_per_seq": 1024, "n_ctx": 2048}
        facts = READER["facts_of"]({"base": "cpu_only", "run": [{"version": "0.6.0"}], "load": {"context": context}})
        wording = Wording(load_knowledge(), language)
        found = [f for f in wording.findings(run_checks(facts)[0], facts) if f.id.startswith("context.")]
        texts = " ".join(advice.action + advice.effect for finding in found for advice in finding.advice)
        assert "KV" in texts
        assert not [word for word in ("GPU", "VRAM", "显存", "每块卡") if word in texts]

    @pytest.mark.parametrize("head_v", [128, 64])
    def test_flash_attention_is_offered_where_the_model_can(self, head_v):
        """Not where K and V heads differ, which versions of that time switch off by themselves."""
        facts = example(model={"n_embd_head_k": 128, "n_embd_head_v": head_v})
        assert (("OLLAMA_FLASH_ATTENTION", "1") in settings_offered(facts)) == (head_v == 128)
