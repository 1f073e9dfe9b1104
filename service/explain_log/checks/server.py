"""The server itself: who can reach it, how often it started, and what it writes into its log."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.facts.models import Facts, ServerRun

_ANY_HOST = ("0.0.0.0", "[::]", "::", "")  # noqa: S104 - recognised, not bound
_DEBUG_OFF = ("", "0", "false", "info", "warn", "error")
_PROMPT_LINES = (
    "ollama.request.debug_prompt_logged",
    "ollama.server.request_log_enabled",
    "ollama.server.request_logged",
)
_DEBUG_LINES = ("ollama.server.debug_enabled",)


@log_check
def exposed(facts: Facts) -> Iterator[Observation]:
    """The server listens on all interfaces. Neither Ollama nor llama-server (without --api-key) asks who is there.

    Source: server/routes.go, Serve; envconfig.Host; Go prints 0.0.0.0 as [::] where the machine has IPv6.
    """
    open_runs = [run for run in facts.server_runs if run.listen is not None and on_all_interfaces(run.listen)]
    if not open_runs:
        return
    run = open_runs[-1]
    values: dict[str, Value] = {"listen": run.listen or "", "port": (run.listen or "").rpartition(":")[2]}
    lines = [line for other in open_runs for line in other.lines.get("listen", [])]
    operands = {"listen": f"fact:server_runs.{facts.server_runs.index(run) + 1}.listen"}
    variant = "llama" if run.product == "llama.cpp" else "default"
    yield Observation("server.exposed", None, values, lines, operands, variant)


def on_all_interfaces(address: str) -> bool:
    """`0.0.0.0:11434`, `[::]:11434` and `:11434` take connections from everywhere."""
    host, colon, _ = address.rpartition(":")
    return host in _ANY_HOST if colon else address in _ANY_HOST


@log_check
def restarted(facts: Facts) -> Iterator[Observation]:
    """More than one start of a server in the log: what was loaded is gone, and settings may have changed."""
    runs = facts.server_runs
    if len(runs) < 2:
        return
    changed = _changed(runs)
    values: dict[str, Value] = {"starts": len(runs), "restarts": len(runs) - 1}
    if changed:
        values["changed"] = ", ".join(changed[:6])
    lines = [run.first_line for run in runs]
    yield Observation("server.restarted", None, values, lines, variant="changed" if changed else "default")


def _changed(runs: list[ServerRun]) -> list[str]:
    """Names of settings that differ between runs which both print them."""
    known = [run.config for run in runs if run.config]
    names = dict.fromkeys(name for config in known for name in config)
    return [name for name in names if len({config[name] for config in known if name in config}) > 1]


@log_check
def debug_logging(facts: Facts) -> Iterator[Observation]:
    """OLLAMA_DEBUG is on, or prompts stand in the log: who reads the log reads them.

    Source: envconfig.LogLevel (0, 1, 2; the level's name from 0.7.0 on); llm/server.go, Completion.
    """
    runs = [run for run in facts.server_runs if run.config.get("OLLAMA_DEBUG", "").lower() not in _DEBUG_OFF]
    prompts = facts.events_of(*_PROMPT_LINES)
    others = facts.events_of(*_DEBUG_LINES)
    if not runs and not prompts and not others and facts.debug_line is None:
        return
    lines = [line for run in runs for line in run.lines.get("config.OLLAMA_DEBUG", [])]
    values: dict[str, Value] = {"prompt_lines": len(prompts)}
    if runs:
        values["level"] = runs[-1].config["OLLAMA_DEBUG"]
    lines += [event.line for event in (*prompts, *others)]
    if not lines and facts.debug_line is not None:
        lines = [facts.debug_line]
    yield Observation("server.debug_logging", None, values, lines, variant="prompts" if prompts else "default")
