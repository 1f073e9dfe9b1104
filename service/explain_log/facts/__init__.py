"""Room 3: assembles server runs, loads and requests from statements. Knows ids and fields, never text."""

from __future__ import annotations

from explain_log.facts.assemble import Assembler
from explain_log.facts.models import Facts

__all__ = ["Assembler", "Facts"]
