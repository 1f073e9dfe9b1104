"""Every check by its table of cases."""

import runpy
from pathlib import Path

import pytest

from explain_log.checks import run_checks
from explain_log.checks.registry import LOAD_CHECKS

READER = runpy.run_path(str(Path(__file__).parent / "cases.py"))
CASES = READER["read_cases"]()


def marked(case):
    """A case as a parameter; one that shows a bug is expected to fail."""
    marks = [pytest.mark.xfail(strict=True, reason=case["bug"])] if "bug" in case else []
    return pytest.param(case, id=f"{case['of'][0]}: {case['name']}", marks=marks)


every_case = pytest.mark.parametrize("case", [marked(case) for case in CASES])


@every_case
def test_case(case):
    """The check says what the table says, and nothing else."""
    observations, unknowns = run_checks(READER["facts_of"](case))
    found = [observation for observation in observations if observation.id in case["of"]]
    assert [o.id for o in found] == ([case["expect"]] if "expect" in case else [])
    for observation in found:
        wanted = case.get("values", {})
        assert {name: observation.values.get(name) for name in wanted} == pytest.approx(wanted, abs=0.0051)
        assert not set(case.get("absent", [])) & set(observation.values)
        assert observation.variant == case.get("variant", observation.variant)
    missing = [unknown.missing for unknown in unknowns if unknown.id == case["of"][0]]
    assert missing == ([tuple(case["unknown"])] if "unknown" in case else [])


@pytest.mark.parametrize("case", [case for case in CASES if "expect" in case and "bug" not in case], ids=lambda c: c["name"])
def test_every_finding_shows_its_lines(case):
    """What is found stands on lines of the log, and each operand is a fact of this log."""
    facts = READER["facts_of"](case)
    load = facts.loads[0]
    for observation in run_checks(facts)[0]:
        assert observation.lines
        for fact_id in observation.operands.values():
            if fact_id.startswith("fact:loads.1."):
                path = fact_id.removeprefix("fact:loads.1.")
                assert path in load.lines or path in load.derived, (observation.id, fact_id)


def test_names_of_cases_are_unique():
    """A name leads to one case."""
    names = [(case["of"][0], case["name"]) for case in CASES]
    assert sorted(names) == sorted(set(names))


def test_every_check_of_a_load_that_is_worth_telling_has_a_case_where_it_lacks_a_fact():
    """A check that says what it lacks is seen saying so, for each fact it needs."""
    seen = {(case["of"][0], path) for case in CASES for path in case.get("unknown", [])}
    wanted = {(check.ids[0], path) for check in LOAD_CHECKS if check.says_unknown for path in check.needs}
    assert {key for key in wanted if key[0] in {case["of"][0] for case in CASES}} - seen <= {
        ("memory.kv_adds_up", "model.n_embd_head_k"),  # follow from n_embd / n_head
        ("memory.kv_adds_up", "model.n_embd_head_v"),
    }
