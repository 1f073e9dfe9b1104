"""What the checks of the whole log say of small logs, and of each line that knowledge/failures.toml names."""

import tomllib
from pathlib import Path

import pytest
import re2
from reading import facts_of

from explain_log.checks import Wording, run_checks
from explain_log.checks.failures import rows_of
from explain_log.checks.memory_use import memory_use
from explain_log.checks.server import on_all_interfaces
from explain_log.facts.models import DeviceMemory, Estimate, Event, Facts, ModelLoad, RunDevice, ServerRun
from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.knowledge import load as load_knowledge
from explain_log.knowledge.compile import read_findings, read_statements

KNOWLEDGE = Path(CHECKOUT_FOLDER)
TABLE = tomllib.loads((Path(__file__).parent / "logs" / "server.toml").read_text(encoding="utf-8"))
FAILURES = load_knowledge().table("failures")
SAMPLES = {entry.id: entry.samples for entry in read_statements(KNOWLEDGE)}
ROWS = [(kind, row, name) for kind in ("failure", "event") for row in FAILURES[kind] for name in row.get("statements", []) or [row["statement"]]]
every_row = pytest.mark.parametrize(("kind", "row", "statement"), ROWS, ids=[f"{row['finding']} {name} {place}" for place, (_, row, name) in enumerate(ROWS)])


@pytest.mark.parametrize("case", TABLE["log"], ids=lambda case: case["name"])
def test_log(case):
    """Each finding that is expected with its values; none of the others."""
    facts = facts_of("\n".join(TABLE["text"][name] for name in case["lines"]))
    found = {o.id: o for o in run_checks(facts)[0]}
    assert set(case["expect"]) <= set(found)
    assert not set(case.get("absent", [])) & set(found)
    for finding, values in case["expect"].items():
        assert {name: found[finding].values.get(name) for name in values} == values
        assert found[finding].lines


@every_row
def test_rows_name_what_is_there(kind, row, statement):
    """Statements and findings exist, conditions are linear in time."""
    assert statement in SAMPLES
    assert row["finding"] in {entry.id for entry in read_findings(KNOWLEDGE)}
    for pattern in row.get("where", {}).values():
        re2.compile(pattern)
    assert row.get("scope", "load") in ("load", "next", "request", "server")


@every_row
def test_a_line_of_a_row_gives_its_finding(kind, row, statement):
    """A log of that one line: where the row's condition holds for it, its finding is there."""
    met = False
    for sample in SAMPLES[statement]:
        facts = facts_of(sample)
        for event in facts.events_of(statement):
            if row in list(rows_of(kind, event)):
                met = True
                assert row["finding"] in {o.id for o in run_checks(facts)[0]}, sample
    if not met:
        before = [r for k, r, name in ROWS if k == kind and name == statement]
        assert row.get("where") or before[0] is not row, "a row without a condition, the first of its statement, holds for every sample"


class TestMemoryUse:
    def load(self, total, has=1000.0, *, kv=10.0):
        """A load of so much on a GPU of so much."""
        load = ModelLoad(index=1, outcome="ready", server_run=0, devices=[DeviceMemory("CUDA0", model_mib=1.0, kv_mib=kv, total_mib=total)])
        return Facts(loads=[load], server_runs=[ServerRun(1, 9, devices=[RunDevice(id="GPU-1", library="cuda", total_mib=has)])])

    @pytest.mark.parametrize(("total", "full"), [(950.0, False), (950.01, True), (999.0, True), (1499.0, True), (1501.0, False), (100.0, False)])
    def test_nearly_full(self, total, full):
        """Over 95 % of what the log says the device has; far over it the log speaks of another device."""
        assert ("memory.gpu_nearly_full" in {o.id for o in memory_use(self.load(total))}) is full

    def test_not_known(self):
        """Without the device's size nothing is said."""
        facts = self.load(990.0)
        facts.server_runs[0].devices = []
        assert list(memory_use(facts)) == []

    @pytest.mark.parametrize(("predicted", "variant"), [(1150.0, None), (1150.1, "too_much"), (850.0, None), (849.9, "too_little")])
    def test_estimate(self, predicted, variant):
        """More than 15 % off, either way."""
        load = ModelLoad(index=1, outcome="ready", layers_offloaded=33, layers_total=33,
                         devices=[DeviceMemory("CUDA0", model_mib=900.0, compute_mib=100.0, total_mib=1000.0)],
                         estimate=Estimate(layers_model=33, layers_offload=33, required_partial_mib=predicted))
        found = [o.variant for o in memory_use(Facts(loads=[load])) if o.id == "memory.estimate_off"]
        assert found == ([variant] if variant else [])

    @pytest.mark.parametrize("changes", [{"outcome": "failed"}, {"estimate": None}, {"layers_offloaded": 20}])
    def test_estimate_of_another_thing(self, changes):
        """A prediction is compared with what was loaded as predicted."""
        load = ModelLoad(index=1, outcome="ready", layers_offloaded=33, layers_total=33,
                         devices=[DeviceMemory("CUDA0", model_mib=900.0, compute_mib=100.0, total_mib=1000.0)],
                         estimate=Estimate(layers_model=33, layers_offload=33, required_full_mib=5000.0))
        for name, value in changes.items():
            setattr(load, name, value)
        assert "memory.estimate_off" not in {o.id for o in memory_use(Facts(loads=[load]))}


