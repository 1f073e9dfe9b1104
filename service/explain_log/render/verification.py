"""An explanation that was checked, claim by claim: marked, with what the log says instead and where."""

from __future__ import annotations

from explain_log.narration.verifier import Claim
from explain_log.render.grid import Block
from explain_log.render.markdown import plain
from explain_log.render.safe import visible
from explain_log.render.width import wrap
from explain_log.render.words import Words
from explain_log.verification import Verification

_MARKS = {"supported": ("✓", "good"), "contradicted": ("✗", "error"), "unsupported": ("?", "notice")}
_INDENT = "    "
_LINES = 3


def verification_blocks(verification: Verification, words: Words, width: int) -> list[Block]:
    """The claims for a terminal: mark, claim, and below it the correction with its lines."""
    blocks: list[Block] = [[("strong", summary(verification, words))], []]
    for claim in verification.claims:
        mark, style = _MARKS[claim.verdict]
        first, *rest = wrap(visible(claim.text), width - 4) or [""]
        blocks.append([(style, f"{mark} "), ("plain", first)])
        blocks += [[("plain", f"  {line}")] for line in rest]
        told = _told(claim, words)
        if told:
            blocks += [[("faint", f"{_INDENT}{line}")] for line in wrap(told, width - len(_INDENT) - 2)]
    return blocks


def verification_markdown(verification: Verification, words: Words) -> str:
    """The same as a Markdown list."""
    rows = [f"**{plain(summary(verification, words))}**", ""]
    for claim in verification.claims:
        mark, _ = _MARKS[claim.verdict]
        rows.append(f"- {mark} {plain(visible(claim.text))}")
        told = _told(claim, words)
        if told:
            rows.append(f"  - {plain(told)}")
    return "\n".join(rows) + "\n"


def summary(verification: Verification, words: Words) -> str:
    """How many claims hold, how many do not, and of how many the log cannot tell."""
    return words("verify.summary", count=len(verification.claims), **verification.summary)


def _told(claim: Claim, words: Words) -> str:
    """What is wrong with a claim, and the lines that show it; "" where it holds."""
    if claim.verdict == "supported":
        return ""
    lines = [line for line, _ in claim.evidence][:_LINES]
    where = words("verify.lines", lines=", ".join(f"L{line}" for line in lines)) if lines else ""
    what = claim.correction or words("verify.unknown")
    return visible(f"{what} {where}".strip())
