"""Outcomes as a table, a row a model: Markdown for people, JSON for programs."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from evals.measure import Outcome


@dataclass(frozen=True)
class Row:
    """A model's figures over all cases. Shares are from 0 to 1; None where there was nothing to count."""

    model: str
    cases: int
    unusable: int
    statements: int
    pass_share: float | None
    coverage: float | None
    language_purity: float | None
    repaired: int
    from_rules: int
    prompt_tokens: int
    output_tokens: int
    first_statement_seconds: float | None
    seconds: float
    refusals: dict[str, int]


def row_of(model: str, outcomes: list[Outcome]) -> Row:
    """The figures of a model. A case in which nothing could be used counts as no statement and nothing mentioned."""
    said = sum(o.said for o in outcomes)
    must = sum(len(o.case.must) for o in outcomes)
    firsts = [o.first_seconds for o in outcomes if o.first_seconds is not None]
    reasons: dict[str, int] = {}
    for outcome in outcomes:
        for code, count in outcome.reasons.items():
            reasons[code] = reasons.get(code, 0) + count
    return Row(
        model=model,
        cases=len(outcomes),
        unusable=sum(bool(o.failed) for o in outcomes),
        statements=said,
        pass_share=sum(o.passed for o in outcomes) / said if said else None,
        coverage=sum(o.mentioned for o in outcomes) / must if must else None,
        language_purity=1 - sum(o.foreign for o in outcomes) / said if said else None,
        repaired=sum(o.repaired for o in outcomes),
        from_rules=sum(o.from_rules for o in outcomes),
        prompt_tokens=sum(o.prompt_tokens for o in outcomes),
        output_tokens=sum(o.output_tokens for o in outcomes),
        first_statement_seconds=statistics.median(firsts) if firsts else None,
        seconds=sum(o.seconds for o in outcomes),
        refusals=dict(sorted(reasons.items(), key=lambda pair: -pair[1])),
    )


_HEAD = (
    "model", "cases", "unusable", "statements", "passed", "coverage", "language", "repaired", "by the rules",
    "tokens in", "tokens out", "first, s", "all, s", "refused for",
)  # fmt: skip


def markdown(rows: list[Row]) -> str:
    """The table."""
    lines = ["| " + " | ".join(_HEAD) + " |", "|---" * len(_HEAD) + "|"]
    for row in rows:
        refused = ", ".join(f"{code} {count}" for code, count in row.refusals.items()) or "–"
        cells = (
            row.model, row.cases, row.unusable, row.statements, _share(row.pass_share), _share(row.coverage),
            _share(row.language_purity), row.repaired, row.from_rules, row.prompt_tokens, row.output_tokens,
            _seconds(row.first_statement_seconds), _seconds(row.seconds), refused,
        )  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.2f}"