class TestRepeated:
    def loads(self, *starts, digest="a" * 64, n_ctx=None):
        """Loads of one model at these minutes, each of a minute."""
        facts = Facts(server_runs=[ServerRun(1, 900)])
        for place, minute in enumerate(starts):
            load = ModelLoad(index=place + 1, server_run=0, outcome="ready", first_line=place * 10 + 1, last_line=place * 10 + 5,
                             load_seconds=60.0, first_time=f"2025-08-20T10:{minute:02}:00.000+08:00", last_time=f"2025-08-20T10:{minute + 1:02}:00.000+08:00")
            load.model.digest = digest
            load.context.n_ctx = (n_ctx or [None] * len(starts))[place]
            facts.loads.append(load)
        return facts

    def found(self, facts):
        """The finding, or None."""
        return next((o for o in run_checks(facts)[0] if o.id == "load.repeated"), None)

    def test_three_loads(self):
        """Three within minutes; what they cost."""
        found = self.found(self.loads(0, 3, 6))
        assert found.values["count"] == 3
        assert found.values["seconds"] == 180.0
        assert found.values["shortest_seconds"] == 120.0

    @pytest.mark.parametrize("starts", [(0,), (0, 3), (0, 20, 40)])
    def test_not_repeated(self, starts):
        """Two loads, or three that lie more than ten minutes apart, are none."""
        assert self.found(self.loads(*starts)) is None

    @pytest.mark.parametrize(("minute", "there"), [(11, True), (12, False)])
    def test_within_ten_minutes(self, minute, there):
        """Exactly ten minutes after the last use count, eleven do not."""
        assert (self.found(self.loads(0, minute, 45)) is not None) is there

    def test_another_context_each_time(self):
        """The reason is in the log."""
        found = self.found(self.loads(0, 3, 6, n_ctx=[4096, 8192, 4096]))
        assert (found.variant, found.values["contexts"]) == ("num_ctx", "4096, 8192")

    def test_eviction(self):
        """Another model's turn."""
        facts = self.loads(0, 3, 6)
        facts.events.append(Event("ollama.sched.evicting", 8, "evicting", {}))
        assert self.found(facts).variant == "eviction"

    def test_keep_alive(self):
        """Idle for five minutes and more."""
        assert self.found(self.loads(0, 7, 14)).variant == "keep_alive"

    def test_failed_loads_do_not_count(self):
        """They have a finding of their own."""
        facts = self.loads(0, 3, 6)
        facts.loads[1].outcome = "failed"
        assert self.found(facts) is None

    def test_times_that_are_none(self):
        """A log without times tells nothing."""
        facts = self.loads(0, 3, 6)
        for load in facts.loads:
            load.first_time, load.last_time = None, "no time"
        assert self.found(facts) is None


@pytest.mark.parametrize(("address", "yes"), [
    ("0.0.0.0:11434", True), ("[::]:11434", True), (":11434", True), ("127.0.0.1:11434", False), ("[::1]:11434", False), ("192.168.1.5:11434", False), ("localhost", False),
])
def test_all_interfaces(address, yes):
    """Where everybody who reaches the machine is heard."""
    assert on_all_interfaces(address) is yes


@pytest.mark.parametrize(("ends", "severity", "outcome"), [([], "error", "failed"), (["started_fast"], "warning", "ready")])
def test_memory_that_ran_out_is_an_error_unless_the_load_got_ready(ends, severity, outcome):
    """oom.gpu is a warning when the load got ready all the same, and then no failure is told."""
    facts = facts_of("\n".join(TABLE["text"][name] for name in ["config", "local", "loader", "no_memory", *ends]))
    found = Wording(load_knowledge(), "en").findings(run_checks(facts)[0], facts)
    assert [f.severity for f in found if f.id == "oom.gpu"] == [severity]
    assert [load.outcome for load in facts.loads] == [outcome]
