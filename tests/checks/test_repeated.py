"""One model loaded again and again."""

import pytest

from explain_log.checks.repeated import repeated
from explain_log.facts.models import Context, Event, Facts, Model, ModelLoad, RequestSummary, ServerRun


def loads(*minutes, digest="aa", contexts=None, run=0):
    """Loads of one model that begin at these minutes of the hour and take two seconds."""
    made = []
    for number, minute in enumerate(minutes):
        load = ModelLoad(number + 1, run, first_line=number * 10 + 1, last_line=number * 10 + 5, outcome="ready", load_seconds=2.0)
        load.model = Model(name="Some Model", digest=digest)
        load.context = Context(n_ctx=contexts[number] if contexts else 8192)
        load.first_time, load.last_time = f"2025-06-01T10:{minute:02d}:00+02:00", f"2025-06-01T10:{minute:02d}:02+02:00"
        made.append(load)
    return made


def found(made, events=(), answered=()):
    """The observation, or None."""
    requests = RequestSummary(answered=list(answered))
    facts = Facts(server_runs=[ServerRun(1, 99), ServerRun(100, 199)], loads=made, events=list(events), requests=requests)
    return next(iter(repeated(facts)), None)


@pytest.mark.parametrize(("minutes", "told"), [((0, 5, 9), True), ((0, 5), False), ((0, 25, 50), False), ((0, 25, 30), True)])
def test_three_loads_one_of_them_soon(minutes, told):
    """Within 10 minutes of the last use."""
    assert (found(loads(*minutes)) is not None) == told


def test_use_moves_the_clock():
    """An answer at 10:22 makes the load of 10:25 a quick one."""
    made = loads(0, 25, 50)
    assert found(made, answered=[(8, "2025-06-01T10:22:00")]) is not None
    assert found(made, answered=[(8, "2025-06-01T10:05:00")]) is None


def test_another_model_s_answers_do_not_count():
    """After another load, nobody knows whose answer it was."""
    made = loads(0, 25, 50)
    other = ModelLoad(9, 0, first_line=7, last_line=7, outcome="ready", model=Model(digest="bb"))
    assert found([*made, other], answered=[(8, "2025-06-01T10:22:00")]) is None


def test_different_models_are_not_one():
    """Three models are three loads."""
    made = [load for digest in ("aa", "bb", "cc") for load in loads(0, digest=digest)]
    assert found(made) is None


def test_a_restart_begins_anew():
    """Within one run."""
    assert found([*loads(0, 5), *loads(9, run=1)]) is None


def test_failed_attempts_are_no_loads():
    """They have their own findings."""
    made = loads(0, 5, 9)
    made[1].outcome = "failed"
    assert found(made) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"contexts": [8192, 4096, 8192]}, "num_ctx"), ({"events": [Event("ollama.sched.evicting", 8, "", {})]}, "eviction"), ({}, "default")],
)
def test_the_reason(changes, reason):
    """Where the log tells it."""
    observation = found(loads(0, 2, 4, contexts=changes.get("contexts")), changes.get("events", ()))
    assert observation.variant == reason


def test_idle_time():
    """More than five minutes between uses: the keep-alive ran out."""
    assert found(loads(0, 7, 14)).variant == "keep_alive"


def test_unknown_times_say_nothing():
    """No guess."""
    made = loads(0, 2, 4)
    for load in made:
        load.first_time = None
    assert found(made) is None
